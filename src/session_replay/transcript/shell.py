"""A shell command's text → the simple commands in it, as words.

The law: every text gives commands, and each character is looked at a bounded
number of times.  It reads what POSIX shells and bash read (quotes, lists,
pipes, subshells, substitutions, loops, here-documents), expands nothing, and
never decides what would be run: it tells what is *named*.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

SCANNED_CHARS_MAX = 1_000_000
"""Text behind this, nested scripts included, is not split into commands."""
SCRIPTS_MAX = 100
"""Scripts inside scripts (``sh -c '…'``) that are followed."""
_DEPTH_MAX = 1_000

_UNQUOTED = re.compile(
    r"""
      (?P<blank>[ \t\r\f\v]+|\\\n)
    | (?P<newline>\n)
    | (?P<comment>\#)
    | (?P<heredoc>[0-9]*<<(?!<)-?)
    | (?P<redirect>&>>?|[0-9]*(?:<<<|>>|>\||<>|[<>]&|[<>](?!\()))
    | (?P<arithmetic>\$?\(\()
    | (?P<substitution>[<>$]\(|`)
    | (?P<end>;;&?|;&|&&|\|\||\|&|[;|&])
    | (?P<open>\()
    | (?P<close>\))
    | (?P<single>\$?')
    | (?P<double>\$?")
    | (?P<parameter>\$\{[^{}`$]*\})
    | (?P<escape>\\)
    | (?P<plain>[^\s;&|()<>'"`\\$]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(
    r"""
      (?P<double>")
    | (?P<escape>\\)
    | (?P<arithmetic>\$\(\()
    | (?P<substitution>\$\(|`)
    | (?P<plain>[^"\\`$]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ANSI_C = re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_RESERVED_WORDS = frozenset(
    {
        *("if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac"),
        *("time", "coproc", "function", "!", "{", "}", "]]"),
    }
)
"""Words before a command; ``function`` has its name behind it."""
_WORD_LISTS = frozenset(("for", "select", "case"))
_CASE_WORDS = 3

_WRAPPERS: dict[str, tuple[str, int]] = {
    "sudo": ("ugpChrtTDR", 0),
    "doas": ("uC", 0),
    "env": ("uCS", 0),
    "nohup": ("", 0),
    "nice": ("n", 0),
    "ionice": ("cnp", 0),
    "timeout": ("sk", 1),
    "command": ("", 0),
    "builtin": ("", 0),
    "exec": ("a", 0),
    "xargs": ("IinPLdEas", 0),
    "stdbuf": ("ioe", 0),
    "setsid": ("", 0),
    "time": ("fo", 0),
    "watch": ("n", 0),
    "strace": ("eopsuaEPSXbI", 0),
}
"""Programs that run the rest of their words: options that take a value, and operands before the rest."""
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "fish", "ash"))
_SYSTEM_FOLDER = re.compile(r"\A/(?:(?:usr/(?:local/)?)?s?bin|opt/homebrew/bin)/(?=[^/]+$)")
_EXEC_WORDS = frozenset(("-exec", "-execdir", "-ok", "-okdir"))


class Script(Struct, gc=False):
    """What a command's text names.

    Attributes:
        commands: Words of each simple command, the program first; assignments and redirections left out.
        targets: What output is redirected into.
        is_cut: Not all of the text was split.
    """

    commands: list[list[str]] = []
    targets: list[str] = []
    is_cut: bool = False


def script_of(text: str) -> Script:
    """The simple commands of a text, and of the scripts that it hands to shells; never raises."""
    script = Script([], [])
    waiting, left = [text], SCANNED_CHARS_MAX
    for number, one in enumerate(waiting):
        if left <= 0 or number >= SCRIPTS_MAX:
            script.is_cut = True
            break
        script.is_cut = script.is_cut or len(one) > left
        scan = _Scan(one[:left])
        scan.run()
        left -= len(one)
        script.targets += scan.targets
        for words in scan.commands:
            for command in _unwrapped(words):
                script.commands.append(command)
                inner = _inner_script(command)
                if inner:
                    waiting.append(inner)
    return script


def _unwrapped(words: list[str]) -> list[list[str]]:
    """A command, and those that it runs itself: ``sudo env A=1 rm x`` is three."""
    found: list[list[str]] = []
    while words:
        found.append(words)
        program = program_name(words[0])
        if program == "find":
            at = next((place for place, word in enumerate(words) if word in _EXEC_WORDS), None)
            words = words[at + 1 :] if at is not None else []
        elif program in _WRAPPERS:
            words = _rest(words, *_WRAPPERS[program])
        else:
            break
    return found


def _rest(words: list[str], valued: str, operands: int) -> list[str]:
    at = 1
    while at < len(words):
        word = words[at]
        if word.startswith("-") and word != "-":
            at += 2 if len(word) == 2 and word[1] in valued else 1  # noqa: PLR2004 - a dash and a letter
        elif _ASSIGNMENT.match(word):
            at += 1
        elif operands:
            operands -= 1
            at += 1
        else:
            break
    return words[at:]


def _inner_script(words: list[str]) -> str | None:
    """The script that a command is given: ``bash -lc '…'``, ``eval …``."""
    program = program_name(words[0])
    if program == "eval":
        return " ".join(words[1:])
    if program not in _SHELLS:
        return None
    at = next((place for place, word in enumerate(words[1:], 1) if re.fullmatch(r"-[a-z]*c", word)), None)
    return words[at + 1] if at is not None and at + 1 < len(words) else None


def program_name(word: str) -> str:
    """``/usr/bin/git`` is ``git``; a program of another folder keeps its path."""
    return _SYSTEM_FOLDER.sub("", word) if word[:1] == "/" else word


class _Frame(Struct):
    """A command list that is being read: the text itself, or one in parentheses or backquotes."""

    closer: str
    words: list[str] = []
    word: str | None = None
    """The word at the cursor, None between words."""
    in_quotes: bool = False
    in_test: bool = False
    in_pattern: bool = False
    cases: int = 0
    is_list: bool = False
    """Parentheses of an array: its members are no command."""
    expects: str = ""
    """What the next word is, if it is no argument: ``heredoc``, ``target`` or ``input``."""
    heredocs: list[tuple[str, bool]] = []


class _Scan:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._frame = _Frame("", [], heredocs=[])
        self._frames = [self._frame]
        self._has_arithmetic = True
        self._tabs = False
        self.commands: list[list[str]] = []
        self.targets: list[str] = []
        self._read: dict[str, Callable[[str], None]] = {
            "blank": self._blank,
            "newline": self._newline,
            "comment": self._comment,
            "heredoc": self._heredoc,
            "redirect": self._redirect,
            "arithmetic": self._arithmetic,
            "substitution": self._substitution,
            "end": self._end,
            "open": self._open,
            "close": self._close,
            "single": self._single,
            "double": self._double,
            "parameter": self._plain,
            "escape": self._escape,
            "plain": self._plain,
            "other": self._plain,
        }

    def run(self) -> None:
        """Read the whole text."""
        text = self._text
        while self._at < len(text):
            pattern = _QUOTED if self._frame.in_quotes else _UNQUOTED
            sign = pattern.match(text, self._at)
            if sign is None:
                break
            self._at = sign.end()
            self._read[sign.lastgroup or "other"](sign.group())
        while self._frames:
            self._frame = self._frames[-1]
            self._end_command()
            self._frames.pop()

    # Signs

    def _blank(self, _sign: str) -> None:
        self._end_word()

    def _plain(self, sign: str) -> None:
        self._frame.word = (self._frame.word or "") + sign

    def _newline(self, _sign: str) -> None:
        self._end_command()
        for delimiter, has_tabs in self._frame.heredocs:
            self._skip_heredoc(delimiter, has_tabs=has_tabs)
        self._frame.heredocs = []

    def _comment(self, sign: str) -> None:
        if self._frame.word is not None:
            self._plain(sign)
            return
        end = self._text.find("\n", self._at)
        self._at = end if end >= 0 else len(self._text)

    def _heredoc(self, sign: str) -> None:
        self._end_word()
        self._frame.expects = "heredoc"
        self._tabs = sign.endswith("-")

    def _redirect(self, sign: str) -> None:
        self._end_word()
        if not self._frame.in_test:
            self._frame.expects = "input" if "<" in sign else "output" if sign.endswith("&") else "target"

    def _arithmetic(self, sign: str) -> None:
        frame = self._frame
        if sign[0] == "(" and (frame.word is not None or frame.words):
            self._at -= 1
            self._open("(")
            return
        end = self._text.find("))", self._at) if self._has_arithmetic else -1
        if end < 0:
            self._has_arithmetic = False
            self._at -= 1
            if sign[0] == "$":
                self._substitution("$(")
            else:
                self._open("(")
            return
        self._at = end + 2
        if sign[0] == "$":
            self._plain("$((…))")

    def _substitution(self, sign: str) -> None:
        frame = self._frame
        if sign == "`" and frame.closer == "`":
            self._close_frame()
        elif len(self._frames) < _DEPTH_MAX:
            frame.word = frame.word or ""
            self._push(_Frame("`" if sign == "`" else ")", [], heredocs=[]))

    def _end(self, sign: str) -> None:
        if self._frame.in_test:
            self._end_word()
            return
        self._end_command()
        if sign.startswith((";;", ";&")) and self._frame.cases:
            self._frame.in_pattern = True

    def _open(self, _sign: str) -> None:
        frame = self._frame
        if frame.in_test or frame.in_pattern or len(self._frames) >= _DEPTH_MAX:
            return
        if re.compile(r"\s*\)").match(self._text, self._at):  # f() { … }
            self._at = self._text.index(")", self._at) + 1
            frame.word, frame.words = None, []
            return
        is_list = frame.word is not None and frame.word.endswith("=")
        self._push(_Frame(")", [], heredocs=[], is_list=is_list))

    def _close(self, _sign: str) -> None:
        frame = self._frame
        if frame.in_test:
            return
        if frame.in_pattern:
            frame.word, frame.words, frame.in_pattern = None, [], False
        elif frame.closer == ")":
            self._close_frame()
        else:
            self._end_command()

    def _single(self, sign: str) -> None:
        if sign == "'":
            end = self._text.find("'", self._at)
            end = end if end >= 0 else len(self._text)
        else:
            found = _ANSI_C.match(self._text, self._at)
            end = found.end() if found is not None else len(self._text)
        self._plain(self._text[self._at : end])
        self._at = end + 1

    def _double(self, _sign: str) -> None:
        self._frame.word = self._frame.word or ""
        self._frame.in_quotes = not self._frame.in_quotes

    def _escape(self, _sign: str) -> None:
        escaped = self._text[self._at : self._at + 1]
        self._at += 1
        if escaped != "\n":
            self._plain(escaped if not self._frame.in_quotes or escaped in '"\\$`' else f"\\{escaped}")

    # Words and commands

    def _push(self, frame: _Frame) -> None:
        self._frames.append(frame)
        self._frame = frame

    def _close_frame(self) -> None:
        self._end_command()
        self._frames.pop()
        self._frame = self._frames[-1]
        if self._frame.word is not None:
            self._frame.word += "$(…)"

    def _end_word(self) -> None:
        frame = self._frame
        word, frame.word = frame.word, None
        if word is None:
            return
        if frame.expects:
            self._redirected(word)
            return
        frame.words.append(word)
        if word == "[[" and len(frame.words) == 1:
            frame.in_test = True
        elif word == "]]":
            frame.in_test = False
        elif word == "in" and len(frame.words) >= _CASE_WORDS and frame.words[-_CASE_WORDS] == "case":
            frame.cases, frame.in_pattern, frame.words = frame.cases + 1, True, []
        elif word == "esac" and frame.words == ["esac"]:
            frame.cases, frame.in_pattern = max(0, frame.cases - 1), False

    def _redirected(self, word: str) -> None:
        frame = self._frame
        expects, frame.expects = frame.expects, ""
        if expects == "heredoc":
            frame.heredocs.append((word, self._tabs))
        elif expects == "target" or (expects == "output" and not re.fullmatch(r"\d+-?|-", word)):
            self.targets.append(word)

    def _skip_heredoc(self, delimiter: str, *, has_tabs: bool) -> None:
        tabs = r"\t*" if has_tabs else ""
        found = re.compile(rf"^{tabs}{re.escape(delimiter)}$", re.MULTILINE).search(self._text, self._at)
        # Without its end the document is the rest of the text.
        self._at = min(found.end() + 1, len(self._text)) if found is not None else len(self._text)

    def _end_command(self) -> None:
        self._end_word()
        frame = self._frame
        words, frame.words = frame.words, []
        frame.in_test, frame.expects = False, ""
        if frame.in_pattern or frame.is_list:
            return
        at = 0
        while at < len(words) and words[at] in _RESERVED_WORDS:
            at += 2 if words[at] == "function" else 1
        while at < len(words) and _ASSIGNMENT.match(words[at]):
            at += 1
        words = words[at:]
        if words and words[0] and words[0] not in _WORD_LISTS and words[0] not in ("[[", "in"):
            self.commands.append(words)
