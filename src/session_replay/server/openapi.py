"""Prints the OpenAPI document: ``python -m session_replay.server.openapi``."""

from __future__ import annotations

import sys

from session_replay.server.app import document

if __name__ == "__main__":
    sys.stdout.buffer.write(document())
