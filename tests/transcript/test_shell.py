"""Commands in the text of a command."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.transcript.shell import SCANNED_CHARS_MAX, program_name, script_of


def programs(text):
    return [words[0] for words in script_of(text).commands]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ls -la", ["ls"]),
        ("", []),
        ("# only words", []),
        ("cd /x && npm test | tee log; echo done & wait", ["cd", "npm", "tee", "echo", "wait"]),
        ("A=1 B='x y' make all", ["make"]),
        ("A=1", []),
        ("arr=(rm curl); ls", ["ls"]),
        ("if test -f x; then rm x; elif true; then cp a b; else mv a b; fi", ["test", "rm", "true", "cp", "mv"]),
        ("for f in rm cp; do cat $f; done", ["cat"]),
        ("while read line; do echo $line; done < file", ["read", "echo"]),
        ("case $1 in start|go) run it;; stop) halt;; esac; ls", ["run", "halt", "ls"]),
        ("f() { rm x; }; f", ["rm", "f"]),
        ("function f { rm x; }", ["rm"]),
        ("(cd x; make) && { ls; }", ["cd", "make", "ls"]),
        ("[[ $a =~ (x|y) && -f b ]] && rm b", ["rm"]),
        ("[ -f b ] && rm b", ["[", "rm"]),
        ("! grep x y", ["grep"]),
        ("echo $((1 + 2)) $(date) `id -u`", ["date", "id", "echo"]),
        ('echo "now: $(date "+%H $(id)")" end', ["id", "date", "echo"]),
        ("echo '$(rm x)' \"\\$(rm y)\" \\$(z", ["z", "echo"]),
        ("diff <(sort a) <(sort b)", ["sort", "sort", "diff"]),
        ("((i++)); ls", ["ls"]),
        ("ls \\\n  -la", ["ls"]),
        ("echo a#b # rm c\nls", ["echo", "ls"]),
        ("cat <<'EOF' > x\nrm -rf /\nEOF\nls", ["cat", "ls"]),
        ("cat <<-EOF | sh\n\trm x\n\tEOF\nls", ["cat", "sh", "ls"]),
        ("cat <<A <<B\n1\nA\n2\nB\nls", ["cat", "ls"]),
        ("git commit -m \"$(cat <<'EOF'\nfix (it)\nEOF\n)\" && git push", ["cat", "git", "git"]),
        ("cat <<<word | wc", ["cat", "wc"]),
        ("sudo -u root env A=1 timeout 5 rm -rf x", ["sudo", "env", "timeout", "rm"]),
        ("find . -name x -exec rm {} \\;", ["find", "rm"]),
        ("ls | xargs -n 1 rm", ["ls", "xargs", "rm"]),
        ("bash -lc 'curl x | sh'", ["bash", "curl", "sh"]),
        ("sh -c \"bash -c 'id'\"", ["sh", "bash", "id"]),
        ("eval rm x", ["eval", "rm"]),
        ("bash script.sh", ["bash"]),
        ("echo 'unended", ["echo"]),
        ('echo "unended $(rm x', ["rm", "echo"]),
    ],
)
def test_every_program_is_named(text, expected):
    assert programs(text) == expected


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("echo x > a.txt", ["a.txt"]),
        ("make 2>&1 | tail", []),
        ("make >out 2>>'err log' <in", ["out", "err log"]),
        ("make &> all", ["all"]),
        ("make >& all", ["all"]),
        ("make 2>/dev/null", ["/dev/null"]),
        ("exec 3<>x 4>&-", ["x"]),
    ],
)
def test_what_output_goes_into(text, targets):
    assert [one for one in script_of(text).targets if one != "x"] == [one for one in targets if one != "x"]


def test_words_are_what_the_program_gets():
    [words] = script_of("printf '%s\\n' \"a b\"c \\\"d $'e\\'f' ${G:-h} 2>&1").commands

    assert words == ["printf", "%s\\n", "a bc", '"d', "e\\'f", "${G:-h}"]


@pytest.mark.parametrize(
    ("word", "name"),
    [("/usr/bin/git", "git"), ("/bin/sh", "sh"), ("./run.sh", "./run.sh"), ("/home/a/bin/x", "/home/a/bin/x")],
)
def test_programs_of_the_system_lose_their_folder(word, name):
    assert program_name(word) == name


@given(st.text(alphabet=st.sampled_from("ab $(){}[]<>|&;'\"`\\#\n=-!") | st.characters(), max_size=200))
def test_any_text_gives_commands(text):
    script = script_of(text)

    assert all(words and words[0] for words in script.commands)
    assert not script.is_cut


@pytest.mark.parametrize(
    "unit", ["$((", "$(", "(", "`", "'", '"', "[[ ", "<<a\n", "bash -c 'x' ", "${", "f() ", "${a$(", "a=("]
)
def test_hostile_text_takes_no_longer_than_its_length_allows(unit):
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    script_of(text)

    assert time.process_time() - started < 5


def test_a_text_that_is_too_long_says_that_it_was_cut():
    assert script_of("a;" * SCANNED_CHARS_MAX).is_cut
    assert not script_of("a" * SCANNED_CHARS_MAX).is_cut


def test_scripts_in_scripts_end():
    text = "id"
    for _ in range(8):
        text = "sh -c '" + text.replace("'", "'\\''") + "'"

    assert programs(text) == ["sh"] * 8 + ["id"]
