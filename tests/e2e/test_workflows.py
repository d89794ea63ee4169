"""Calls that spawned several agents: a workflow whose agents are opened in place, one of which runs a workflow, too."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from e2e.serving import copy_transcripts
from e2e.test_accessibility import violations
from e2e.test_subagents import agent_row, hide, inspector, nested, positions, reach, show
from e2e.workflow import CHECKS, FOUND, NESTED_IN, REVIEWS, SESSION, TALK, write_workflow

MANY = 120


@pytest.fixture(scope="module")
def shop(serve, tmp_path_factory):
    projects = tmp_path_factory.mktemp("workflow") / "projects"
    write_workflow(projects)
    return serve(copy_transcripts([], projects))


@pytest.fixture(scope="module")
def agents(shop):
    """The agents of both workflows, by what they were told."""
    ran = {one["description"]: one for one in shop.get(f"sessions?parent={SESSION}")["items"]}
    assert list(ran) == list(REVIEWS)
    checks = {one["description"]: one for one in shop.get(f"sessions?parent={ran[NESTED_IN]['id']}")["items"]}
    assert list(checks) == list(CHECKS)
    assert len({one["spawned_by_seq"] for one in ran.values()}) == 1
    return ran | checks


@pytest.fixture
def at_call(shop, open_page, agents):
    def open_at(theme: str = "light") -> Page:
        page = open_page(shop, f"replay/{SESSION}?entry={agents[REVIEWS[0]]['spawned_by_seq']}", theme=theme)
        expect(agent_row(page, agents[REVIEWS[-1]]["id"])).to_be_attached()
        return page

    return open_at


def call(page: Page):
    return page.locator("article", has_text="Workflow launched in background").first


def shown_titles(page: Page) -> list[str]:
    return page.locator("article[data-subagent] .sr-agent-title").all_inner_texts()


def test_a_call_says_how_many_agents_it_has_and_which_are_open(at_call, agents):
    page = at_call()
    expect(call(page)).to_contain_text("4 subagents")
    expect(call(page)).to_contain_text("none shown here")
    assert shown_titles(page) == list(REVIEWS)
    for name in REVIEWS:
        expect(agent_row(page, agents[name]["id"])).to_contain_text(
            f"workflow-subagent · {agents[name]['tool_calls']} tool calls"
        )

    show(page, agents[REVIEWS[0]]["id"])
    show(page, agents[REVIEWS[2]]["id"])
    expect(call(page)).to_contain_text("2 shown here")
    first, second, third = (agents[name]["id"] for name in REVIEWS[:3])
    expect(nested(page, first).first).to_contain_text(f"{REVIEWS[0]}: read it and report.")
    expect(nested(page, third).first).to_contain_text(f"{REVIEWS[2]}: read it and report.")
    # Each below its own row, and what is closed stays where it was.
    below = page.locator("article").evaluate_all("rows => rows.map((row) => row.dataset.subagent ?? row.dataset.agent)")
    told = [id_ for at, id_ in enumerate(below) if id_ and (at == 0 or below[at - 1] != id_)]
    assert told[:3] == [first, second, third]
    expect(agent_row(page, first)).to_contain_text(f"{agents[REVIEWS[0]]['entries']} entries in")

    call(page).get_by_role("button", name="Hide all").click()
    expect(call(page)).to_contain_text("none shown here")
    expect(page.locator("article[data-agent]")).to_have_count(0)
    call(page).get_by_role("button", name="Show all").click()
    expect(call(page)).to_contain_text("4 shown here")
    expect(call(page).get_by_role("button", name="Show all")).to_have_count(0)


def test_keys_reach_every_agent_to_any_depth_and_are_told(at_call, agents):
    page = at_call()
    said = page.locator(".visually-hidden[role=status]")
    inner, other = (agents[name]["id"] for name in CHECKS)
    page.keyboard.press("j")
    expect(agent_row(page, agents[REVIEWS[0]]["id"])).to_have_attribute("aria-current", "true")
    expect(said).to_contain_text(f"Subagent 1 of 4, {REVIEWS[0]}, workflow-subagent, 2 tool calls, not shown")
    expect(inspector(page)).to_contain_text("This subagent")
    expect(inspector(page)).to_contain_text(agents[REVIEWS[0]]["agent_id"])
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Subagent shown below")
    expect(nested(page, agents[NESTED_IN]["id"]).first).to_be_attached()

    reach(page, agent_row(page, other))
    page.keyboard.press("Enter")
    expect(nested(page, other).first).to_contain_text(f"{CHECKS[1]} in depth.")
    page.keyboard.press("k")
    expect(agent_row(page, inner)).to_have_attribute("aria-current", "true")
    shown = positions(page)
    assert shown == list(range(shown[0], shown[0] + len(shown)))

    # What lies in a subagent goes with it: its row is selected instead.
    agent_row(page, agents[NESTED_IN]["id"]).scroll_into_view_if_needed()
    hide(page, agents[NESTED_IN]["id"])
    expect(agent_row(page, agents[NESTED_IN]["id"])).to_have_attribute("aria-current", "true")
    expect(page.locator("article[data-agent]")).to_have_count(0)

    # On the call itself Enter is for all of them.
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(call(page)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("4 subagents shown below")
    expect(call(page)).to_contain_text("4 shown here")
    page.keyboard.press("Enter")
    expect(call(page)).to_contain_text("none shown here")


def test_links_lead_to_an_agents_row_and_to_an_entry_inside(at_call, shop, agents):
    page = at_call()
    third, inner = agents[REVIEWS[2]]["id"], agents[CHECKS[1]]["id"]
    agent_row(page, third).click()
    place = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert place == {"agent": third}
    page.reload()
    expect(agent_row(page, third)).to_have_attribute("aria-current", "true")
    expect(agent_row(page, third)).to_be_in_viewport()
    assert nested(page, third).count() == 0

    # A row inside another subagent: that one is opened, itself is not.
    page.goto(f"{shop.base}replay/{SESSION}?agent={inner}")
    expect(agent_row(page, inner)).to_have_attribute("aria-current", "true")
    expect(agent_row(page, inner)).to_be_in_viewport()
    assert nested(page, inner).count() == 0

    page.goto(f"{shop.base}replay/{SESSION}?agent={inner}&entry=0")
    expect(nested(page, inner, 0)).to_have_attribute("aria-current", "true")
    expect(nested(page, inner, 0)).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("article[aria-current=true]")).to_have_count(0)

    # Its own page leads back to the call.
    agent_row(page, inner).get_by_role("link", name=f"Open {CHECKS[1]}").click()
    expect(page.get_by_role("heading", level=1, name=CHECKS[1])).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1, name=NESTED_IN)).to_be_visible()
    expect(page.locator("article[aria-current=true]")).to_contain_text("Workflow launched in background")


def test_view_filter_and_search_apply_to_all_that_are_open(at_call, agents):
    page = at_call()
    page.keyboard.press("Enter")
    expect(call(page)).to_contain_text("4 shown here")
    page.get_by_label("Find in the trace").fill(FOUND)
    expect(page.locator("output")).to_have_text(re.compile("^. of 1$"))
    page.keyboard.press("Enter")
    expect(nested(page, agents[REVIEWS[0]]["id"]).filter(has_text=FOUND)).to_have_attribute("aria-current", "true")
    page.get_by_label("Find in the trace").fill("type:tool ")
    expect(page.locator("article[data-agent] .sr-row-type").first).to_have_text("Tool")
    expect(page.locator("article[data-agent]").filter(has_text="read it and report")).to_have_count(0)
    # What the filter leaves nothing of says so.
    page.get_by_label("Find in the trace").fill("tool:Workflow ")
    expect(agent_row(page, agents[REVIEWS[0]]["id"])).to_contain_text("None of its entries passes the filter")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_role("button", name="Audit").click()
    expect(page.locator("article[data-agent]").filter(has_text="nothing to change")).to_have_count(0)
    expect(page.locator("article[data-subagent]").first).to_be_attached()


def test_a_replay_goes_through_the_agents_in_their_order(at_call, agents):
    page = at_call()
    show(page, agents[REVIEWS[0]]["id"])
    expect(nested(page, agents[REVIEWS[0]]["id"]).first).to_be_attached()
    call(page).click()
    page.keyboard.press("ArrowRight")
    expect(agent_row(page, agents[REVIEWS[0]]["id"])).to_have_attribute("aria-current", "true")
    # The address follows a moving playhead only a few times a second.
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == {"agent": [agents[REVIEWS[0]]["id"]]})
    page.keyboard.press("ArrowRight")
    expect(nested(page, agents[REVIEWS[0]]["id"], 0)).to_have_attribute("aria-current", "true")
    # What comes later has not appeared.
    expect(agent_row(page, agents[REVIEWS[1]]["id"])).to_have_count(0)


def test_a_hundred_agents_are_rows_of_the_one_list(serve, open_page, tmp_path):
    names = tuple(f"Review part {number}" for number in range(MANY))
    write_workflow(tmp_path / "projects", names)
    served = serve(copy_transcripts([], tmp_path / "projects"))
    page = open_page(served, f"replay/{SESSION}?entry={(TALK + 2) * 1024}")
    expect(call(page)).to_contain_text(f"{MANY} subagents")
    expect(page.locator("footer")).to_contain_text(f"in {2 * TALK + 2 + MANY} rows")
    assert page.locator("article").count() < MANY
    call(page).get_by_role("button", name="Show all").click()
    # All are read, a few at a time; the list draws what is on the screen.
    rows = page.locator("article").first
    expect(rows).to_have_attribute("aria-setsize", str(2 * TALK + 2 + MANY + 4 * MANY))
    assert page.locator("article").count() < MANY
    call(page).get_by_role("button", name="Hide all").click()
    expect(rows).to_have_attribute("aria-setsize", str(2 * TALK + 2 + MANY))


def test_what_is_read_stays_where_it_is_when_agents_become_known_above_it(shop, open_page):
    page = open_page(shop, f"replay/{SESSION}")
    waiting = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/api/sessions?parent=*", hold)
    page.goto(f"{shop.base}replay/{SESSION}?entry={(TALK + 15) * 1024}")
    row = page.locator("article[aria-current=true]")
    expect(page.locator("footer")).to_contain_text("Complete")
    # The entry names one of them, and is brought to its place with that one's row above it.
    expect(row).to_have_attribute("aria-setsize", str(2 * TALK + 2 + 1))
    page.wait_for_timeout(500)
    before = row.bounding_box()["y"]
    for route in waiting:
        route.continue_()
    expect(row).to_have_attribute("aria-setsize", str(2 * TALK + 2 + len(REVIEWS)))
    page.wait_for_timeout(300)
    assert abs(row.bounding_box()["y"] - before) < 20


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_opened_agents_break_no_rule_that_axe_knows(at_call, agents, theme):
    page = at_call(theme)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(nested(page, agents[REVIEWS[0]]["id"]).first).to_be_attached()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("group", name="Entry types")).to_be_visible()
    assert violations(page) == []
