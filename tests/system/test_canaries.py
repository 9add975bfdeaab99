"""Secrets planted in connections and in calls: the receiver gets them, and nobody else."""

import json
import pathlib

from receivers import Answer

CANARIES = {
    "environment": "canary-7c1d0b52-env",
    "file": "canary-3f9ae01c-file",
    "literal": "canary-b2260f4d-literal",
    "call": "canary-59d8c3aa-call",
    "query": "canary-e04417f6-query",
}
READS = ("/api/v1/status", "/api/v1/deliveries", "/api/v1/events", "/api/v1/tokens",
         "/api/v1/audit", "/api/v1/projects/global/connections/Ours/status",
         "/api/v1/projects/global/connections/Down/status", "/api/v1/openapi.json", "/metrics",
         "/readyz", "/healthz")


def plant(config, receiver):
    """Two connections with every kind of secret; one whose receiver is not there."""
    folder = config.folder / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "token").write_text(CANARIES["file"])
    (folder / "token").chmod(0o600)
    headers = [{"name": "Authorization", "value": "Bearer ${secret:env/LINKSPAN_PLANTED}"},
               {"name": "X-Api-Key", "value": "${secret:file/token}"},
               {"name": "X-Old", "value": CANARIES["literal"]}]
    config.connection("Ours", url=receiver.url + "/{?key}", headers=headers)
    config.connection("Down", url="http://127.0.0.1:1/{?key}", headers=headers, retry_delay_s=1,
                      retry_max_attempts=2)


def command_lines():
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes()
        except OSError:
            continue  # that process has just ended


def everything_that_is_said(host):
    """Every answer of the API about what has happened, one delivery after the other too."""
    for path in READS:
        yield host.api.call("GET", path).text
    for delivery in host.api.deliveries():
        yield host.api.call("GET", f"deliveries/{delivery['id']}").text


def test_canaries(daemon, config, receiver, linkspan):
    receiver.keep = True
    # What a receiver says back is kept as the excerpt of its answer: this one says nothing of ours.
    receiver.script = lambda arrival: Answer(400 if b"no" in arrival.body else 200)
    plant(config, receiver)
    host = daemon("--log-level", "debug", env={"LINKSPAN_PLANTED": CANARIES["environment"]})
    call = {"Linkspan-Header-Authorization-2": CANARIES["call"],
            "Linkspan-Header-X-Session": CANARIES["call"]}
    query = {"uri.key": CANARIES["query"]}
    ended = [host.api.accept(name, body, headers=call, **query)
             for name in ("Ours", "Down") for body in (b'"yes"', b'"no"')]
    for message in ended:
        host.api.ended(message)
    assert host.api.send("Ours", b'"yes"', headers=call, mode="direct", **query).status == 200
    host.api.send("Down", b'"yes"', headers=call, mode="direct", **query)
    # The receiver did get them: else nothing here would mean anything.
    got = receiver.arrivals[0]
    assert CANARIES["query"] in got.path
    seen = json.dumps(dict(got.headers))
    assert all(CANARIES[kind] in seen for kind in ("environment", "file", "literal", "call"))

    host.api.call("POST", "projects/global/connections/Ours:pause", {"reason": "look"})
    host.api.call("POST", "projects/global/connections/Ours:resume")
    host.api.call("POST", f"deliveries/{ended[1]}:retry")
    host.hang_up()
    lines = list(command_lines())
    said = list(everything_that_is_said(host))
    for args in (("status", "-o", "json"), ("delivery", "list", "-o", "json"),
                 ("delivery", "get", ended[0], "-o", "json"), ("delivery", "get", ended[1]),
                 ("connection", "list", "-o", "json"), ("connection", "status", "Ours"),
                 ("audit", "list", "-o", "json"), ("doctor",), ("env", "list", "-o", "json")):
        linkspan("--config", config.file, *args)
    assert host.stop() == 0
    said += linkspan.printed + ["\n".join(host.err.rest())]
    for kind, canary in CANARIES.items():
        # Arguments of the URL are the message's, and shown with it; they are not logged.
        texts = said if kind != "query" else [said[-1], *said[:len(READS)]]
        for text in texts:
            assert canary not in text, f"{kind}: {text[max(0, text.index(canary) - 200):][:400]}"
        assert not any(canary.encode() in line for line in lines), kind
    # What a call brings is stored with its message; what a connection refers to never is.
    for file in (config.folder / "state").iterdir():
        stored = file.read_bytes()
        for kind in ("environment", "file"):
            assert CANARIES[kind].encode() not in stored, (kind, file.name)
