"""What of the stored data is damaged is marked, and takes nothing else from the page."""

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from e2e.serving import SAMPLES, copy_transcripts

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"


@pytest.fixture(scope="module")
def damaged(serve, tmp_path_factory):
    """The samples; of one session the words are damaged, and the first of its bytes."""
    served = serve(copy_transcripts([SAMPLES], tmp_path_factory.mktemp("transcripts") / "projects"))
    served.stop()
    with closing(sqlite3.connect(served.data / "catalogue.sqlite")) as connection, connection:
        (stream,) = connection.execute("SELECT stream_id FROM sessions WHERE id = ?", (LOYALTY,)).fetchone()
        _flip(connection, "sessions", "sealed_text", "stream_id", stream)
        _flip(connection, "chunks", "sealed", "stream_id", stream)
    served.start()
    served.sign_in()
    return served.wait_for_import()


def _flip(connection, table, column, key, number):
    (sealed,) = connection.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (number,)).fetchone()
    tampered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND {column} = ?", (tampered, number, sealed))


def test_a_damaged_session_is_listed_and_marked(damaged, open_page):
    page = open_page(damaged)
    row = page.get_by_role("row").filter(has=page.locator(f"a[href*='{LOYALTY}']"))
    expect(row).to_contain_text("Session without a title")
    mark = row.get_by_text("Damaged", exact=True)
    expect(mark).to_have_attribute("title", re.compile("cannot be opened"))
    expect(page.get_by_text("Damaged", exact=True)).to_have_count(1)
    expect(page.locator("a.session-link")).to_have_count(len(damaged.get("sessions")["items"]))


def test_an_entry_says_which_bytes_cannot_be_opened(damaged, open_page):
    page = open_page(damaged, f"replay/{LOYALTY}?entry=0")
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_text("bytes of the transcript cannot be opened")).to_be_visible()
    expect(page.get_by_role("feed", name="Trace").locator("article").nth(3)).to_be_attached()
    for tab in ("Meta", "Content"):
        page.get_by_role("tab", name=tab).click()
        expect(inspector.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
