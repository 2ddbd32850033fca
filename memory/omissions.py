"""What a recording lacks: a setting that there wasn't yet, when it was made, counts as its default.

So a component may get a new field, if that has a default, and everything recorded before still is what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

Describe = Callable[[object], Any]
"""A value as JSON."""


def as_recorded(part: object, told: Any, recorded: Any, describe: Describe) -> Any:  # noqa: ANN401  any JSON
    """``told`` without the fields that ``recorded`` lacks and that are at their default.

    What differs otherwise stays, so that it is noticed: fields at other values, and those that never had a default.

    Args:
        part: The component that ``told`` describes: a dataclass, a pydantic model, or a collection of such.
        told: It as JSON.
        recorded: The same component as JSON, as it was recorded.
        describe: Made ``told``.
    """
    if isinstance(told, Mapping) and isinstance(recorded, Mapping):
        return {
            name: as_recorded(_inner(part, name), value, recorded[name], describe) if name in recorded else value
            for name, value in told.items()
            if name in recorded or not _at_default(part, name, value, describe)
        }
    if isinstance(told, list | tuple) and isinstance(recorded, list | tuple) and len(told) == len(recorded):
        inner: Sequence[Any] = part if isinstance(part, list | tuple) and len(part) == len(told) else [None] * len(told)
        return [as_recorded(p, t, r, describe) for p, t, r in zip(inner, told, recorded, strict=True)]
    return told


def _inner(part: object, name: str) -> Any:  # noqa: ANN401
    inner = part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)
    spec = getattr(inner, "spec", None)
    return spec if is_dataclass(spec) else inner  # an environment is described by its spec


def _at_default(part: object, name: str, told: Any, describe: Describe) -> bool:  # noqa: ANN401
    """Whether a component's field is what it is when nobody sets it."""
    if isinstance(part, BaseModel):
        known = type(part).model_fields.get(name)
        if known is None or known.is_required():
            return False
        return bool(told == to_jsonable_python(known.get_default(call_default_factory=True, validated_data={})))
    declared = {f.name: f for f in fields(part)} if is_dataclass(part) else {}
    if name not in declared:
        return False
    if (factory := declared[name].default_factory) is not MISSING:
        return bool(told == describe(factory()))
    return declared[name].default is not MISSING and bool(told == describe(declared[name].default))
