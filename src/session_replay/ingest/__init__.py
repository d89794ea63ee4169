"""From bytes received to bytes acknowledged, and from bytes to entries: the only writer of sessions."""
