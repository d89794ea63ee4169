"""Keys and sealing: nothing readable leaves this package (see docs/format.md)."""
