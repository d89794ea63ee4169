r"""What others wrote, as a terminal shows it: one line, and nothing in it that steers the terminal or hides.

Names of hosts, users and files, and a server's own words may hold anything.  Characters that move the cursor, begin a
row, reorder the text or cannot be seen become escapes (``\x1b``, ``\u202e``).
"""

from __future__ import annotations

import logging
import re

# Unicode 16: C0 and C1 controls, Bidi_Control, Default_Ignorable_Code_Point but for the variation selectors of emoji,
# line and paragraph separators; and halves of characters, which cannot be written.  The page marks the same.
_UNSEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f"
    "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufeff\\uffa0\\ufff0-\\ufffb\\U000e0000-\\U000e0fff]"
)


def printed(text: object) -> str:
    """The text in one line, all of it visible."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(text))


class LineFormatter(logging.Formatter):
    """Formats a record into one line, behind which only a traceback has lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """See ``logging.Formatter``."""
        return printed(super().formatMessage(record))
