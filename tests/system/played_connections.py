"""What the tests of the commands of connections share: a daemon that has the connection Orders."""

import json

import pytest

from played import Answer, problem
from played_client import document, play  # noqa: F401

CONNECTIONS = "/api/v1/projects/global/connections"
SCHEMA = {"properties": {
    "url": {"anyOf": [{"type": "string"}]},
    "request_timeout_ms": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/reference"}]},
    "compress": {"anyOf": [{"enum": ["none", "gzip"]}]},
    "required_uri": {"type": "array", "items": {"anyOf": [{"type": "string"}]}},
    "tls": {"type": "object", "properties": {"verify": {"anyOf": [{"type": "boolean"}]}}},
    "auth": {"type": "object", "properties": {
        "kind": {"anyOf": [{"enum": ["none", "bearer"]}]},
        "token": {"writeOnly": True, "anyOf": [{"type": "string"}]}}}}}


def refused(status, code, title, **members):
    answer = problem(status, code, title)
    answer.body = json.dumps({**json.loads(answer.body), **members}).encode()
    return answer


@pytest.fixture
def host(play):
    """host(answer…) plays a daemon with the connection Orders; `{"METHOD path": Answer}` says otherwise."""
    def start(others=None):
        def reply(request):
            for key in (f"{request.method} {request.target}", f"{request.method} {request.path}"):
                if others and key in others:
                    answer = others[key]
                    return answer(request) if callable(answer) else answer
            if request.path == "/api/v1/status":
                return Answer(200, {"environments": ["Development", "Production"]})
            if request.path == "/api/v1/connection-types":
                return Answer(200, {"items": [{"id": "webhook", "schema": SCHEMA}]})
            if request.path.endswith("/usage"):
                return Answer(200, {"items": []})
            if request.method in ("POST", "PUT") and request.body:
                return Answer(200, document(**{
                    key: value for key, value in request.json().items() if key != "project"}))
            return Answer(200, document())

        return play(reply)

    return start


def written(daemon):
    """The one request that is no question."""
    request, = [r for r in daemon.requests if r.method != "GET"]
    return request
