"""What runs the collector in the background on each system: that system reads it, and the command is one of ours."""

import configparser
import os
import plistlib
import shlex
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from session_replay.cli import _parser

TASK = {"task": "http://schemas.microsoft.com/windows/2004/02/mit/task"}


@pytest.fixture(scope="session")
def packaging(checkout):
    return checkout / "packaging"


@pytest.fixture(scope="session")
def unit(packaging):
    return packaging / "linux" / "session-replay-collector.service"


@pytest.fixture(scope="session")
def agent(packaging):
    with (packaging / "macos" / "session-replay.collector.plist").open("rb") as file:
        return plistlib.load(file)


@pytest.fixture(scope="session")
def task(packaging):
    return ET.parse(packaging / "windows" / "session-replay-collector.xml").getroot()


def check_command(program, *arguments):
    """It is the collector as pipx installs it, with arguments that it takes."""
    name = program.replace("\\", "/").removesuffix(".exe")
    assert name.endswith("/.local/bin/session-replay")
    parsed = _parser().parse_args(list(arguments))
    assert parsed.run.__name__ == "_collect"
    assert (parsed.server, parsed.token, parsed.status) == (None, None, False)


def text_of(task, path):
    found = task.find("/".join(f"task:{part}" for part in path.split("/")), TASK)
    assert found is not None, path
    return found.text


def test_systemd_reads_every_line_of_the_unit(unit, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    program = tmp_path / ".local" / "bin" / "session-replay"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": os.environ["PATH"]}

    def verified(path):
        return subprocess.run(
            ["systemd-analyze", "--user", "--man=no", "verify", path],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    ran = verified(unit)
    assert (ran.returncode, ran.stderr) == (0, "")
    misspelt = tmp_path / "misspelt.service"
    misspelt.write_text(unit.read_text().replace("CPUWeight", "CPUWeigt"))
    assert "CPUWeigt" in verified(misspelt).stderr, "systemd-analyze finds no fault at all"


def test_the_unit_runs_the_collector_for_ever_and_behind_everything_else(unit):
    parser = configparser.ConfigParser(interpolation=None, strict=False)  # systemd adds up what is said twice
    parser.optionxform = str
    parser.read_string(unit.read_text())
    service = parser["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.startswith("%h/")
    check_command(program, *arguments)
    assert (service["Restart"], parser["Unit"]["StartLimitIntervalSec"]) == ("always", "0")
    assert int(service["CPUWeight"]) < 100
    assert int(service["IOWeight"]) < 100
    assert service["NoNewPrivileges"] == "yes"
    assert parser["Install"]["WantedBy"] == "default.target"


def test_launchd_runs_the_collector_for_ever_and_behind_everything_else(agent):
    shell, dash_c, line = agent["ProgramArguments"]
    assert (shell, dash_c) == ("/bin/sh", "-c")
    word, program, *arguments = shlex.split(line)
    assert (word, program.split("/")[0]) == ("exec", "$HOME")
    check_command(program, *arguments)
    assert agent["KeepAlive"] is True
    assert agent["RunAtLoad"] is True
    assert agent["LowPriorityIO"] is True
    assert agent["Umask"] == 0o077


def test_the_shell_line_of_launchd_starts_the_program_in_the_home_folder(agent, tmp_path):
    program = tmp_path / ".local" / "bin" / "session-replay"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "ran $*"\n')
    program.chmod(0o755)
    ran = subprocess.run(
        agent["ProgramArguments"], env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "ran collect\n"


def test_the_task_runs_the_collector_for_ever_and_behind_everything_else(task):
    assert text_of(task, "Actions/Exec/Command").endswith(r"\conhost.exe")
    headless, program, *arguments = [
        part.strip('"') for part in shlex.split(text_of(task, "Actions/Exec/Arguments"), posix=False)
    ]
    assert (headless, program.split("\\")[0]) == ("--headless", "%USERPROFILE%")
    check_command(program, *arguments)
    assert text_of(task, "Settings/ExecutionTimeLimit") == "PT0S"
    assert text_of(task, "Settings/RestartOnFailure/Interval") == "PT1M"
    assert int(text_of(task, "Settings/RestartOnFailure/Count")) <= 255, "the schema has an unsigned byte there"
    assert int(text_of(task, "Settings/Priority")) > 7, "7 is what a task has by default"
    assert text_of(task, "Principals/Principal/RunLevel") == "LeastPrivilege"


def test_the_task_is_of_one_user_whom_its_page_fills_in(task, packaging):
    users = {text_of(task, "Triggers/LogonTrigger/UserId"), text_of(task, "Principals/Principal/UserId")}
    (user,) = users
    assert f".Replace('{user}', " in (packaging / "windows" / "README.md").read_text()


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("linux", "session-replay-collector.service"),
        ("macos", "session-replay.collector.plist"),
        ("windows", "session-replay-collector.xml"),
    ],
)
def test_each_has_a_page_that_installs_that_file(packaging, folder, file):
    page = (packaging / folder / "README.md").read_text()
    assert (packaging / folder / file).is_file()
    assert file in page
    command = next(line for line in page.splitlines() if line.startswith("session-replay collect --server"))
    _parser().parse_args(shlex.split(command)[1:])
