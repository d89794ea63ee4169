"""The command ``session-replay``: reads arguments, wires the parts together, prints for people.

Imports are made where they are needed: a re-import of unchanged files must not pay for the server.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from session_replay import __version__
from session_replay.errors import ReplayError


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for an error that the message explains, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except ReplayError as error:
        print(f"session-replay: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("session-replay: stopped", file=sys.stderr)
        return 130
    except ModuleNotFoundError as error:
        if not error.name or error.name.split(".")[0] == "session_replay":
            raise
        print(
            f"session-replay: this command needs the server's parts ({error.name} is missing): "
            "pip install 'session-replay[server]'",
            file=sys.stderr,
        )
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="session-replay", description="The audit trail of what AI coding agents did.")
    parser.add_argument("--version", action="version", version=f"session-replay {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="serve the product and follow the local transcripts"))
    _add_import(commands.add_parser("import", help="import transcripts once, then exit"))
    _add_export(commands.add_parser("export", help="write one session to a file or to standard output"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data lies")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8420, metavar="N", help="port to listen on (%(default)s)")
    parser.add_argument("--transcripts", type=Path, metavar="DIR", help="transcripts to follow (~/.claude/projects)")
    parser.set_defaults(run=_serve)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a projects folder, or a folder above some")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data lies; no server may hold it")
    parser.add_argument("--host-from-path", action="store_true", help="take host names from <host>/projects")
    parser.add_argument("--json", action="store_true", help="print a JSON summary and no progress")
    parser.set_defaults(run=_import)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help="its id, or a beginning of it that no other has")
    parser.add_argument(
        "--format", choices=("csv", "jsonl"), required=True, help="rows for a spreadsheet, or the transcript itself"
    )
    parser.add_argument("--output", default="-", metavar="FILE", help="where to write (- is standard output)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where the data lies; a server may hold it")
    parser.set_defaults(run=_export)


def _serve(arguments: argparse.Namespace) -> int:
    from session_replay.cli.serving import serve

    return serve(arguments.host, arguments.port, arguments.data, arguments.transcripts)


def _import(arguments: argparse.Namespace) -> int:
    from session_replay.cli.importing import import_once

    return import_once(arguments.paths, arguments.data, host_from_path=arguments.host_from_path, as_json=arguments.json)


def _export(arguments: argparse.Namespace) -> int:
    from session_replay.cli.exporting import export

    return export(arguments.session, arguments.format, arguments.output, arguments.data)
