"""Real transcripts through the whole intake, against counts that know nothing of the parser."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ingest.prompts import is_inherited, objects_of, owners_of, prompts_of
from session_replay.collector.discover import Owner, described, discover
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.workers import Workers
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.sessions import Catalogue
from session_replay.store.installation import open_installation
from session_replay.vault.source import KeySource

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
COUNTERS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
OWNER = Owner("laptop", "ada")
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
"""In the middle, west with summer time, east without."""
FORKS_AND_COPIES = 5
UNWRITTEN_PROMPTS = {
    "client-1.0.128/08-compact": 1,  # "/compact", a command
    "client-1.0.128/13-errors": 1,  # the client ended before it wrote the prompt down
    "client-2.0.77/08-compact": 1,  # "/compact"
    "client-2.0.77/12-kill9": 2,  # killed before it was written; a resume that found no session
    "client-2.0.77/13-errors": 2,  # the client ended before
}
"""Given to the client by the script, by scenario, and in no transcript as a prompt."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real transcripts is not beside the checkout")


def transcripts(folder):
    """Every transcript below a folder: main files and subagents, no journals of workflows."""
    found = (path for root in folder.rglob("projects") for path in root.rglob("*.jsonl"))
    return sorted({path for path in found if path.name != "journal.jsonl"})


def lines_of(path):
    return [line for line in path.read_bytes().split(b"\n") if line]


def is_api_message(said):
    message = said.get("message")
    if said.get("type") != "assistant" or not isinstance(message, dict):
        return False
    return message.get("model") != "<synthetic>" and not said.get("isApiErrorMessage")


def api_messages(path):
    return (said["message"] for said in objects_of(path) if is_api_message(said))


def tokens_by_message(paths):
    """The largest of each counter by message id."""
    largest = defaultdict(lambda: [0, 0, 0, 0])
    for path in paths:
        for message in api_messages(path):
            if message.get("id"):
                counters = largest[message["id"]]
                for part, name in enumerate(COUNTERS):
                    counters[part] = max(counters[part], (message.get("usage") or {}).get(name) or 0)
    return largest


def tool_calls(paths):
    contents = (message.get("content") for path in paths for message in api_messages(path))
    blocks = (block for content in contents if isinstance(content, list) for block in content)
    return {block["id"] for block in blocks if isinstance(block, dict) and block.get("type") == "tool_use"}


class Stored:
    """What an import of a folder made, as the API would tell it."""

    def __init__(self, folder, at):
        intake, self.tally = Intake(at, Workers(0), describe=described), Tally()
        files = discover([folder], OWNER).files
        intake.read(intake.store(files, self.tally), self.tally)
        catalogue = Catalogue(at.names, at.session_keys, at.key.organization)
        with at.database.read() as connection:
            self.stats = catalogue.stats(connection)
            self.days = {tz: catalogue.activity(connection, tz=tz).items for tz in ZONES}
            mirror = Mirror(at.names, at.session_keys, from_sessions=0)
            mirror.make(connection)
            mirrored = Catalogue(at.names, at.session_keys, at.key.organization, mirror)
            self.mirrored = (
                mirrored.stats(connection),
                {tz: mirrored.activity(connection, tz=tz).items for tz in ZONES},
                self._pages(mirrored, connection),
            )
            self.mains = self._pages(catalogue, connection)
            self.by_id = {one.id: one for one in self.mains}
            for one in self.mains:
                self._descend(catalogue, connection, one)
            self.trees = {one.id: catalogue.session(connection, one.id, tree=True) for one in self.mains}

    def _pages(self, catalogue, connection):
        items, cursor = [], None
        while not items or cursor:
            page = catalogue.page(connection, limit=100, cursor=cursor)
            items, cursor = items + page.items, page.next_cursor
            if not page.items:
                break
        return items

    def _descend(self, catalogue, connection, session):
        if session.subagents:
            for child in catalogue.page(connection, parent=session.id, limit=500).items:
                self.by_id[child.id] = child
                self._descend(catalogue, connection, child)


def stored(folder, tmp_path):
    with open_installation(tmp_path / "data", KeySource(tmp_path / "keys")) as at:
        return Stored(folder, at)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return stored(CORPUS, tmp_path_factory.mktemp("corpus"))


