"""The command ``session-replay``: reads arguments, wires the parts together, prints for people.

Imports are made where they are needed: a re-import of unchanged files must not pay for the server.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from session_replay import __version__
from session_replay.cli.printed import printed
from session_replay.errors import InvalidRequest, ReplayError

if TYPE_CHECKING:
    from session_replay.cli.collecting import Options

PORT_MAX = 65_535
DATA_DEFAULT = " (your own data folder, which serve prints)"


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for an error that the message explains, 130 when interrupted."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help()
        return 2
    try:
        return arguments.run(arguments)
    except ReplayError as error:
        print(f"session-replay: {printed(error)}", file=sys.stderr)
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
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, does, add in (
        ("serve", "serve the product and follow the local transcripts", _add_serve),
        ("import", "import transcripts once, then exit", _add_import),
        ("collect", "ship this machine's transcripts to a server, and follow them", _add_collect),
        ("clients", "who may send: add, list, rename, revoke", _add_clients),
        ("export", "write one session to a file or to standard output", _add_export),
    ):
        add(commands.add_parser(name, help=does, description=_sentence(does)))
    return parser


def _sentence(does: str) -> str:
    """What the list of commands says of one, as its own help says it first."""
    return f"{does[0].upper()}{does[1:]}."


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number up to {PORT_MAX}, 0 for any that is free")
    return int(text)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help=f"where the data lies{DATA_DEFAULT}")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8420, metavar="N", help="port to listen on (%(default)s)")
    parser.add_argument("--transcripts", type=Path, metavar="DIR", help="transcripts to follow (~/.claude/projects)")
    parser.set_defaults(run=_serve)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a projects folder, or a folder above some")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help=f"where the data lies{DATA_DEFAULT}; no server may hold it"
    )
    parser.add_argument("--host-from-path", action="store_true", help="take host names from <host>/projects")
    _add_server(parser, "ship to this server instead")
    parser.add_argument("--json", action="store_true", help="print a JSON summary and no progress")
    parser.set_defaults(run=_import)


def _add_server(parser: argparse.ArgumentParser, does: str) -> None:
    parser.add_argument("--server", metavar="URL", help=f"{does}: https://HOST[:PORT]")
    parser.add_argument("--token", metavar="T", help="one-time token of this client, needed the first time")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the collector keeps who it is, and its spool")
    parser.add_argument("--ca-file", metavar="FILE", help="certificates to trust instead of the system's (PEM)")


def _add_collect(parser: argparse.ArgumentParser) -> None:
    _add_server(parser, "where to ship to, needed the first time")
    parser.add_argument("--transcripts", type=Path, metavar="DIR", help="transcripts to follow (~/.claude/projects)")
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave files alone whose path below projects matches, '*' also for '/'; may be repeated",
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--status", action="store_true", help="say how the collector is, then exit: 1 if not all is well"
    )
    other.add_argument("--pause", action="store_true", help="let the collector send nothing until --resume")
    other.add_argument("--resume", action="store_true", help="let it go on")
    parser.add_argument("--json", action="store_true", help="print the status as JSON")
    parser.set_defaults(run=_collect)


def _add_clients(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    add, listing, rename, revoke = (
        verbs.add_parser(name, help=does, description=_sentence(does))
        for name, does in (
            ("add", "make a one-time token for a new client"),
            ("list", "show the clients and their alarms"),
            ("rename", "give a client another name"),
            ("revoke", "refuse a client's collector from now on"),
        )
    )
    add.add_argument("name", metavar="NAME", help="what you call the client")
    add.add_argument("--print-token", action="store_true", help="print the token only, as the last word")
    add.add_argument("--server", metavar="URL", help="this server's address, for the command that is printed")
    add.set_defaults(run=_clients_add)
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_clients_list)
    rename.add_argument("client", metavar="CLIENT", help="its id, name or host")
    rename.add_argument("name", metavar="NAME")
    rename.set_defaults(run=_clients_rename)
    revoke.add_argument("client", metavar="CLIENT", help="its id, name or host")
    revoke.add_argument("--undo", action="store_true", help="let it in again")
    revoke.set_defaults(run=_clients_revoke)
    for verb in (add, listing, rename, revoke):
        _add_data_read(verb)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help="its id, or a beginning of it that no other has")
    parser.add_argument(
        "--format", choices=("csv", "jsonl"), required=True, help="rows for a spreadsheet, or the transcript itself"
    )
    parser.add_argument("--output", default="-", metavar="FILE", help="where to write (- is standard output)")
    _add_data_read(parser)
    parser.set_defaults(run=_export)


def _add_data_read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help=f"where the data lies{DATA_DEFAULT}; a server may hold it"
    )


def _serve(arguments: argparse.Namespace) -> int:
    from session_replay.cli.serving import serve

    return serve(arguments.host, arguments.port, arguments.data, arguments.transcripts)


def _import(arguments: argparse.Namespace) -> int:
    if arguments.server is not None:
        from session_replay.cli.collecting import import_to_server

        if arguments.host_from_path or arguments.data is not None:
            raise InvalidRequest("--server takes this machine's own transcripts: neither --data nor --host-from-path")
        return import_to_server(arguments.paths, _options(arguments), as_json=arguments.json)
    if arguments.token or arguments.state or arguments.ca_file:
        raise InvalidRequest("--token, --state and --ca-file go with --server, which is missing")
    from session_replay.cli.importing import import_once

    return import_once(arguments.paths, arguments.data, host_from_path=arguments.host_from_path, as_json=arguments.json)


def _collect(arguments: argparse.Namespace) -> int:
    from session_replay.cli import collecting

    if arguments.status:
        return collecting.show_status(arguments.state, as_json=arguments.json)
    if arguments.pause or arguments.resume:
        return collecting.set_paused(arguments.state, on=arguments.pause)
    return collecting.collect(_options(arguments))


def _options(arguments: argparse.Namespace) -> Options:
    from session_replay.cli.collecting import Options

    return Options(
        server=arguments.server,
        token=arguments.token,
        transcripts=getattr(arguments, "transcripts", None),
        state=arguments.state,
        excluded=getattr(arguments, "exclude", []),
        ca_file=arguments.ca_file,
    )


def _clients_add(arguments: argparse.Namespace) -> int:
    from session_replay.cli.clients import add

    return add(arguments.name, arguments.data, arguments.server, prints_token=arguments.print_token)


def _clients_list(arguments: argparse.Namespace) -> int:
    from session_replay.cli.clients import show

    return show(arguments.data, as_json=arguments.json)


def _clients_rename(arguments: argparse.Namespace) -> int:
    from session_replay.cli.clients import rename

    return rename(arguments.client, arguments.name, arguments.data)


def _clients_revoke(arguments: argparse.Namespace) -> int:
    from session_replay.cli.clients import revoke

    return revoke(arguments.client, arguments.data, undo=arguments.undo)


def _export(arguments: argparse.Namespace) -> int:
    from session_replay.cli.exporting import export

    return export(arguments.session, arguments.format, arguments.output, arguments.data)
