"""No cell can be taken for a formula, and nothing of a text is lost."""

import csv
import io
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.formulas import BEGINNINGS, FORMULAS, read_cell
from session_replay.query.spreadsheet import CELL_CHARS_MAX, csv_lines, encodable, fitted, neutral

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
DANGEROUS_TEXT = st.lists(st.sampled_from([*FORMULAS, *BEGINNINGS, "a", "'", '"', ",", ";", "\n"]), max_size=6).map(
    "".join
)


def read(raw):
    return list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("beginning", ["", *BEGINNINGS])
def test_a_formula_becomes_text(text, beginning):
    ((cell,),) = read(csv_lines([[beginning + text]]))
    assert cell == "'" + beginning + text


@pytest.mark.parametrize(
    "text", ["", "plain", "a=b", "1+1", "x@y", " indented", "ls -la", '"quoted"', "…", "é", "a\tb"]
)
def test_other_text_stays_as_it_is(text):
    assert read(csv_lines([[text, 1]])) == [[text, "1"]]


@pytest.mark.parametrize("text", ["\t", "\r", "\n", "\0", "\tx", "\rx", "\nx", "\0x", "'x", "''"])
def test_what_spreadsheets_strip_or_read_as_a_mark_is_behind_an_apostrophe(text):
    assert neutral(text) == "'" + text


def test_every_character_that_folds_to_a_formula_begins_none():
    folding = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.normalize("NFKC", chr(code))[:1] in {"=", "+", "-", "@", "\u2212"}
    ]
    assert len(folding) > 12
    for character in folding:
        assert neutral(f"{character}1") == f"'{character}1"


def test_every_invisible_or_blank_character_is_looked_behind():
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"} and code < 0x11000:
            assert neutral(f"{character}=1").startswith("'"), f"U+{code:04X}"


@given(rows=st.lists(st.tuples(ANY_TEXT | DANGEROUS_TEXT, ANY_TEXT, st.integers(0, 2**53)), max_size=5))
def test_what_is_written_is_read_back(rows):
    back = read(csv_lines(rows))
    assert [[read_cell(first), read_cell(second), number] for first, second, number in back] == [
        [encodable(first), encodable(second), str(number)] for first, second, number in rows
    ]


@given(text=ANY_TEXT | DANGEROUS_TEXT)
def test_no_cell_begins_with_danger(text):
    cell = neutral(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0"))
    assert cell.lstrip(' \t\r\n\0\u200b\ufeff"')[:1] not in {
        "=",
        "+",
        "-",
        "@",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
    } - {""}


@given(text=ANY_TEXT)
def test_lone_surrogates_become_the_replacement_character(text):
    said = encodable(text)
    assert said.encode().decode() == said
    if all(not "\ud800" <= character <= "\udfff" for character in text):
        assert said == text


@pytest.mark.parametrize("character", ["a", "é", "あ", "😀"])
def test_a_cell_holds_no_more_than_a_spreadsheet_takes(character):
    units = len(character.encode("utf-16-le")) // 2
    for count in (1, CELL_CHARS_MAX // units - 1, CELL_CHARS_MAX // units, CELL_CHARS_MAX):
        text = "=" + character * count
        kept = fitted(text)
        assert text.startswith(kept)
        assert len(neutral(kept).encode("utf-16-le")) // 2 <= CELL_CHARS_MAX
        assert kept == text or len(neutral(kept).encode("utf-16-le")) // 2 > CELL_CHARS_MAX - 2


def test_text_is_quoted_and_numbers_are_not():
    assert csv_lines([["a;b", 7, None, 'x"y']]) == b'"a;b",7,"","x""y"\r\n'
