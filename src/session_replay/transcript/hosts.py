"""Text → the hosts that it names.

The law: every URL in a text is found; hosts without a scheme are told only
where the program that gets them leaves no doubt.  A host that is named was
perhaps never reached, and one behind a script or a variable is not named.
Hosts are lower case and ASCII (``xn--…``), ports are kept as written,
passwords are never part of one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from itertools import pairwise
from unicodedata import category

from session_replay.transcript.shell import program_name

HOST_CHARS_MAX = 255
_SCHEME_CHARS = 32
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*$")
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\](?::\d+)?|[^\s/?#\"'`<>|;&()\\,^!\[\]])+")
_NO_HOST_SCHEMES = frozenset(("file", "about", "data", "chrome", "vscode", "unix", "npipe", "app", "res", "classpath"))
_BUCKET_SCHEMES = frozenset(("s3", "s3a", "gs", "az", "abfs", "abfss", "wasb", "wasbs", "oss", "b2", "r2"))
"""Storage whose URLs name a bucket: it is told with its scheme."""
_ASCII_HOST = re.compile(r"(?:[a-z0-9_*.-]|\$\w+|\$\{\w+\})+(?::[\w${}]+)?", re.IGNORECASE | re.ASCII)
_DEVICE = re.compile(r"/dev/(?:tcp|udp)/([^/\s'\"`<>|;&()]{1,255})/([^/\s'\"`<>|;&()]{1,32})")
_REMOTE_PATH = re.compile(r"(?:[\w.+-]+@)(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\S*", re.ASCII)
_PLAIN_REMOTE = re.compile(r"(?:[\w.+-]+@)?(\[[0-9A-Fa-f:.]+\]|[\w.-]{2,}):\S*", re.ASCII)
_PLAIN_HOST = re.compile(r"(?:[^@/\s]{1,255}@)?(localhost|[\w-]+(?:\.[\w-]+)*\.[A-Za-z0-9-]{1,63})(:\d+)?(?:[/?#]\S*)?")

_REMOTE_PROGRAMS = frozenset(("scp", "rsync"))
_FETCH_PROGRAMS = {
    "curl": "AbcCdDeEFhHKmoPQrtTuUwxXyYz",
    "wget": "aAoOPQUtTwDIX",
    "http": "apos",
    "https": "apos",
    "xh": "apos",
}
"""Programs whose operands are URLs even without a scheme: their options of one letter that take a value."""
_FLAGS = frozenset(
    {
        *("--silent", "--show-error", "--fail", "--fail-with-body", "--location", "--insecure"),
        *("--compressed", "--head", "--include", "--verbose", "--get", "--quiet", "--no-verbose"),
        *("--no-check-certificate", "--spider", "--mirror", "--recursive", "--remote-name"),
        *("--remote-name-all", "--http1.1", "--http2", "--ipv4", "--ipv6", "--no-buffer"),
        *("--globoff", "--continue", "--timestamping", "--parallel", "--basic"),
        *("--remote-header-name", "--tlsv1.2", "--tlsv1.3", "--anyauth", "--location-trusted"),
        *("--json", "--form", "--check-status"),
    }
)
_FIRST_OPERAND = {
    "ssh": "BbcDEeFIiJLlmOopQRSWw",
    "sftp": "BbcDFiJloPRSsX",
    "mosh": "",
    "ssh-copy-id": "iop",
    "ssh-keyscan": "fpTt",
    "ftp": "",
}
"""Programs whose first operand is a host, whatever it looks like."""
_HOST_OPERAND = frozenset(
    {
        *("telnet", "ping", "ping6", "nslookup", "host", "dig", "traceroute", "tracepath", "mtr"),
        *("whois", "nc", "ncat", "netcat", "nmap"),
    }
)
"""Programs that are given a host somewhere: what looks like one is one."""
_HOST_OPTION = frozenset(
    {
        *("psql", "pg_dump", "pg_restore", "pg_isready", "createdb", "dropdb", "mysql"),
        *("mysqldump", "mysqladmin", "mariadb", "redis-cli", "mongosh", "mongo"),
    }
)
"""Programs with ``-h HOST`` or ``--host HOST``."""
_CONNECT_OPTION = frozenset(("openssl",))


def url_hosts(text: str) -> list[str]:
    """The hosts of all URLs in ``text``, and of bash's network devices, in their order."""
    found: list[str] = []
    at = text.find("://")
    while at >= 0:
        scheme = _SCHEME.search(text[max(0, at - _SCHEME_CHARS) : at])
        authority = _AUTHORITY.match(text, at + 3, at + 3 + 4 * HOST_CHARS_MAX)
        if scheme is not None and authority is not None:
            host = _of_url(scheme.group().lower(), authority.group())
            if host is not None:
                found.append(host)
        at = text.find("://", at + 3)
    if "/dev/" in text:
        for device in _DEVICE.finditer(text):
            host = host_of(f"{device.group(1)}:{device.group(2)}")
            if host is not None:
                found.append(host)
    return found


