"""The HTTP edge: the composition root, access, errors and routes."""
