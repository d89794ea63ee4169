"""``python -m session_replay``."""

from session_replay.cli import main

raise SystemExit(main())
