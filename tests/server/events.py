"""Reads server-sent events as a browser does."""

import json
from typing import NamedTuple


class Event(NamedTuple):
    id: str | None
    name: str
    data: object


def events(lines):
    """Events of an answer's lines; a field that comes after ``data`` is a fault of the server."""
    fields = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            assert name != "id" or "data" not in fields, "id must come before data"
            fields[name] = value
        elif fields:
            yield Event(fields.get("id"), fields.get("event", "message"), json.loads(fields["data"] or "null"))
            fields = {}


def until(found, name):
    """The events up to the first of a name."""
    kept = []
    for event in found:
        kept.append(event)
        if event.name == name:
            return kept
    raise AssertionError(f"the stream ended before {name}")


def entries(found):
    return [entry for event in found if event.name == "message" for entry in event.data]
