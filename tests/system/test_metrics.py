"""Metrics as Prometheus has them, alerts, the dashboard, and entries of the journal."""

import json
import pathlib
import re
import selectors
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest

from receivers import Answer, always, by_path, in_turn
from servers import DEADLINE_S, Server, listening_socket

OK, BUSY, NO = Answer(200), Answer(503), Answer(404)
ALERTS = pathlib.Path(__file__).with_name("alerts.yml")


class Relay:
    """A loopback port that leads to a Unix socket."""

    def __init__(self, path):
        self._path = str(path)
        self._listener = listening_socket()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(peer,), daemon=True).start()

    def _carry(self, peer):
        with peer, socket.socket(socket.AF_UNIX) as host, selectors.DefaultSelector() as ready:
            host.connect(self._path)
            ready.register(peer, selectors.EVENT_READ, host)
            ready.register(host, selectors.EVENT_READ, peer)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Prometheus(Server):
    """The real one, scraping one target each second, with the alert rules that are shipped."""

    def __init__(self, folder, target, rules):
        folder.mkdir()
        (folder / "prometheus.yml").write_text(
            "global: { scrape_interval: 1s, evaluation_interval: 1s }\n"
            f"rule_files: [ {json.dumps(str(rules))} ]\n"
            "scrape_configs:\n"
            "- { job_name: linkspan, static_configs: [ { targets: [ "
            f"'127.0.0.1:{target}' ] }} ] }}\n")
        with listening_socket() as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(["prometheus", f"--config.file={folder}/prometheus.yml",
                          f"--storage.tsdb.path={folder}/data",
                          f"--web.listen-address=127.0.0.1:{port}"])
        self.err.find("Server is ready to receive web requests")

    def get(self, path, **query):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as reply:
            return json.load(reply)["data"]

    def value(self, query):
        """The value of the one series; None: there is none."""
        found = self.get("query", query=query)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def wait(self, query, value):
        """Waits until a scrape has brought this value."""
        deadline = time.monotonic() + DEADLINE_S
        while (seen := self.value(query)) != value:
            assert time.monotonic() < deadline, f"{query} is {seen}, not {value}"
            threading.Event().wait(0.1)


@pytest.fixture(autouse=True)
def tools():
    if not (shutil.which("promtool") and shutil.which("prometheus")):
        pytest.skip("there is no prometheus here")


@pytest.fixture
def share(prefix):
    return prefix / "share/linkspan"


@pytest.fixture
def prometheus(start, tmp_path, share):
    """prometheus(daemon) starts one that scrapes the daemon."""
    def start_one(host):
        relay = start(Relay, host.socket)
        return start(Prometheus, tmp_path / "prometheus", relay.port,
                     share / "prometheus/linkspan.rules.yml")

    return start_one


@pytest.fixture
def host(daemon, config, receiver, monkeypatch, canary):
    """A daemon with a connection each to a receiver that takes, one that hesitates, one that refuses.

    Canaries: a secret, the URL's query, and each message's body, header and path.
    """
    monkeypatch.setenv("LINKSPAN_CANARY", canary)
    receiver.script = by_path(good=always(OK), slow=in_turn(BUSY, OK), bad=always(NO))
    for name in ("good", "slow", "bad"):
        config.connection(name.title(), url=f"{receiver.url}/{name}/{{id}}?key={canary}",
                          headers=[{"name": "Authorization",
                                    "value": "Bearer ${secret:env/LINKSPAN_CANARY}"}],
                          retry_delay_s=1)
    return daemon()


def scrape(host):
    reply = host.api.call("GET", "/metrics")
    assert reply.status == 200
    return reply.text


def promtool(*args, **options):
    return subprocess.run(["promtool", *map(str, args)], capture_output=True, text=True,
                          timeout=DEADLINE_S, **options)


def send_all(host, canary):
    """Two are taken, two more directly; one is taken at the second try; one is refused."""
    for name in ("Good", "Good", "Slow", "Bad"):
        id = host.api.accept(name, json.dumps({"secret": canary}).encode(),
                             headers={"Linkspan-Header-X-Canary": canary}, **{"uri.id": canary})
        host.api.ended(id)
    for _ in range(2):
        assert host.api.send("Good", mode="direct", **{"uri.id": canary}).status == 200


def attempts(**labels):
    chosen = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"sum(linkspan_delivery_attempts_total{{{chosen}}})"


