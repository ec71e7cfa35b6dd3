# Copyright (C) 2026 paylock contributors
#
# Is what paylockd answers what its OpenAPI document says?

import re

import jsonschema


def operation(document, method, path):
    """Of that request in the document; None: there is no such route."""
    for template, methods in document["paths"].items():
        one = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(one, path.partition("?")[0]):
            return methods.get(method.lower())
    return None


def check(document, method, path, reply):
    """Fails if the status, the type or the body of the reply is another."""
    one = operation(document, method, path)
    if one is None:
        assert reply.status in (400, 404, 405), (method, path, reply)
        said = document["paths"]["/v1/me"]["get"]["responses"]["default"]
    else:
        said = one["responses"].get(str(reply.status),
                                    one["responses"]["default"])
    kind = reply.headers["Content-Type"]
    assert list(said["content"]) == [kind], (method, path, reply)
    if kind.endswith("json") and kind != "application/x-ndjson":
        jsonschema.Draft202012Validator({
            **said["content"][kind]["schema"],
            "components": document["components"]}).validate(reply.body)