def _of_url(scheme: str, authority: str) -> str | None:
    if scheme in _NO_HOST_SCHEMES:
        return None
    host = host_of(authority)
    return f"{scheme}://{host}" if host is not None and scheme in _BUCKET_SCHEMES else host


def host_of(authority: str) -> str | None:
    """``User:secret@Example.COM:8443`` is ``example.com:8443``; None for what is no host.

    A name outside of ASCII is written as the network sees it (``xn--…``); a
    variable stays as it is written (``$HOST:8080``).
    """
    written = authority.rpartition("@")[2].rstrip(".:*" if "{" in authority else ".:*}")
    if not written.isascii():
        written = _without_text(written)
    if not written or len(written) > HOST_CHARS_MAX:
        return None
    if written.startswith("["):
        return _bracketed(written)
    if not written.isascii():
        name, colon, port = written.partition(":")
        encoded = _ascii_name(name)
        if encoded is None:
            return None
        written = f"{encoded}{colon}{port}"
    if _ASCII_HOST.fullmatch(written) is None or not any(char.isalnum() for char in written):
        return None
    return written if "$" in written else written.lower()


def _without_text(written: str) -> str:
    """A host without the sentence that goes on behind it in a script that has no spaces."""
    end = next((at for at, char in enumerate(written) if _ends_host(char)), len(written))
    return written[:end]


def _ends_host(char: str) -> bool:
    return not char.isascii() and char not in "\u3002\uff0e\uff61\u200c\u200d" and category(char)[0] in "PSZC"


def _bracketed(written: str) -> str | None:
    address, bracket, port = written[1:].partition("]")
    try:
        return f"[{ipaddress.ip_address(address.partition('%')[0])}]{port}" if bracket else None
    except ValueError:
        return None


def _ascii_name(name: str) -> str | None:
    """A name as the network sees it; letters that turn into other signs (``℀`` is ``a/c``) make it no name."""
    try:
        encoded = name.encode("idna").decode("ascii")
    except UnicodeError:
        labels = (label.lower() for label in name.split("."))
        encoded = ".".join(
            label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}" for label in labels
        )
    return encoded if re.fullmatch(r"[A-Za-z0-9_.-]+", encoded) else None


def argument_hosts(words: list[str]) -> list[str]:
    """The hosts in the words of one simple command that stand there without a scheme."""
    program = program_name(words[0])
    found = [found.group(1) for word in words[1:] if "@" in word and (found := _REMOTE_PATH.fullmatch(word))]
    if program in _REMOTE_PROGRAMS:
        remotes = (_PLAIN_REMOTE.fullmatch(word) for word in words[1:] if "://" not in word and word[:1] not in "-./")
        found += [remote.group(1) for remote in remotes if remote is not None]
    elif program in _FETCH_PROGRAMS:
        found += _plain_hosts(_operands(words, _FETCH_PROGRAMS[program], flags=_FLAGS))
    elif program in _FIRST_OPERAND:
        found += _first_operand(words, _FIRST_OPERAND[program])
    elif program in _HOST_OPERAND:
        found += _plain_hosts(word.removeprefix("@") for word in words[1:] if not word.startswith(("-", "+")))[:1]
    elif program in _HOST_OPTION:
        found += _option_hosts(words, ("-h", "--host"))
    elif program in _CONNECT_OPTION:
        found += _option_hosts(words, ("-connect",))
    hosts = (host_of(one) for one in found)
    return [host for host in hosts if host is not None]


def _operands(words: list[str], valued: str, *, flags: frozenset[str] = frozenset()) -> list[str]:
    """Words that are neither options nor values of options; after an unknown long option nobody knows."""
    operands: list[str] = []
    is_value = False
    for word in words[1:]:
        if is_value:
            is_value = False
        elif word.startswith("--"):
            is_value = bool(flags) and "=" not in word and word not in flags and word != "--"
        elif word.startswith("-") and len(word) > 1:
            at = next((place for place, letter in enumerate(word[1:]) if letter in valued), None)
            is_value = at is not None and at == len(word) - 2
        else:
            operands.append(word)
    return operands


def _plain_hosts(words: Iterable[str]) -> list[str]:
    found = (_PLAIN_HOST.fullmatch(word) for word in words if "://" not in word)
    return [f"{one.group(1)}{one.group(2) or ''}" for one in found if one is not None]


def _first_operand(words: list[str], valued: str) -> list[str]:
    operand = next(iter(_operands(words, valued)), None)
    if operand is None or "://" in operand:
        return []
    host = operand.rpartition("@")[2]
    return [host if host.startswith("[") or "@" in operand or ":" not in host else host.partition(":")[0]]


def _option_hosts(words: list[str], names: tuple[str, ...]) -> list[str]:
    given = [value for name, value in pairwise(words) if name in names]
    joined = [word.partition("=")[2] for word in words if word.startswith(tuple(f"{name}=" for name in names))]
    return [host for host in given + joined if host and not host.startswith(("-", "/", "."))]
