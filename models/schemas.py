"""The JSON schema of a response type, in the subset that every provider's structured output takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from pydantic import BaseModel

UNTAKEN = (
    "default",
    "discriminator",
    "title",
    "minLength",
    "maxLength",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
"""Keywords that some providers refuse; pydantic judges the reply by all of them in the end."""

MAPS = ("properties", "$defs")
LISTS = ("anyOf", "allOf", "prefixItems")


@dataclass(frozen=True)
class Schema:
    """A response type as JSON schema.

    Attributes:
        name: What providers call it.
        body: The schema: objects closed, all their properties required.
        strict: Whether a provider can hold a model to it; False where it has objects with free keys.
    """

    name: str
    body: Mapping[str, Any]
    strict: bool

    @cached_property
    def instructions(self) -> str:
        """For models that can't be handed a schema: the schema in words that go into the prompt."""
        return (
            "Reply with one JSON object and nothing else: no prose, no Markdown. It must fit this JSON schema:\n"
            + json.dumps(self.body, ensure_ascii=False, sort_keys=True)
        )


def schema_of(kind: type[BaseModel]) -> Schema:
    """The schema of a response type."""
    return _schema_of(kind)


@lru_cache(maxsize=256)
def _schema_of(kind: type[BaseModel]) -> Schema:
    body = _closed(kind.model_json_schema())
    return Schema(kind.__name__, body, not _free(body))


def _closed(node: dict[str, Any]) -> dict[str, Any]:
    """A schema node with every object closed and no keyword that a provider may refuse."""
    node = {key: value for key, value in node.items() if key not in UNTAKEN} | _lengths(node)
    if "oneOf" in node:
        node["anyOf"] = node.pop("oneOf")
    if "const" in node:
        node["enum"] = [node.pop("const")]
    for key in MAPS:
        if key in node:
            node[key] = {name: _closed(child) for name, child in node[key].items()}
    for key in LISTS:
        if key in node:
            node[key] = [_closed(child) for child in node[key]]
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            node[key] = _closed(node[key])
    if "properties" in node:
        node |= {"additionalProperties": False, "required": list(node["properties"])}
    return _alone(node)


def _lengths(node: Mapping[str, Any]) -> dict[str, str]:
    """The bounds on a text's length, which aren't taken as keywords, as part of its description."""
    least, most = node.get("minLength"), node.get("maxLength")
    said = [f"at least {least} characters" if least else "", f"at most {most} characters" if most else ""]
    bounds = " and ".join(filter(None, said))
    if not bounds:
        return {}
    return {"description": f"{node['description']} ({bounds})" if "description" in node else bounds}


def _alone(node: dict[str, Any]) -> dict[str, Any]:
    """A reference may have no neighbours: hang them and it below an ``anyOf``."""
    if "$ref" not in node or len(node) == 1:
        return node
    return {"anyOf": [{"$ref": node.pop("$ref")}], **node}


def _free(node: object) -> bool:
    """Whether an object with free keys is in it."""
    if isinstance(node, dict):
        free = node.get("type") == "object" and node.get("additionalProperties", True) is not False
        return free or any(_free(child) for child in node.values())
    return isinstance(node, list) and any(_free(child) for child in node)
