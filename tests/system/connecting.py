"""Connections over the API, each answer held against the OpenAPI document of the daemon."""

import re
import urllib.parse

import pytest

from openapi import Document

ENV = "Development"


class Connections:
    """The routes of connections, by their answers."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.api = daemon.api
        self.document = Document(self.api.get("openapi.json").json)
        self._operations = [
            (method, re.compile(re.sub(r"\{\w+\}", "[^/:]+", path)), operation)
            for method, path, operation in self.document.operations()]

    def ask(self, method, path, body=None, headers=None, api=None, **query):
        reply = (api or self.api).call(method, f"projects/{path}", body, headers, **query)
        operation = next(o for m, pattern, o in self._operations
                         if m == method and pattern.fullmatch(f"/api/v1/projects/{path}"))
        self.document.check(reply, operation)
        if reply.status >= 400:
            self.document.check_problem(reply)
            codes = operation["responses"][str(reply.status)]["description"]
            assert f"`{reply.code}`" in codes, f"{reply.code} is not documented: {codes}"
        return reply

    def at(self, name, project="global", verb=""):
        return f"{project}/connections/{urllib.parse.quote(name)}{verb}"

    def create(self, definition, project="global", status=201, **query):
        reply = self.ask("POST", f"{project}/connections", definition, **query)
        assert reply.status == status, reply
        return reply

    def get(self, name, project="global", status=200):
        reply = self.ask("GET", self.at(name, project))
        assert reply.status == status, reply
        return reply

    def edit(self, method, name, body=None, match=None, project="global", status=200, api=None,
             **query):
        """PUT, PATCH or DELETE; match None: of what is there now."""
        match = match or self.get(name, project).headers["etag"]
        reply = self.ask(method, self.at(name, project), body, {"If-Match": match}, api, **query)
        assert reply.status == status, reply
        return reply

    def verb(self, name, verb, body=None, project="global", status=200, headers=None, **query):
        reply = self.ask("POST", self.at(name, project, f":{verb}"), body, headers, **query)
        assert reply.status == status, reply
        return reply

    def list(self, project="-", **query):
        reply = self.ask("GET", f"{project}/connections", **query)
        assert reply.status == 200, reply
        return reply.json

    def names(self, project="-", **query):
        return [f"{item['project']}/{item['name']}" for item in self.list(project, **query)["items"]]


@pytest.fixture
def saved(config):
    """Nothing is deployed by itself."""
    config.environment(ENV, auto_deploy=False)
    return config


@pytest.fixture
def connections(saved, daemon):
    """connections() starts the daemon."""
    return lambda: Connections(daemon())


def definition(name="Orders", url="http://127.0.0.1:9/in", environments=(ENV,), **settings):
    return {"name": name, "type": "webhook", "settings": {"method": "POST", "url": url, **settings},
            "environments": {each: {} for each in environments}}


def faults(reply):
    return {fault["pointer"]: fault["code"] for fault in reply.json["errors"]}


def files(config):
    """Everything that the host has written or read of definitions and secrets."""
    return {str(file.relative_to(config.folder)): file.read_bytes()
            for folder in ("connections", "projects", "secrets")
            for file in (config.folder / folder).rglob("*") if file.is_file()}


def audited(connections):
    return connections.api.get("audit", limit=1000).json["items"]