def test_every_file_is_a_session_and_no_line_is_missing(whole):
    paths = transcripts(CORPUS)
    assert whole.tally.faults == []
    assert len(whole.by_id) == len(paths)
    assert sum(one.lines for one in whole.by_id.values()) == sum(len(lines_of(path)) for path in paths)
    assert all(one.lines_with_entries == one.lines for one in whole.by_id.values())
    assert whole.stats.sessions == sum(not path.name.startswith("agent-") for path in paths)
    assert (whole.stats.pending_bytes, whole.stats.size_bytes) == (0, sum(path.stat().st_size for path in paths))


def test_the_organization_counts_each_message_and_tool_call_once(whole):
    paths = transcripts(CORPUS)
    largest = tokens_by_message(paths).values()
    tokens = msgspec.structs.astuple(whole.stats.tokens)[:4]
    assert tokens == tuple(sum(counters[part] for counters in largest) for part in range(4))
    assert whole.stats.tool_calls == len(tool_calls(paths))


def test_every_session_counts_the_tokens_of_its_own_file(whole):
    """By message id, in every file that repeats no other; names may be equal, so the sums are compared."""
    own = sorted(one.tokens.total for one in whole.by_id.values() if not one.inherited_lines)
    counted = [sum(map(sum, tokens_by_message([path]).values())) for path in transcripts(CORPUS)]
    for total in own:
        counted.remove(total)
    assert len(counted) == sum(one.inherited_lines > 0 for one in whole.by_id.values())


def test_the_organization_counts_each_api_message_once_beside_the_prompts(whole):
    paths = transcripts(CORPUS)
    owners = owners_of(paths)
    prompts = sum(prompts_of(path, owners) for path in paths)
    without_id = sum(not message.get("id") for path in paths for message in api_messages(path))
    assert whole.stats.messages == prompts + len(tokens_by_message(paths)) + without_id


def test_every_session_counts_the_prompts_and_messages_of_its_own_lines(whole):
    """A file is known by its lines and bytes; what a fork repeats is not its own."""
    paths = transcripts(CORPUS)
    owners = owners_of(paths)
    counted = Counter()
    for path in paths:
        said = list(objects_of(path))
        own = [line for line in said if not is_inherited(line, path, owners)]
        answers = [line["message"].get("id") for line in own if is_api_message(line)]
        prompts = prompts_of(path, owners)
        messages = prompts + len({name for name in answers if name}) + answers.count(None)
        counted[len(lines_of(path)), path.stat().st_size, len(said) - len(own), prompts, messages] += 1
    assert counted == Counter(
        (one.lines, one.size_bytes, one.inherited_lines, one.prompts, one.messages) for one in whole.by_id.values()
    )
    assert sum(inherited > 0 for _, _, inherited, _, _ in counted) == FORKS_AND_COPIES


