"""A text looked for in JSON that nobody has parsed."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from session_replay.query.phrase import _INTO_ASCII, EXCERPT_CHARS_MAX, Phrase

LETTERS = st.sampled_from(
    [
        *"aAkKsSfFiIzZ019 .,/\\\"'<&+-_\n\r\t\b\x00\x1b\x7f",
        *"éÉßẞ\u017f\u212a\ufb01\ufb05İ\u0131ŉǰς\u03c3Σд日本語",
        "\U0001f600",
        "\u2028",
        "\ud800",
    ]
)
TEXTS = st.text(LETTERS, max_size=30)
CASES = (str, str.upper, str.lower, str.swapcase, str.casefold)


def spelled(text, choices):
    """The text as a JSON string, each character in one of the ways that JSON has for it."""
    spelling = []
    for one in text:
        plain = json.dumps(one, ensure_ascii=False)[1:-1]
        escaped = json.dumps(one)[1:-1] if ord(one) > 0x7E else f"\\u{ord(one):04x}"
        ways = [plain, plain, escaped, escaped.upper().replace("\\U", "\\u"), *(["\\/"] if one == "/" else [])]
        if 0xD800 <= ord(one) < 0xE000:
            ways = [escaped]
        spelling.append(ways[next(choices) % len(ways)])
    return '"' + "".join(spelling) + '"'


@given(
    before=TEXTS, middle=TEXTS.filter(bool), after=TEXTS, ways=st.lists(st.integers(0, 9), min_size=1), data=st.data()
)
@example(before="", middle="ss", after="", ways=[0], data=None)
def test_no_spelling_of_a_text_hides_it(before, middle, after, ways, data):
    def endless():
        while True:
            yield from ways

    case = data.draw(st.sampled_from(CASES)) if data else str
    text = f"{before}{middle}{after}"
    line = f'{{"a":{spelled(text, endless())}}}'
    read = json.loads(line)["a"].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    wanted = case(middle.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    phrase = Phrase(wanted)
    if wanted.casefold() in read.casefold():
        assert phrase.may_be_in(line.encode())
        assert phrase.may_be_in(json.dumps({"b": line}).encode())  # JSON in JSON
        assert phrase.hit(["", read]) is not None
    else:
        assert phrase.hit(["", read]) is None


@pytest.mark.parametrize(
    ("wanted", "raw"),
    [
        ("kelvin", "\u212aelvin"),
        ("kelvin", "\\u212Aelvin"),
        ("strasse", "Straße"),
        ("STRASSE", "Stra\\u00DFe"),
        ("first", "ﬁrﬅ"),
        ("a/b", "a\\/b"),
        ("abc", "\\u0041b\\u0063"),
        ('say "no"', 'say \\"no\\"'),
        ("c:\\new", "C:\\\\new"),
        ("ÜBER", "über"),
        ("über", "\\u00DCber"),
        ("\U0001f600", "\\ud83d\\ude00"),
        ('"', '\\"'),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_what_json_may_write_differently_is_found(wanted, raw):
    assert Phrase(wanted).may_be_in(f'{{"a":"{raw}"}}'.encode())
    assert Phrase(wanted).hit([json.loads(f'"{raw}"')]) is not None


@pytest.mark.parametrize("wanted", ["needle", "/no/such/path", "überhaupt", "日本", "ss", "8080"])
def test_bytes_without_it_are_passed_over(wanted):
    raw = json.dumps({"a": "\x1b[31mred\x1b[0m … plain\n\tword", "n": 42}, ensure_ascii=False).encode()
    assert not Phrase(wanted).may_be_in(raw)


def test_the_letters_that_fold_into_ascii_are_all_known():
    every = (chr(code) for code in range(0x80, 0x110000))
    assert "".join(one for one in every if any(part.isascii() for part in one.casefold())) == _INTO_ASCII


def test_whatever_lower_case_finds_is_found():
    """The page looks at previews in lower case: what it marks is a match here, too."""
    assert all(chr(code).lower().casefold() == chr(code).casefold() for code in range(0x110000))


@given(before=TEXTS, after=TEXTS, repeat=st.integers(0, 40))
def test_an_excerpt_is_one_short_line_with_the_phrase(before, after, repeat):
    text = f"{before * repeat}Needle{after * repeat}"
    excerpt = Phrase("nEEDLE").hit([text])
    assert len(excerpt) <= EXCERPT_CHARS_MAX
    assert "needle" in excerpt.casefold()
    assert not set("\n\r\u2028") & set(excerpt)


def test_an_excerpt_says_where_it_is_cut_and_leaves_colours_out():
    assert Phrase("b").hit(["abc"]) == "abc"
    assert Phrase("needle").hit([f"{'x' * 99}\n\x1b[31mNEEDLE\x1b[0m {'y' * 200}"]) == (
        f"…{'x' * 42} NEEDLE {'y' * 99}…"
    )
    assert "İİ needle" in Phrase("NEEDLE").hit(["İ" * 300 + " needle"])
