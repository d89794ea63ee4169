"""Cost estimates against sums done by hand from the published price list."""

from __future__ import annotations

import pytest

from session_replay.transcript.prices import Used, cost_usd

MILLION = 1_000_000
EACH = Used(input=MILLION, output=MILLION, cache_creation=2 * MILLION, cache_read=MILLION, cache_1h=MILLION)
"""A million of each that has a price of its own."""


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-opus-4-1-20250805", 15 + 75 + 18.75 + 30 + 1.5),
        ("claude-opus-4-6", 5 + 25 + 6.25 + 10 + 0.5),
        ("claude-opus-5-5", 4 + 20 + 5 + 8 + 0.2),
        ("claude-sonnet-4-6", 3 + 15 + 3.75 + 6 + 0.3),
        ("claude-haiku-4-5-20251001", 1 + 5 + 1.25 + 2 + 0.1),
        ("claude-3-haiku-20240307", 0.25 + 1.25 + 0.3 + 0.5 + 0.03),
        ("us.anthropic.claude-opus-4-6-20260205-v1:0", 36.75 + 10),
        ("claude-opus-4-6[1m]", 36.75 + 10),
    ],
)
def test_each_part_has_its_price(model, usd):
    assert cost_usd(model, "2026-11-03", EACH) == pytest.approx(usd)


def test_a_price_holds_from_its_day_on():
    read = Used(0, 0, 0, MILLION)
    days = ["2026-09-30T00:00:00.000Z", "2026-10-06T23:59:59.999Z", "2026-10-07T00:00:00.000Z", None]
    costs = [cost_usd("claude-sonnet-5-5", day, read) for day in days]
    assert costs == pytest.approx([0.2, 0.2, 0.1, 0.1])


@pytest.mark.parametrize(
    ("model", "limit", "short", "long"),
    [("claude-haiku-5-5", 100_000, (0.1, 0.5), (0.5, 2.5)), ("claude-sonnet-4-5", 200_000, (3, 15), (6, 22.5))],
)
def test_a_long_prompt_makes_all_of_its_request_dearer(model, limit, short, long):
    for tokens, (asked, answered) in [(limit, short), (limit + 1, long)]:
        used = Used(tokens, MILLION, 0, 0)
        assert cost_usd(model, None, used) == pytest.approx(tokens / MILLION * asked + answered)


@pytest.mark.parametrize("model", [None, "", "<synthetic>", "sonnet", "gpt-9", "claude-opus-9", "claude-opus-4-66"])
def test_an_unknown_model_has_no_cost(model):
    assert cost_usd(model, "2026-11-03", EACH) is None


def test_what_has_another_price_than_the_list_has_no_cost():
    assert cost_usd("claude-opus-4-6", None, EACH, tier="batch") is None
    assert cost_usd("claude-opus-4-6", None, EACH, speed="fast") is None
    assert cost_usd("claude-opus-4-6", None, EACH, tier="standard", speed="standard") == pytest.approx(46.75)
