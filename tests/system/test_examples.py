"""The examples as their README says: its commands are run as they stand there."""

import json
import pathlib
import re
import shlex
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "conf/examples"
README = (EXAMPLES / "README.md").read_text()

SECRETS = dict(word.split("=", 1) for word in
               shlex.split(re.search(r"^export (.*)$", README, re.MULTILINE)[1]))
COMMANDS = {shlex.split(line)[shlex.split(line).index("send") + 1]: shlex.split(line)
            for line in re.findall(r"^linkspan .* send .*$", README, re.MULTILINE)}

ARRIVES = {
    "Operation_Log": ("POST", "/ingest/logs", {"authorization": "Bearer siem-example"}),
    "Deployment_Notice": ("POST", "/services/T0001/B0001/example", {}),
    "ServiceNow_Alarm": ("POST", "/api/now/table/incident",
                         {"x-sn-apikey": "sn-example", "accept": "application/json"}),
    "CRM_Event": ("PUT", "/events/7", {"authorization": "Bearer crm-example"}),
    "Datadog_Event": ("POST", "/api/v1/events", {"dd-api-key": "dd-example"}),
    "Alerts_Slack": ("POST", "/services/T0001/B0001/example", {}),
    "Audit_Trail": ("POST", "/api/event", {"x-trace-id": "4bf92f3577b34da6a3ce929d0e0e4736"}),
}

# What a template makes of the body that comes.
MADE = {
    "Alerts_Slack": {"text": "*DiskFull* is firing: /var on db1 is full in 2 h\n"
                             "*DiskFull* is resolved: no summary"},
}


def test_every_example_is_in_the_readme():
    names = {file.stem for file in (EXAMPLES / "connections").glob("*.conf")}
    assert names == set(COMMANDS) == set(ARRIVES)


@pytest.mark.parametrize("name", ARRIVES)
def test_example(linkspan, listener, tmp_path, name):
    shutil.copytree(EXAMPLES, tmp_path / "conf/examples")
    environment = tmp_path / "conf/examples/environments/Development.conf"
    text = environment.read_text()
    assert 'port = "9000"' in text
    environment.write_text(text.replace('port = "9000"', f'port = "{listener.port}"'))

    done = linkspan(*COMMANDS[name][1:], cwd=tmp_path, env=SECRETS)
    assert done.returncode == 0, done.stderr
    method, target, headers = ARRIVES[name]
    arrived = listener.next()
    assert (arrived["method"], arrived["target"]) == (method, target)
    assert {**headers, "content-type": "application/json"}.items() <= arrived["header"].items()
    body = (EXAMPLES / "bodies" / f"{name.lower()}.json").read_text()
    assert json.loads(arrived["body"]) == MADE.get(name, json.loads(body))


def test_the_examples_have_no_fault(linkspan):
    done = linkspan("--config", EXAMPLES / "linkspan.conf", "validate")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr


def test_the_examples_fit_production(linkspan, tmp_path):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    host = tmp_path / "examples/linkspan.conf"
    host.write_text(host.read_text().replace('"Development"', '"Production"'))
    done = linkspan("--config", host, "validate")
    assert done.returncode == 0, done.stderr
