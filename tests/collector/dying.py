"""``session-replay``, killed before a chosen step of its spool: ``dying.py MARKER EVENT SUFFIX NTH WORDS…``.

The interpreter tells of each call to the file system before it makes it (PEP 578), so nothing of the product is
changed but how soon it looks again and links a file.  Once killed, the marker is there: started again it lives.
"""

import os
import signal
import sys
from pathlib import Path

from session_replay.cli import main
from session_replay.collector import files, follow

SPOOLED_AFTER_SECONDS = 0.5
FULL_LOOK_SECONDS = 1.0


def die_at(marker, event, suffix, nth):
    left = nth

    def watch(name, arguments):
        nonlocal left
        if name != event or not any(is_in_spool(one, suffix) for one in arguments):
            return
        left -= 1
        if not left:
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def is_in_spool(argument, suffix):
    return (
        isinstance(argument, str | Path) and Path(argument).suffix == suffix and Path(argument).parent.name == "spool"
    )


if __name__ == "__main__":
    marker, event, suffix, nth, *words = sys.argv[1:]
    files.SPOOLED_AFTER_SECONDS = SPOOLED_AFTER_SECONDS
    follow.FULL_LOOK_SECONDS = FULL_LOOK_SECONDS
    if not Path(marker).exists():
        die_at(Path(marker), event, suffix, int(nth))
    sys.exit(main(words))
