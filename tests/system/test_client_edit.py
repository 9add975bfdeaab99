"""linkspan connection edit, by options and by an editor, which is a script of the shell.

The daemon is played by the test, so that each answer can be had at will.
"""

import pytest

from played import Answer, problem
from played_client import BASE, CHANGE, PAST, REVISION, document, play  # noqa: F401
from played_connections import host, refused, written  # noqa: F401

# Editing by options


def test_edit_by_options(call, host):
    present = document(settings={"method": "POST", "url": "https://a.example/", "compress": "gzip",
                                 "headers": [{"name": "Authorization"},
                                             {"name": "X-Old", "value": "1"}]},
                       secrets=["settings.headers[0].value"])
    daemon = host({f"GET {BASE}": Answer(200, present)})
    done = call("connection", "edit", "Orders", "--set", "url=https://b.example/",
                "--unset", "compress", "--header", "X-New: 2", "--unset-header", "x-old",
                "--description", "new")
    assert done.returncode == 0, done.stderr
    request = written(daemon)
    assert (request.method, request.target) == ("PUT", BASE)
    assert request.headers["if-match"] == f'"{REVISION}"'
    assert request.json() == {
        "name": "Orders", "type": "webhook", "description": "new", "enabled": True,
        "settings": {"method": "POST", "url": "https://b.example/", "compress": None,
                     "headers": [{"name": "Authorization"}, {"name": "X-New", "value": "2"}]},
        "environments": {"Development": {}}}
    assert done.stdout.startswith("Orders in global: saved, revision ")


def test_edit_finds_a_global_connection_from_a_project(call, host):
    daemon = host({"GET /api/v1/projects/shop/connections/Orders": problem(404, "not_found", "no")})
    assert call("connection", "edit", "Orders", "-p", "shop", "--set", "url=x").returncode == 0
    assert written(daemon).path == BASE


def test_what_somebody_else_changed_is_shown(call, host):
    host({f"PUT {BASE}": refused(412, "stale", "Orders was changed", revision="ff",
                                 changes=[CHANGE])})
    done = call("connection", "edit", "Orders", "--set", "url=x")
    assert done.returncode == 5
    assert '- settings.url = "https://old.example/"' in done.stderr
    assert '+ settings.url = "https://new.example/"' in done.stderr
    assert "(stale)" in done.stderr


def test_comments_that_would_be_lost(call, host):
    lost = refused(409, "comments_lost", "comments would be lost")
    daemon = host({f"PUT {BASE}": lost, f"PUT {BASE}?comments=discard": Answer(200, document())})
    done = call("connection", "edit", "Orders", "--set", "url=x")
    assert done.returncode == 2
    assert "would be lost" in done.stderr
    assert call("connection", "edit", "Orders", "--set", "url=x", "--yes").returncode == 0
    assert daemon.requests[-1].target == f"{BASE}?comments=discard"
    daemon.requests.clear()
    done = call("connection", "edit", "Orders", "--set", "url=x", "--discard-comments")
    assert done.returncode == 0
    assert written(daemon).target == f"{BASE}?comments=discard"


def test_what_still_runs_is_told(call, host):
    old = {**PAST, "current": False}
    host({f"PUT {BASE}": Answer(200, document(deployments=[old]))})
    done = call("connection", "edit", "Orders", "--set", "url=x")
    assert "in Development number 4 still runs" in done.stderr


# Editing as text


@pytest.fixture
def edit(call, host, config):
    """edit(script, …) edits Orders with an editor that is a script of the shell; "$1" is the file."""
    def run(script, *args, **options):
        editor = config.write("editor", f"#!/bin/sh\nset -e\n{script}\n")
        editor.chmod(0o755)
        folder = config.folder / "tmp"
        folder.mkdir(exist_ok=True)
        return call("connection", "edit", "Orders", *args,
                    env={"EDITOR": str(editor), "VISUAL": "", "TMPDIR": str(folder)}, **options)

    return run


def kept(config):
    """The texts that were left."""
    return [path for path in (config.folder / "tmp").rglob("*") if path.is_file()]


def test_an_editor_changes_the_definition(edit, host, config):
    daemon = host()
    done = edit("""cp "$1" seen; sed -i 's|receiver.example|new.example|' "$1" """,
                cwd=config.folder)
    assert done.returncode == 0, done.stderr
    seen = (config.folder / "seen").read_text()
    assert "# Orders in global, revision 1a2b3c4d5e6f" in seen
    assert 'url = "https://receiver.example/";' in seen
    checked, saved = [r for r in daemon.requests if r.method == "PUT"]
    assert checked.query == {"dry_run": "true"}
    assert saved.target == BASE
    for request in checked, saved:
        assert request.headers["if-match"] == f'"{REVISION}"'
        assert request.json()["settings"]["url"] == "https://new.example/"
    assert kept(config) == []


