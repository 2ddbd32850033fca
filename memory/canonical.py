"""The one way Doxa writes JSON that is hashed or compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

DEPTH = 64
"""How deep JSON may be nested that goes from one home to another."""

_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def canonical(value: object) -> str:
    """``value`` as compact JSON: keys sorted, no NaN, text as it is; equal values give equal strings everywhere.

    Raises:
        TypeError: Something in it isn't JSON.
        ValueError: A number in it isn't finite.
    """
    text = _ENCODER.encode(value)
    if text.isascii():
        return text
    # a model can write half of a surrogate pair, which UTF-8 can't; as an escape it stays valid JSON and comes back
    return text.encode("utf-8", "backslashreplace").decode()


def shallow(value: object, room: int = DEPTH) -> bool:
    """Whether a JSON value is nested at most ``room`` levels deep."""
    if isinstance(value, dict | list | tuple):
        inner: Iterable[object] = value.values() if isinstance(value, dict) else value
        return room > 0 and all(shallow(each, room - 1) for each in inner)
    return True


def sha256(text: str) -> str:
    """The hex digest of ``text``, whatever characters are in it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def difference(recorded: object, now: object, path: str = "payload") -> str:
    """Where two JSON values first differ, in words.

    >>> difference({"a": [1, 2]}, {"a": [1, 3]})
    'payload.a[1] was 2, is now 3'
    """
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in sorted({*recorded, *now}):
            inner = f"{path}.{name}"
            if name not in now:
                return f"{inner} was {_short(recorded[name])}, is now missing"
            if name not in recorded:
                return f"{inner} was missing, is now {_short(now[name])}"
            if canonical(recorded[name]) != canonical(now[name]):
                return difference(recorded[name], now[name], inner)
    if isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, (before, after) in enumerate(zip(recorded, now, strict=True)):
            if canonical(before) != canonical(after):
                return difference(before, after, f"{path}[{index}]")
    return f"{path} was {_short(recorded)}, is now {_short(now)}"


def _short(value: object, limit: int = 80) -> str:
    text = canonical(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
