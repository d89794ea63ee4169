"""Rows as CSV that is safe to open in a spreadsheet.

The law: a cell of text never begins with what a spreadsheet may take for a formula, and what was put
before it can be told: a cell that begins with an apostrophe had exactly one put there.  What is
neutralised, and why, follows OWASP "CSV Injection" and ASVS 5.0 requirement 1.2.10; cells are
quoted as RFC 4180 says.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

CELL_CHARS_MAX = 32_767
"""The most that a spreadsheet's cell holds (Excel), in UTF-16 code units."""

Cell = str | int | None

# What NFKC makes "=", "+", "-" or "@" of, and the minus sign: an input method or importer may fold them.
_FORMULA = (
    "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207c\u207a\u207b\u208c\u208a\u208b\u2212\u2a75\u2a76\ufb29"
)
# White space, controls, quotes and invisible characters, which an importer may strip first.
_SKIPPED = (
    '\\s\\x00-\\x20\\x7f-\\x9f"\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f'
    "\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb"
    "\\U000e0000-\\U000e0fff"
)
_DANGEROUS = re.compile(f"[\\x00\\t\\r\\n']|[{_SKIPPED}]*[{_FORMULA}]")


class _Written:
    """Hands back what ``csv.writer`` writes."""

    def write(self, text: str) -> str:
        return text


# Text is quoted always: an importer that also splits at semicolons or tabs then leaves a cell whole.
_row = csv.writer(_Written(), quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as UTF-8 lines that end in CR LF; numbers stay numbers, None is an empty cell."""
    # What csv.writer returns is what its file's write() returned, which the type of a file does not say.
    lines = [str(_row([neutral(cell) if isinstance(cell, str) else cell for cell in row])) for row in rows]
    return "".join(lines).encode()


def neutral(text: str) -> str:
    """``text`` with an apostrophe before it where it could be taken for a formula, or begins with an apostrophe."""
    text = encodable(text)
    return "'" + text if _DANGEROUS.match(text) else text


def encodable(text: str) -> str:
    """``text`` with U+FFFD in the place of lone surrogates, which UTF-8 cannot say."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def fitted(text: str) -> str:
    """As much of the beginning of ``text`` as a cell holds beside an apostrophe; characters stay whole."""
    units_max = CELL_CHARS_MAX - 1
    kept = text[:units_max]
    if kept.isascii() or max(kept) < "\U00010000":
        return kept
    return kept.encode("utf-16-le", "surrogatepass")[: 2 * units_max].decode("utf-16-le", "ignore")