def times_of(path):
    """Every timestamp of a file, in milliseconds; a file without any has its own time."""
    said = (line.get("timestamp") for line in objects_of(path))
    times = [datetime.fromisoformat(text) for text in said if isinstance(text, str)]
    if not times:
        return [path.stat().st_mtime_ns // 1_000_000]
    return [(time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) for time in times]


def milliseconds(written):
    return round(datetime.fromisoformat(written).timestamp() * 1000)


def test_every_session_lasts_from_its_first_to_its_last_line(whole):
    """In every file that repeats no other."""
    counted = [(min(times), max(times) - min(times)) for times in map(times_of, transcripts(CORPUS))]
    for one in whole.by_id.values():
        if not one.inherited_lines:
            counted.remove((milliseconds(one.started_at), one.duration_ms))
    assert len(counted) == sum(one.inherited_lines > 0 for one in whole.by_id.values())
    mains = [one.duration_ms for one in whole.mains if not one.orphan]
    assert whole.stats.average_duration_ms == round(sum(mains) / len(mains))


@pytest.mark.parametrize("tz", ZONES)
def test_a_day_has_the_sessions_that_started_on_it(whole, tz):
    started = Counter(
        datetime.fromisoformat(one.started_at).astimezone(ZoneInfo(tz)).date().isoformat()
        for one in whole.mains
        if not one.orphan
    )
    days = whole.days[tz]
    assert {one.day: one.sessions for one in days if one.sessions} == started
    assert sum(one.messages for one in days) == whole.stats.messages
    assert sum(one.tokens for one in days) == whole.stats.tokens.total


@pytest.mark.parametrize("tz", ZONES)
def test_a_day_has_the_tokens_of_the_trees_that_started_on_it(whole, tz):
    """On every day of whose trees no message is in another file."""
    owners = defaultdict(set)
    for path in transcripts(CORPUS):
        for name in tokens_by_message([path]):
            owners[name].add(path)
    shared = {path for paths in owners.values() if len(paths) > 1 for path in paths}
    of_shared = {sum(map(sum, tokens_by_message([path]).values())) for path in shared}
    expected, left_out = Counter(), set()
    for main in whole.mains:
        day = datetime.fromisoformat(main.started_at).astimezone(ZoneInfo(tz)).date().isoformat()
        tree = [one for one in whole.by_id.values() if one.id == main.id or one.id.startswith(f"{main.id}.")]
        expected[day] += sum(one.tokens.total for one in tree)
        if any(one.inherited_lines or one.tokens.total in of_shared for one in tree):
            left_out.add(day)
    days = {one.day: one.tokens for one in whole.days[tz]}
    compared = expected.keys() - left_out
    assert compared
    assert {day: days.get(day, 0) for day in compared} == {day: expected[day] for day in compared}


def test_the_mirror_says_the_same(whole):
    stats, days, mains = whole.mirrored
    assert (stats, days) == (whole.stats, whole.days)
    assert [one.id for one in mains] == [one.id for one in whole.mains]


@pytest.mark.parametrize("expected", sorted(CORPUS.glob("client-*/*/EXPECTED.json")), ids=lambda path: str(path.parent))
def test_a_scenario_has_the_tool_calls_tokens_and_subagents_that_it_had(expected, tmp_path):
    scenario = expected.parent
    truth = json.loads(expected.read_text())
    found = stored(scenario, tmp_path)
    paths = transcripts(scenario)
    assert sum(tree.tool_calls for tree in found.trees.values()) == sum(truth["tool_calls"].values())
    assert found.stats.tool_calls == sum(truth["tool_calls"].values())
    largest = tokens_by_message(paths)
    for call in ledger(scenario):
        recorded = largest.get(call["message_id"])
        if recorded is None or call["message_id"] in truth["api"]["cut_or_gone"]:
            continue  # helper calls of old clients, compactions and calls that were cut are in no transcript
        answered = [call["usage"].get(part) or 0 for part in COUNTERS]
        assert [*recorded[:1], *recorded[2:]] == [*answered[:1], *answered[2:]]
        assert recorded[1] <= answered[1]  # old clients write a message down before its output has ended
    assert found.stats.tokens.total == sum(map(sum, largest.values()))
    agents = [path for path in paths if path.name.startswith("agent-")]
    assert sum(one.subagents for one in found.mains) == len(agents)
    for agent in (one for one in found.by_id.values() if one.agent_id):
        assert not agent.orphan
        assert agent.parent_id in found.by_id
        assert agent.parent_id in agent.id
        assert agent.agent_id in agent.id
        assert agent.warmup or agent.spawned_by_seq is not None


@pytest.mark.parametrize("expected", sorted(CORPUS.glob("client-*/*/EXPECTED.json")), ids=lambda path: str(path.parent))
def test_a_scenario_has_the_prompts_that_its_script_gave(expected):
    """So is the count from the lines, with which the product's is compared."""
    scenario = expected.parent
    declared = json.loads(expected.read_text())["declared"]
    given = declared.get("user_prompts") or declared["model_prompts"]
    paths = transcripts(scenario)
    owners = owners_of(paths)
    unwritten = UNWRITTEN_PROMPTS.get(f"{scenario.parent.name}/{scenario.name}", 0)
    assert sum(prompts_of(path, owners) for path in paths) == given - unwritten


def ledger(scenario):
    calls = (json.loads(line) for line in (scenario / "truth" / "ledger.jsonl").read_text().splitlines())
    return [call for call in calls if call.get("message_id") and call.get("usage")]
