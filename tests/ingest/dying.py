"""Tasks for worker processes, which import them by name."""

import os
import signal
from pathlib import Path


def die_once(marker):
    """A task during which its worker is killed, the first time."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()
