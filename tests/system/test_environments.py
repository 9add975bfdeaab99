"""linkspan env: the environments as the daemon says, and as the files do."""

import json

import pytest

from remote import Remote, free_port, token


@pytest.fixture
def host(daemon, config, receiver):
    config.environment("Staging", variables={"host": "a.example", "key": "${secret:file/key}"})
    config.environment("Production", protected=True, auto_deploy=False)
    config.connection("Orders", url=receiver.url, environments={"Staging": {}})
    config.connection("Invoices", project="billing", url=receiver.url,
                      environments={"Staging": {}, "Production": {}})
    config.set_host(listen=f"127.0.0.1:{free_port()}")
    return daemon()


def listed(call, *args):
    done = call("env", "list", "-o", "json", *args)
    assert done.returncode == 0, done.stderr
    return {item["name"]: item for item in json.loads(done.stdout)["items"]}


def test_the_daemon_and_the_files_say_the_same(call, host):
    assert listed(call) == listed(call, "--standalone")
    staging = listed(call)["Staging"]
    assert staging["connections"] == 2 and staging["file"].endswith("environments/Staging.conf")
    assert {"name": "key", "value": "${secret:file/key}"} in staging["variables"]
    for args in ((), ("--standalone",)):
        shown = call("env", "get", "Staging", *args).stdout
        assert '${host} = "a.example"\n' in shown and "connections    2\n" in shown


def test_what_is_in_force_is_shown_and_not_what_is_written(call, host, config):
    config.environment("Staging", variables={"host": "b.example"})
    assert '"a.example"' in call("env", "get", "Staging").stdout
    assert '"b.example"' in call("env", "get", "Staging", "--standalone").stdout
    host.reload()
    assert '"b.example"' in call("env", "get", "Staging").stdout


def test_without_a_daemon_it_says_so(call, config):
    for args in (("list",), ("get", "Development")):
        assert call("env", *args).returncode == 6
        assert call("env", *args, "--standalone").returncode == 0


def test_one_that_is_not_there(call, host):
    for args in ((), ("--standalone",)):
        done = call("env", "get", "Nowhere", *args)
        assert done.returncode == 3 and 'no environment "Nowhere"' in done.stderr


def test_a_viewer_sees_no_values(linkspan, host, config, tmp_path):
    file = tmp_path / "token"
    file.write_text(token(host, "v", "viewer", projects=["shop"]))
    remote = Remote(int(config.host["listen"].rpartition(":")[2]))
    there = ("--url", remote.url, "--token-file", file)
    done = linkspan(*there, "env", "get", "Staging")
    assert done.returncode == 0, done.stderr
    assert "${host}  (its value is for editors)\n" in done.stdout
    assert "a.example" not in done.stdout
    # Of the two that name it, one is another project's.
    assert "connections    1\n" in done.stdout
