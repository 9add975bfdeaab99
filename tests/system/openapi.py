"""The API's own document: reading it, and holding answers against it."""

import copy
import json
import re

import jsonschema


class Document:
    """The OpenAPI document of a daemon."""

    def __init__(self, document):
        self.raw = document
        # An answer must not have members that the document does not tell of.
        self._strict = self._closed(copy.deepcopy(document["components"]))

    def _closed(self, components):
        for schema in components["schemas"].values():
            if "properties" in schema:
                schema["unevaluatedProperties"] = False
        # What is inherited is judged where it is inherited.
        for schema in components["schemas"].values():
            for part in schema.get("allOf", []):
                base = components["schemas"][part["$ref"].rpartition("/")[2]]
                base.pop("unevaluatedProperties", None)
        return components

    def operations(self):
        """(method, path, operation) of everything that is documented."""
        for path, methods in self.raw["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def operation(self, name):
        return next(o for _, _, o in self.operations() if o["operationId"] == name)

    def codes(self):
        return set(self.raw["components"]["schemas"]["Code"]["enum"])

    def resolve(self, node):
        while "$ref" in node:
            node, ref = self.raw, node["$ref"]
            for part in ref[2:].split("/"):
                node = node[part]
        return node

    def check(self, reply, operation):
        """That an answer is one of those that the operation has."""
        answers = operation["responses"]
        answer = self.resolve(answers.get(str(reply.status), answers["default"]))
        if "content" not in answer:
            assert reply.text == ""
            return
        kind = reply.headers["content-type"].partition(";")[0]
        assert kind in answer["content"], f"{kind} is not one of {list(answer['content'])}"
        if kind.endswith("json"):
            self.check_value(json.loads(reply.text), answer["content"][kind]["schema"])

    def check_value(self, value, schema):
        whole = {**schema, "components": self._strict}
        jsonschema.Draft202012Validator(whole).validate(value)

    def check_problem(self, reply):
        """A problem document (RFC 9457) with a known code."""
        assert reply.headers["content-type"] == "application/problem+json", reply
        problem = json.loads(reply.text)
        self.check_value(problem, {"$ref": "#/components/schemas/Problem"})
        assert problem["status"] == reply.status
        assert problem["code"] in self.codes()
        return problem

    def sample(self, parameter):
        """A value that the parameter's schema permits."""
        schema = parameter["schema"]
        if "enum" in schema:
            return schema["enum"][0]
        if "pattern" in schema:
            return re.split(r"[|)]", schema["pattern"][2:])[0]
        if schema["type"] == "integer":
            return str(schema["minimum"])
        if schema["type"] == "boolean":
            return "true"
        if schema.get("format") == "date-time":
            return "2026-01-31T09:30:00Z"
        return "x" * schema.get("minLength", 1)
