"""Beliefs as earlier versions of Doxa wrote them, brought up to the present form, a version at a time.

Version 1 had no exclusions, kinds, validity, examples or parents; its evidence had no outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BeliefError

VERSION = 2
"""Of the form that beliefs and belief events are written in."""

Data = dict[str, Any]


def upgraded(belief: Data, version: int) -> Data:
    """A belief's JSON of some version in the present form. What isn't right stays so, for validation to name it.

    Raises:
        BeliefError: This doxa doesn't know the version.
    """
    for step in _STEPS[_known(version) - 1 :]:
        belief = step(belief)
    return belief


def upgraded_event(payload: Mapping[str, Any], episode: int | None) -> Data:
    """A belief event's payload of any version in the present form; a payload without a version is of the first.

    Args:
        payload: As the journal has it.
        episode: Where it stands.

    Raises:
        BeliefError: This doxa doesn't know the version.
    """
    version = _known(payload.get("version", 1))
    data = {**payload, "version": VERSION, "restored": [upgraded(b, version) for b in payload.get("restored", ())]}
    if payload["added"]:
        data["added"] = upgraded(payload["added"], version)
        if version == 1 and payload["proposal"]["kind"] not in {"merger", "importation"}:
            data["added"] |= {"recorded": episode, "generation": payload.get("generation", "")}
    return data


def _known(version: object) -> int:
    if type(version) is int and 1 <= version <= VERSION:
        return version
    raise BeliefError(f"version {version!r} of beliefs; this doxa reads versions 1 to {VERSION}: upgrade doxa")


def _second(belief: Data) -> Data:
    """Version 1 to 2."""
    new: Data = {"kind": "belief", "valid_from": None, "valid_to": None, "recorded": None, "retracted": None}
    new |= {"model": "", "prompt": "", "held_back": "", "generation": "", "parents": [], "examples": {}}
    if extra := sorted(new.keys() & belief.keys()):
        raise BeliefError(f"{extra[0]}: a belief of version 1 has no such field")
    return {**belief, **new}


_STEPS: tuple[Callable[[Data], Data], ...] = (_second,)
"""From each version to the next."""
