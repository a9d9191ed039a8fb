"""Every operation of a service's own document, with the plainest request that fits it: a new one is attacked unnamed."""

import re
import urllib.parse
from dataclasses import dataclass


@dataclass
class Operation:
    id: str
    method: str
    path: str
    query: dict
    body: object
    conditional: bool
    public: bool

    @property
    def name(self):
        return f"{self.method} {self.path}"

    @property
    def places(self):
        return re.findall(r"{(\w+)}", self.path)

    def ask(self, caller, ids, body=None):
        path = re.sub(r"{(\w+)}", lambda found: str(ids.get(found[1], found[1])), self.path)
        if self.query:
            path += "?" + urllib.parse.urlencode(self.query)
        return caller.ask(self.method, path, self.body if body is None else body, {"If-Match": '"1"'} if self.conditional else {})


def operations(house):
    document = house.nobody().ask("GET", "/api/openapi.json", prefix="").json
    found = []
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            parameters = told.get("parameters", [])
            needed = [one for one in parameters if one["required"]]
            query = {one["name"]: example(document, one["schema"]) for one in needed if one["in"] == "query"}
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            found.append(Operation(told["operationId"], method.upper(), path, query,
                                   None if body is None else example(document, body),
                                   any(one["name"] == "If-Match" for one in needed), told["security"] == []))
    return found


def example(document, schema):
    """The plainest value of a schema."""
    if schema is True or not schema:
        return {}
    if "$ref" in schema:
        return example(document, resolved(document, schema["$ref"]))
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return example(document, schema[key][0])
    kinds = schema.get("type", "object")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "object":
        value = {}
        for part in schema.get("allOf", []):
            value |= example(document, part)
        properties = schema.get("properties", {})
        return value | {name: example(document, properties.get(name, True)) for name in schema.get("required", [])}
    if kind == "array":
        return [example(document, schema.get("items", True))]
    return {"string": "20240229", "integer": max(1, schema.get("minimum", 1)), "number": 1.0, "boolean": True, "null": None}[kind]


def resolved(document, reference):
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document