def test_a_text_that_is_left_alone_changes_nothing(edit, host, config):
    daemon = host()
    done = edit(":")
    assert done.returncode == 0
    assert "nothing was changed" in done.stderr
    assert not [r for r in daemon.requests if r.method == "PUT"]
    assert kept(config) == []


def test_hidden_secrets_are_told_and_kept(edit, host, config):
    daemon = host({f"GET {BASE}": Answer(200, document(secrets=["settings.auth.password"]))})
    done = edit("""grep 'settings.auth.password' "$1" > seen; echo >> "$1" """, cwd=config.folder)
    assert done.returncode == 0, done.stderr
    assert "# Not shown" in (config.folder / "seen").read_text()
    assert "auth" not in daemon.requests[-1].json()["settings"]


def test_a_fault_in_the_text_opens_it_again(edit, host, config):
    """The first time the script breaks it, the second time it mends it."""
    daemon = host()
    done = edit("""cp "$1" "seen$(ls seen* 2>/dev/null | wc -l)"
if grep -q '^#!' "$1"; then sed -i 's|odd = ;||; s|description = .*|description = "mended";|' "$1"
else sed -i 's|type = |odd = ;\\n  type = |' "$1"; fi""", cwd=config.folder)
    assert done.returncode == 0, done.stderr
    second = (config.folder / "seen1").read_text().splitlines()
    assert second[0].startswith("#! Orders.conf:")
    line = int(second[0].split(":")[1])
    assert "odd" in second[line - 1] or "odd" in second[line - 2]
    assert daemon.requests[-1].json()["description"] == "mended"
    assert kept(config) == []


def test_faults_that_the_host_finds_are_shown_at_their_lines(edit, host, config):
    def judge(request):
        if request.json()["settings"]["url"] != "https://good.example/":
            return refused(422, "invalid_definition", "faults", errors=[
                {"pointer": "/settings/url", "detail": "is no URL"},
                {"pointer": "/settings/url", "detail": "is no URL"},
                {"pointer": "/settings/pool_sise", "detail": "is unknown"}])
        return Answer(200, document())

    host({f"PUT {BASE}": judge})
    done = edit("""cp "$1" "seen$(ls seen* 2>/dev/null | wc -l)"
if grep -q '^#!' "$1"; then sed -i 's|url = .*|url = "https://good.example/";|' "$1"
else sed -i 's|url = .*|url = "bad";|' "$1"; fi""", cwd=config.folder)
    assert done.returncode == 0, done.stderr
    second = (config.folder / "seen1").read_text().splitlines()
    assert second[0].endswith("settings.url: is no URL")
    assert 'url = "bad"' in second[int(second[0].split(":")[1]) - 1]
    assert "pool_sise: is unknown" in second[1]


def test_an_editor_that_never_mends_it(edit, host, config):
    """It changes the text each time, and the faults that stand before it, too."""
    host()
    done = edit("""sed -i 's|^#!.*|#! nothing|' "$1"; echo odd >> "$1" """)
    assert done.returncode == 7
    assert len(kept(config)) == 1
    done = edit("""sed -i 's|^#!.*|#! nothing|; s|type = .*|type = ;|' "$1" """)
    assert done.returncode == 7
    assert "still has faults" in done.stderr


def test_giving_up_keeps_the_text(edit, host, config):
    daemon = host()
    done = edit("""grep -q '^#!' "$1" || echo 'odd' >> "$1" """)
    assert done.returncode == 7
    text, = kept(config)
    assert str(text) in done.stderr
    assert "odd" in text.read_text()
    assert not [r for r in daemon.requests if r.method == "PUT"]


@pytest.mark.parametrize("answer, exit_status, said", [
    (refused(412, "stale", "Orders was changed", changes=[CHANGE]), 5, "https://new.example/"),
    (problem(403, "denied", "you may not"), 4, "you may not"),
], ids=["stale", "denied"])
def test_a_text_that_cannot_be_saved_is_kept(edit, host, config, answer, exit_status, said):
    host({f"PUT {BASE}": answer})
    done = edit("""sed -i 's|receiver.example|mine.example|' "$1" """)
    assert done.returncode == exit_status
    assert said in done.stderr
    text, = kept(config)
    assert str(text) in done.stderr
    assert "mine.example" in text.read_text()
    assert text.stat().st_mode & 0o077 == 0


def test_an_editor_that_fails(edit, host, config):
    host()
    done = edit("""echo more >> "$1"; exit 3""")
    assert done.returncode == 1
    assert "exit status 3" in done.stderr
    assert len(kept(config)) == 1


def test_without_an_editor_and_a_terminal(call, linkspan, host):
    host()
    for variable in ("VISUAL", "EDITOR"):
        linkspan.env.pop(variable, None)
    done = call("connection", "edit", "Orders")
    assert done.returncode == 2
    assert "--set" in done.stderr
