"""Times as written, as text and as numbers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.transcript.clock import is_valid, moment, rfc3339

NOON = 1_772_625_600_000


@pytest.mark.parametrize(
    ("written", "at", "milliseconds"),
    [
        ("2026-03-04T12:00:00.000Z", "2026-03-04T12:00:00.000Z", NOON),
        ("2026-03-04T12:00:00Z", "2026-03-04T12:00:00.000Z", NOON),
        ("2026-03-04T13:00:00+01:00", "2026-03-04T12:00:00.000Z", NOON),
        ("2026-03-04T12:00:00", "2026-03-04T12:00:00.000Z", NOON),
        ("2026-03-04T12:00:00.0659999Z", "2026-03-04T12:00:00.065Z", NOON + 65),
        (NOON, "2026-03-04T12:00:00.000Z", NOON),
        (NOON // 1000, "2026-03-04T12:00:00.000Z", NOON),
        (0, "1970-01-01T00:00:00.000Z", 0),
        ("yesterday", None, None),
        ("", None, None),
        (None, None, None),
        (1e300, None, None),
        ("9999-12-31T23:59:59-12:00", None, None),
    ],
)
def test_a_time_is_read_as_it_was_meant(written, at, milliseconds):
    assert moment(written) == (at, milliseconds)


@given(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70))
def test_any_value_is_a_time_or_none(written):
    at, milliseconds = moment(written)

    assert (at is None) == (milliseconds is None)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_written_time_is_read_back(time):
    at, milliseconds = moment(rfc3339(time))

    assert at == rfc3339(time)
    assert milliseconds == (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@pytest.mark.parametrize(("year", "valid"), [(1970, False), (2014, False), (2015, True), (2098, True), (2100, False)])
def test_a_clock_far_off_is_not_valid(year, valid):
    assert is_valid(int(datetime(year, 6, 1, tzinfo=UTC).timestamp() * 1000)) == valid
