import pytest
from playwright.sync_api import expect


@pytest.fixture
def sign_in_heading():
    return lambda page: page.get_by_role("heading", name="Sign in to Session Replay")


def test_the_printed_address_signs_one_browser_in_and_no_second_one(site, open_page, sign_in_heading):
    printed = site.address()
    path = printed.removeprefix(site.base)

    first = open_page(site, path, signed_in=False)
    expect(first.get_by_role("table", name="Sessions")).to_be_visible()
    assert first.url == site.base, "the token does not stay in the address"

    second = open_page(site, path, signed_in=False)
    expect(sign_in_heading(second)).to_be_visible()

    first.goto(printed)  # a reload, a bookmark: whoever is signed in stays so
    expect(first.get_by_role("table", name="Sessions")).to_be_visible()

    assert site.address() != printed, "another browser gets another address"
    second.goto(site.address())
    expect(second.get_by_role("table", name="Sessions")).to_be_visible()


@pytest.mark.parametrize("path", ["", "clients", "replay/88ea517a-365f-4f0d-98d7-b46b635392c6"])
def test_a_browser_without_the_cookie_sees_the_sign_in_page_and_nothing_else(site, open_page, sign_in_heading, path):
    page = open_page(site, path, signed_in=False)
    expect(sign_in_heading(page)).to_be_visible()
    expect(page.get_by_text(f"{site.base}?token=")).to_be_visible()
    assert "Loyalty points" not in page.content()
