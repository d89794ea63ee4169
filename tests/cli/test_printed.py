import logging
import sys

import pytest

from session_replay.cli.printed import LineFormatter, printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("build-7", "build-7"),
        ("Bücher, 本, 👍🏽, C:\\Users", "Bücher, 本, 👍🏽, C:\\Users"),
        ("srv\x1b[2J\x1b]0;title\x07", r"srv\x1b[2J\x1b]0;title\x07"),
        ("root\nffff  online", r"root\nffff  online"),
        ("a\rb\tc\x9b31m\x7f", r"a\rb\tc\x9b31m\x7f"),
        ("nimda\u202e\u2066\u200b", r"nimda\u202e\u2066\u200b"),
        ("\u2028\ufeff\xad\U000e0041", r"\u2028\ufeff\xad\U000e0041"),
        ("not \udcff UTF-8", r"not \udcff UTF-8"),
    ],
)
def test_nothing_that_others_wrote_steers_the_terminal_or_hides(text, shown):
    assert printed(text) == shown


def test_a_record_of_the_log_is_one_line_before_its_traceback():
    try:
        int("none")
    except ValueError:
        record = logging.LogRecord("x", logging.INFO, "", 0, "a file\n%s", ("\x1b[2J",), sys.exc_info())
    said = LineFormatter("%(levelname)s %(message)s").format(record).splitlines()
    assert said[0] == r"INFO a file\n\x1b[2J"
    assert said[1].startswith("Traceback")
