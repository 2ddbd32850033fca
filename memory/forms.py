"""Which answers a question takes: a JSON schema, kept with the question, and values checked against it.

The journal keeps a question for days, and whoever answers it may have nothing but the journal: neither the code that
asked nor its types. What isn't checked here - a rule that JSON schema can't say - the asker checks, and asks again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}
_SIZES: Mapping[str, Callable[[Any, Any], bool]] = {
    "minLength": lambda size, bound: size >= bound,
    "maxLength": lambda size, bound: size <= bound,
    "minItems": lambda size, bound: size >= bound,
    "maxItems": lambda size, bound: size <= bound,
}


def misfit(value: Any, schema: Schema, whole: Schema | None = None) -> str | None:  # noqa: ANN401  any JSON
    """Why a value doesn't fit a schema; ``None`` if it does.

    >>> misfit("snow", {"enum": ["dry", "rain"]})
    "'snow' is none of 'dry', 'rain'"
    """
    return next(_misfits(value, schema, schema if whole is None else whole), None)


def fitting(words: Sequence[str], schema: Schema) -> list[Any]:
    """What words on a command line can mean under a schema, the likeliest first; empty if nothing fits.

    >>> fitting(["0.5"], {"type": "number"}), fitting(["reject", "buy"], RULING)
    ([0.5], [{'verdict': 'reject', 'action': 'buy'}])
    """
    text = " ".join(words)
    meant = [*_read(text)]
    if len(words) > 1:
        meant += [{"verdict": words[0], "action": action} for action in _read(" ".join(words[1:]))]
    return [value for value in meant if misfit(value, schema) is None]


def ruling(action: Schema) -> dict[str, Any]:
    """The schema of a gate's answer about an action: to approve it, or to reject or edit it with another one."""
    inner = {key: value for key, value in action.items() if key != "$defs"}
    changed = {
        "type": "object",
        "properties": {"verdict": {"enum": ["reject", "edit"]}, "action": inner},
        "required": ["verdict", "action"],
        "additionalProperties": False,
    }
    return {"anyOf": [{"const": "approve"}, changed], "$defs": action.get("$defs", {})}


RULING = ruling({"type": "string"})
"""Such a schema where any text is an action."""


def _read(text: str) -> Iterator[Any]:
    yield text
    try:
        yield json.loads(text)
    except ValueError:
        return


def _misfits(value: Any, schema: Schema, whole: Schema) -> Iterator[str]:  # noqa: ANN401
    if "$ref" in schema:
        schema = whole.get("$defs", {})[str(schema["$ref"]).rpartition("/")[2]]
    yield from _named(value, schema)
    yield from _typed(value, schema)
    if "anyOf" in schema:
        found = [misfit(value, option, whole) for option in schema["anyOf"]]
        if None not in found:
            yield "; and ".join(dict.fromkeys(why for why in found if why))
    for option in schema.get("allOf", ()):
        yield from _misfits(value, option, whole)
    if isinstance(value, dict):
        yield from _members(value, schema, whole)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if (why := misfit(item, schema.get("items", {}), whole)) is not None:
                yield f"item {index}: {why}"


def _named(value: Any, schema: Schema) -> Iterator[str]:  # noqa: ANN401
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is not None and not any(value == a and type(value) is type(a) for a in allowed):
        yield f"{value!r} is none of {', '.join(map(repr, allowed))}"


def _typed(value: Any, schema: Schema) -> Iterator[str]:  # noqa: ANN401
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{value!r} is no {' or '.join(kinds)}"
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        for name, holds in _BOUNDS.items():
            if name in schema and not holds(value, schema[name]):
                yield f"{value!r} isn't within {name} {schema[name]}"
    if isinstance(value, str | list):
        for name, holds in _SIZES.items():
            if (
                name in schema
                and name.endswith("Length") == isinstance(value, str)
                and not holds(len(value), schema[name])
            ):
                yield f"{value!r} has a size of {len(value)}, {name} is {schema[name]}"


def _is(value: Any, kind: str) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, (object,)))


def _members(value: Mapping[str, Any], schema: Schema, whole: Schema) -> Iterator[str]:
    known = schema.get("properties", {})
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        yield f"{', '.join(missing)} is missing"
    for name, member in value.items():
        inner = known.get(name, schema.get("additionalProperties", True))
        if inner is False:
            yield f"there is no {name!r} in it"
        elif isinstance(inner, Mapping) and (why := misfit(member, inner, whole)) is not None:
            yield f"{name}: {why}"
