"""What an experiment is made of, as canonical JSON: a run records it, and a resumed run has to have the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel

from ..environments.protocol import Environment
from ..errors import SpecError
from ..models.protocol import Model


class _Absent:
    def __repr__(self) -> str:
        return "not there"


ABSENT = _Absent()
"""Stands for a field that one of two specifications lacks."""


def specify(part: object) -> Any:  # noqa: ANN401
    """A component as JSON: its type and arguments; an environment by its spec, a model by its name.

    Anything else may say so itself with a method ``spec() -> JSON``.

    Raises:
        SpecError: The component can't be described, so a run with it couldn't be told from another one.
    """
    if part is None or isinstance(part, str | int | float | bool | tuple | list | dict):
        return _plain(part)
    if isinstance(part, Environment):
        return specify(part.spec)
    if isinstance(part, Model):
        return part.name
    if callable(own := getattr(part, "spec", None)):
        return own()
    if is_dataclass(part) and not isinstance(part, type):
        return {"type": type(part).__name__} | {f.name: specify(getattr(part, f.name)) for f in fields(part) if f.repr}
    return _plain(part)


def _plain(part: object) -> Any:  # noqa: ANN401
    if part is None or isinstance(part, str | int | float | bool):
        return part.value if isinstance(part, Enum) else part
    if isinstance(part, Mapping):
        return {str(key): specify(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [specify(value) for value in part]
    if isinstance(part, BaseModel):
        return {"type": type(part).__name__, **part.model_dump(mode="json")}
    return _named(part)


def _named(part: object) -> dict[str, str]:
    if isinstance(name := getattr(part, "name", None), str):
        return {"type": type(part).__name__, "name": name}
    if callable(part) and hasattr(part, "__qualname__"):
        return {"type": "function", "name": part.__qualname__}
    raise SpecError(
        f"a {type(part).__name__} can't be described, and so a run with it couldn't be told from another: make it a "
        "dataclass, or give it a method spec() that returns its name and arguments as JSON"
    )


def differences(recorded: Any, now: Any, where: str = "") -> list[str]:  # noqa: ANN401
    """Where two specifications differ: one line ``path: was X, is Y`` each."""
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        keys = sorted({*recorded, *now})
        return [
            d
            for key in keys
            for d in differences(recorded.get(key, ABSENT), now.get(key, ABSENT), f"{where}.{key}".lstrip("."))
        ]
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        return [
            d for i, (a, b) in enumerate(zip(recorded, now, strict=True)) for d in differences(a, b, f"{where}[{i}]")
        ]
    return [] if recorded == now else [f"{where}: was {recorded!r}, is {now!r}"]
