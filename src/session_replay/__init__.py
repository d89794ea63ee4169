"""Session Replay: the audit trail of what AI coding agents did."""

__version__ = "0.1.0"