def test_prometheus_has_what_was_sent(host, prometheus, canary):
    send_all(host, canary)
    server = prometheus(host)
    server.wait(attempts(connection="Good", outcome="delivered", code_class="2xx", try_="first")
                .replace("try_", "try"), 4)
    assert server.value('linkspan_http_client_request_duration_seconds_count{connection="Good"}') == 4
    assert server.value(attempts(connection="Slow", outcome="failed", code_class="5xx")) == 1
    assert server.value('linkspan_delivery_attempts_total{connection="Slow",outcome="delivered",'
                        'code_class="2xx",try="retry"}') == 1
    assert server.value(attempts(connection="Bad")) == 1
    assert server.value(attempts(connection="Bad", outcome="rejected", code_class="4xx")) == 1
    assert server.value('linkspan_dead_letters{connection="Bad"}') == 1
    assert server.value('linkspan_dead_lettered_total{connection="Bad"}') == 1
    assert server.value('linkspan_phase_duration_seconds_count{phase="first_byte"}') == 7
    assert server.value("sum(linkspan_outbox_messages)") == 0
    assert server.value("linkspan_store_commit_seconds_count") > 0
    assert server.value('sum(linkspan_api_requests_total{route=~".*/send",code="202"})') == 4
    assert server.value("linkspan_config_last_reload_successful") == 1


def test_the_alerts_see_a_link_that_is_mended(host, prometheus, canary):
    server = prometheus(host)
    server.wait('linkspan_dead_lettered_total{connection="Bad"}', 0)
    host.api.ended(host.api.accept("Bad", **{"uri.id": "7"}))
    server.wait('ALERTS{alertname="LinkspanDeadLetters",alertstate="firing",connection="Bad"}', 1)
    assert not [rule for group in server.get("rules")["groups"] for rule in group["rules"]
                if rule["health"] == "err"]


def test_a_failed_reload_is_told(host, prometheus, config):
    server = prometheus(host)
    server.wait("linkspan_config_last_reload_successful", 1)
    config.write("connections/Good.conf", "connection: { name = \"Good\"; nonsense = 1; };\n")
    host.process.send_signal(signal.SIGHUP)
    server.wait("linkspan_config_last_reload_successful", 0)
    assert server.value("linkspan_ready") == 0


def test_no_secret_is_in_a_metric(host, canary):
    send_all(host, canary)
    host.api.call("GET", f"deliveries/{canary}")
    host.api.call("GET", f"/{canary}?x={canary}")
    host.api.call("GET", f"projects/{canary}/connections/{canary}/status")
    assert canary not in scrape(host)


def test_promtool_finds_nothing(host, share, canary):
    send_all(host, canary)
    done = promtool("check", "metrics", input=scrape(host))
    assert done.returncode == 0 and not done.stderr, done.stderr
    done = promtool("check", "rules", share / "prometheus/linkspan.rules.yml")
    assert done.returncode == 0, done.stderr


def test_the_alerts_fire_when_they_should():
    done = promtool("test", "rules", ALERTS)
    assert done.returncode == 0, done.stdout


def names(text):
    return set(re.findall(r"\blinkspan_[a-z_]+\b", text))


def test_what_the_dashboard_and_the_alerts_use_is_there(prefix, share):
    table = subprocess.run([prefix / "sbin/linkspand", "--metrics"], capture_output=True, text=True,
                           check=True).stdout
    known = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.M):
        known |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    dashboard = json.loads((share / "grafana/linkspan.json").read_text())
    used = {name for panel in dashboard["panels"] for target in panel.get("targets", ())
            for name in names(target["expr"])}
    used |= {name for variable in dashboard["templating"]["list"]
             for name in names(variable.get("definition", ""))}
    rules = (share / "prometheus/linkspan.rules.yml").read_text()
    used |= {name for expression in re.findall(r"expr: ((?:.|\n)*?)\n +(?:for|labels):", rules)
             for name in names(expression)}
    assert len(used) > 20
    assert used <= known, used - known


def test_every_expression_of_the_dashboard_can_be_evaluated(host, prometheus, share):
    server = prometheus(host)
    server.wait("linkspan_ready", 1)
    dashboard = json.loads((share / "grafana/linkspan.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"]
                   for target in panel.get("targets", ())]
    assert len(expressions) > 20
    for expression in expressions:
        expression = re.sub(r"\$__rate_interval", "1m", expression)
        server.get("query", query=re.sub(r"\$\w+", ".*", expression))
