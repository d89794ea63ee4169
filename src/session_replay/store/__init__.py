"""At rest: the database and what is sealed in it."""
