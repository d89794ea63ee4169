"""A text looked for, without regard to case, in bytes that hold it as JSON.

The law: :meth:`Phrase.may_be_in` never misses. It looks for a run of the phrase that JSON writes as it is, in
bytes that nobody has parsed; :meth:`Phrase.hit` then decides on the parsed texts, so nothing false is told.

Case is folded as Unicode says (``str.casefold``), which finds all that folding to lower case would find.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

EXCERPT_CHARS_MAX = 160
_BEFORE_CHARS = 48
"""Of an excerpt, at most so much stands before the hit."""

_ALWAYS_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]+')
"""Between these JSON writes a text as it is, unless it escapes what it need not (see ``_NEEDLESS``)."""
_ASCII_RUN = re.compile(r"[\x20-\x7e]+")
_ASCII_RUN_CHARS_MIN = 4
"""A shorter run of ASCII stands in too many lines to be worth it, where there are other letters to look for."""

_INTO_ASCII = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)
"""All characters beyond ASCII whose folding holds an ASCII letter."""
_ASCII = bytes(range(128))
_NEEDLESS_ASCII = re.compile(
    rb"\\u(?:00[2-7]|" + b"|".join(f"{ord(one):04x}".encode() for one in _INTO_ASCII) + rb")", re.IGNORECASE
)
"""An escape that stands for a printable ASCII character, or folds into one."""
_NEEDLESS = re.compile(rb"\\u(?!00[01])")
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_BREAKS = str.maketrans("\t\n\v\f\r\x85\u2028\u2029", " " * 8)


class Phrase:
    """One text to look for.

    Args:
        text: Not empty; taken as one phrase.
    """

    def __init__(self, text: str) -> None:
        self._folded = text.casefold()
        runs = [run for run in _ALWAYS_ESCAPED.split(self._folded) if run]
        ascii_run = max((part for run in runs for part in _ASCII_RUN.findall(run)), key=len, default="")
        other_run = max((run for run in runs if not run.isascii()), key=len, default="")
        use_ascii = ascii_run and (not other_run or len(ascii_run) >= _ASCII_RUN_CHARS_MIN)
        self._ascii = ascii_run.encode() if use_ascii else b""
        self._other = "" if use_ascii else other_run
        self._into_ascii = [one.encode() for one in _INTO_ASCII if set(one.casefold()) & set(ascii_run)]

    def may_be_in(self, raw: bytes) -> bool:
        """Whether JSON texts with the phrase can lie in these bytes: whole lines, however they are escaped."""
        if self._ascii:
            return self._ascii in raw.lower() or self._may_be_spelled_otherwise(raw)
        if not self._other:
            return True
        if b"\\u" in raw and _NEEDLESS.search(raw):
            return True
        return not raw.isascii() and self._other in raw.decode("utf-8", "replace").casefold()

    def is_in(self, text: str) -> bool:
        """Whether a text holds the phrase."""
        return self._folded in text.casefold()

    def hit(self, texts: Iterable[str]) -> str | None:
        """An excerpt around the first place of the phrase in the texts, on one line; None where it has none."""
        for text in texts:
            folded = text.casefold()
            at = folded.find(self._folded)
            if at >= 0:
                return self._excerpt(text, folded, at)
        return None

    def _may_be_spelled_otherwise(self, raw: bytes) -> bool:
        if b"/" in self._ascii and b"\\/" in raw:
            return True
        if b"\\u" in raw and _NEEDLESS_ASCII.search(raw):
            return True
        if not self._into_ascii or raw.isascii():
            return False
        others = raw.translate(None, _ASCII)
        return any(one in others for one in self._into_ascii)

    def _excerpt(self, text: str, folded: str, at: int) -> str:
        end = at + len(self._folded)
        if len(folded) != len(text):  # a character that folds into several
            ends = list(accumulate(len(one.casefold()) for one in text))
            at, end = bisect_right(ends, at), bisect_right(ends, end - 1) + 1
        start = max(0, at - max(0, min(_BEFORE_CHARS, EXCERPT_CHARS_MAX - 2 - (end - at))))
        cut = text[start : start + EXCERPT_CHARS_MAX - 2]
        plain = _CONTROL_SEQUENCE.sub("", cut)
        if self.is_in(plain) or not self.is_in(cut):
            cut = plain
        head, tail = "…" if start > 0 else "", "…" if start + EXCERPT_CHARS_MAX - 2 < len(text) else ""
        return f"{head}{cut}{tail}".translate(_BREAKS)
