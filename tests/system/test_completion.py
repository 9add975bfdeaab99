"""Completion, driven as the shells drive it."""

import json
import shlex
import shutil
import subprocess

import pytest

from servers import DEADLINE_S

DRIVE = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_linkspan
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


# A shell in a terminal of its own, whose compadd says what fits before it adds it.
PROBE = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "autoload -Uz compinit; compinit -u -D; source $1; LISTMAX=0; unsetopt beep"
zpty -w z 'probe() {
	compadd() {
		if (( ${@[(I)-[OAD]*]} == 0 )); then
			local -a fits
			builtin compadd -A fits "$@"
			print -rl -- FITS:$^fits
		fi
		builtin compadd "$@"
	}
	_main_complete
	compstate[list]= compstate[insert]=
	print OVER
}
zle -C probe complete-word probe; bindkey "^X" probe; print READY'
while zpty -r z line; do [[ $line == READY* ]] && break; done
zpty -n -w z "$2"$'\x18'
while zpty -r z line; do print -r -- "$line"; [[ $line == *OVER* ]] && break; done
zpty -d z
"""


@pytest.fixture
def script(linkspan, tmp_path):
    """script("bash") is the file with the completion of a shell."""
    def write(shell):
        done = linkspan("completion", shell)
        assert done.returncode == 0, done.stderr
        file = tmp_path / f"linkspan.{shell}"
        file.write_text(done.stdout)
        return file

    return write


@pytest.fixture
def host(config):
    config.connection("Orders", url="https://receiver.example/")
    config.connection("Order book", url="https://receiver.example/")
    return config


@pytest.fixture
def bash(script, linkspan, host):
    """bash("delivery", "l") completes the last word; %s stands for the configuration."""
    file = script("bash")

    def complete(*words, program=linkspan.program):
        text = DRIVE.format(script=shlex.quote(str(file)), words=" ".join(
            shlex.quote(str(word)) for word in (program, *words)))
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", text], capture_output=True,
                              text=True, timeout=DEADLINE_S, env=linkspan.env, cwd=host.folder)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.split("\n")[:-1] if done.stdout != "\n" else []

    return complete


@pytest.fixture
def table(linkspan):
    return json.loads(linkspan("help", "-o", "json").stdout)


def test_commands_and_verbs(bash, table):
    names = [item["name"].split() for item in table["items"]]
    assert set(bash("")) == {name[0] for name in names}
    assert bash("deliv") == ["delivery"]
    assert bash("delivery", "re") == ["retry", "replay"]
    for noun in {name[0] for name in names if len(name) > 1}:
        assert set(bash(noun, "")) == {name[1] for name in names if name[0] == noun}


def test_options_of_every_command(bash, table):
    everywhere = {f"--{option['name']}" for option in table["options"]}
    for item in table["items"]:
        own = {f"--{option['name']}" for option in item["options"]}
        assert set(bash(*item["name"].split(), "--")) == own | everywhere


def test_options_go_anywhere(bash, host):
    assert bash("--no-headers", "delivery", "li") == ["list"]
    assert bash("-o", "json", "delivery", "--yes", "li") == ["list"]
    assert bash("--timeout", "delivery", "st") == ["status"]


@pytest.mark.parametrize("words, wanted", [
    (["--color", ""], ["auto", "always", "never"]),
    (["--color", "=", "al"], ["always"]),
    (["--color", "="], ["auto", "always", "never"]),
    (["--color=al"], ["--color=always"]),
    (["status", "-o", ""], ["text", "table", "wide", "json", "ndjson", "name"]),
    (["schema", "-o", ""], ["text", "json", "man"]),
    (["pipe", "Orders", "-o", ""], ["text"]),
    (["delivery", "list", "--state", "d"], ["done", "dead"]),
    (["delivery", "list", "--state", "dead,q"], ["dead,quarantined"]),
    (["delivery", "list", "-s", "le"], ["leased"]),
    (["completion", "f"], ["fish"]),
    (["completion", "fish", ""], []),
    (["help", "deliv"], ["delivery"]),
    (["help", "delivery", "t"], ["tail"]),
    (["-c", "linksp"], ["linkspan.conf"]),
    (["send", "-d", "@linksp"], ["@linkspan.conf"]),
    (["send", "-d", "linksp"], []),
    (["listen", "--port", ""], []),
], ids=lambda value: " ".join(value))
def test_values(bash, words, wanted):
    assert bash(*words) == wanted


@pytest.mark.parametrize("before", [["-c", "linkspan.conf"], ["--config", "=", "linkspan.conf"],
                                    ["--config", "'linkspan.conf'"]], ids=" ".join)
def test_names_come_from_the_host(bash, before):
    """There is no daemon: then they come from the files."""
    assert bash(*before, "send", "") == ["Order\\ book", "Orders"]
    assert bash(*before, "connection", "status", "Orders") == ["Orders"]
    assert bash(*before, "send", "'Order b") == ["Order book"]
    assert bash(*before, "send", "Order\\ ") == ["Order\\ book"]
    assert bash(*before, "send", "Orders", "") == []
    assert bash(*before, "send", "Orders", "--env", "D") == ["Development"]
    assert bash(*before, "delivery", "list", "--connection", "Orders") == ["Orders"]
    assert bash(*before, "schema", "w") == ["webhook"]


def test_ids_come_from_the_daemon(bash, daemon, config, receiver):
    config.connection("Orders", url=f"{receiver.url}/")
    message_id = daemon().api.accept("Orders")
    assert bash("-c", config.file, "delivery", "get", "msg_") == [message_id]
    assert bash("-c", config.file, "delivery", "retry", message_id, "") == [message_id]


def test_contexts(bash, linkspan, host):
    linkspan("context", "set", "here", "--config", host.file)
    assert bash("--context", "") == ["here"]
    assert bash("context", "use", "h") == ["here"]
    assert bash("--context", "here", "send", "Orders") == ["Orders"]


def test_a_host_that_is_not_there_is_silence(bash, tmp_path):
    assert bash("-c", tmp_path / "none.conf", "send", "") == []
    assert bash("send", "", program=tmp_path / "no-linkspan") == []


@pytest.mark.parametrize("shell, check", [
    ("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"]),
    ("bash", ["shellcheck"])], ids=lambda value: value if isinstance(value, str) else value[0])
def test_syntax(script, shell, check):
    if not shutil.which(check[0]):
        pytest.skip(f"there is no {check[0]} here")
    done = subprocess.run([*check, script(shell)], capture_output=True, text=True,
                          timeout=DEADLINE_S)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


LINES = pytest.mark.parametrize("line, wanted", [
    ("linkspan deliv", ["delivery"]),
    ("linkspan delivery re", ["replay", "retry"]),
    ("linkspan --yes delivery -o json ta", ["tail"]),
    ("linkspan delivery list --stat", ["--state"]),
    ("linkspan -c linkspan.conf send Ord", ["Order book", "Orders"]),
    ("linkspan -c linkspan.conf send Orders ", []),
    ("linkspan -c linkspan.conf send Orders --env D", ["Development"]),
    ("linkspan completion z", ["zsh"]),
    ("linkspan schema -o ", ["json", "man", "text"]),
    ("linkspan --color al", ["always"]),
])


@LINES
def test_fish(script, linkspan, host, line, wanted):
    if not shutil.which("fish"):
        pytest.skip("there is no fish here")
    env = {**linkspan.env, "PATH": f"{linkspan.program.parent}:{linkspan.env['PATH']}",
           "HOME": str(host.folder)}
    done = subprocess.run(
        ["fish", "-c", f"source {script('fish')}; complete -C '{line}'"],
        capture_output=True, text=True, timeout=DEADLINE_S, cwd=host.folder, env=env)
    found = [text.split("\t")[0].replace("\\ ", " ") for text in done.stdout.splitlines()]
    assert sorted(found) == wanted, done.stderr


@LINES
def test_zsh(script, linkspan, host, line, wanted):
    if not shutil.which("zsh"):
        pytest.skip("there is no zsh here")
    env = {**linkspan.env, "PATH": f"{linkspan.program.parent}:{linkspan.env['PATH']}",
           "TERM": "dumb"}
    done = subprocess.run(["zsh", "-f", "-c", PROBE, "zsh", script("zsh"), line],
                          capture_output=True, text=True, errors="replace", timeout=DEADLINE_S,
                          cwd=host.folder, env=env)
    found = {text.rpartition("FITS:")[2].strip().replace("\\ ", " ")
             for text in done.stdout.splitlines() if "FITS:" in text}
    if not line.split(" ")[-1].startswith("-"):
        found = {one for one in found if not one.startswith("-")}  # where nothing else is left
    assert sorted(found) == wanted, done.stdout + done.stderr


# Installed


@pytest.mark.parametrize("shell, file", [
    ("bash", "bash-completion/completions/linkspan"),
    ("zsh", "zsh/site-functions/_linkspan"),
    ("fish", "fish/vendor_completions.d/linkspan.fish"),
])
def test_the_scripts_are_installed(prefix, script, shell, file):
    assert (prefix / "share" / file).read_text() == script(shell).read_text()


def test_zsh_finds_what_is_installed(prefix):
    if not shutil.which("zsh"):
        pytest.skip("there is no zsh here")
    done = subprocess.run(
        ["zsh", "-f", "-c", 'fpath=("$1" $fpath); autoload -Uz compinit; compinit -u -D; '
         'print -r -- "$_comps[linkspan]"', "zsh", prefix / "share/zsh/site-functions"],
        capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.stdout == "_linkspan\n", done.stderr


def test_fish_finds_what_is_installed(prefix, linkspan, tmp_path):
    if not shutil.which("fish"):
        pytest.skip("there is no fish here")
    done = subprocess.run(
        ["fish", "-c", 'complete -C "linkspan completion z"'],
        capture_output=True, text=True, timeout=DEADLINE_S,
        env={**linkspan.env, "PATH": f"{prefix / 'bin'}:{linkspan.env['PATH']}",
             "HOME": str(tmp_path), "XDG_DATA_DIRS": str(prefix / "share")})
    assert done.stdout == "zsh\n", done.stderr
