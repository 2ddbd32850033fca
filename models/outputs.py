"""From the text a model wrote to the value it stands for: strictly, and with one chance to mend it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .protocol import Message, Request, T

MAX_CHARACTERS = 200_000
"""No sensible reply is longer; what a runaway model writes isn't parsed."""

SHOWN = 4_000
"""Characters of an unfit reply that its repair turn shows to the model."""

FENCE = re.compile(r"\A```(?:json)?\s*\n(.*)\n\s*```\Z", re.DOTALL)


class UnfitError(ValueError):
    """A reply that doesn't fit its type; the message says where and why, in words that a model can act on."""


def parse(text: str, kind: type[T]) -> T:
    """The value that a reply stands for.

    The reply is one JSON document; a Markdown fence around all of it is taken off. Unknown and repeated keys, NaN and
    infinite numbers are refused, whatever ``kind`` itself would allow.

    Raises:
        UnfitError: It doesn't fit.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnfitError(f"the reply has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    text = text.strip()
    fenced = FENCE.match(text)
    text = fenced.group(1) if fenced else text
    _check_json(text)
    try:
        return kind.model_validate_json(text, extra="forbid")
    except ValidationError as error:
        raise UnfitError("; ".join(_problem(detail) for detail in error.errors(include_url=False))) from None


def repair(request: Request[T], text: str, problem: str) -> Request[T]:
    """The question after an unfit reply: the same conversation, the reply, and what is wrong with it."""
    shown = text if len(text) <= SHOWN else text[:SHOWN] + " [...]"
    again = (
        f"That reply can't be used: {problem}.\n"
        "Answer the same question again with one JSON object that fits the schema, and nothing else."
    )
    turns = (Message("assistant", shown), Message("user", again))
    return replace(request, messages=(*request.messages, *turns))


def _check_json(text: str) -> None:
    """What pydantic's parser lets pass."""
    try:
        json.loads(text, object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise UnfitError(f"it isn't JSON: line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise UnfitError("it isn't JSON that can be read: nested too deeply") from None
    except ValueError as error:
        raise error if isinstance(error, UnfitError) else UnfitError("it holds a number with too many digits") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UnfitError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _not_finite(digits)


def _not_finite(digits: str) -> NoReturn:
    raise UnfitError(f"{digits} isn't a finite number")


def _problem(detail: ErrorDetails) -> str:
    """One validation error by pydantic's stable code and its numbers: the wording differs between versions."""
    where = ".".join(str(part) for part in detail["loc"]) or "the whole reply"
    facts = ", ".join(f"{key} {value}" for key, value in detail.get("ctx", {}).items())
    return f"{where}: {detail['type'].replace('_', ' ')}" + (f" ({facts})" if facts else "")
