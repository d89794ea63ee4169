"""What the page's address says of the list: its filter, read without the page's own code."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus, urlsplit

from playwright.sync_api import Page

OPERATORS = {
    "is": "=",
    "not": "!=",
    "has": ":",
    "lacks": "!:",
    "starts": "^",
    "starts-not": "!^",
    "gt": ">",
    "ge": ">=",
    "lt": "<",
    "le": "<=",
}


def filter_of(page: Page) -> dict | None:
    """The filter as the API takes it; None where the address has none."""
    parts = dict(part.split("=", 1) for part in urlsplit(page.url).query.split("&") if part)
    if "filter" not in parts:
        return None
    terms = _terms(re.findall(r"[(),]|[^(),]+", parts["filter"]))
    return terms[0] if len(terms) == 1 and "property" not in terms[0] else {"and": terms}


def _terms(left: list[str]) -> list[dict]:
    terms = []
    while left and left[0] != ")":
        word = left.pop(0)
        if word == ",":
            continue
        if word in {"and", "or"}:
            assert left.pop(0) == "("
            terms.append({word: _terms(left)})
            assert left.pop(0) == ")"
        else:
            name, operator, value = word.split(".", 2)
            terms.append({"property": name, "operator": OPERATORS[operator], "value": _value(unquote_plus(value))})
    return terms


def _value(text: str) -> str | int | bool:
    if text.startswith("~"):
        return text[1:]
    return text == "true" if text in {"true", "false"} else int(text) if re.fullmatch(r"-?\d+", text) else text
