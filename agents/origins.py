"""Whose words are in what an agent says, and what of it is numbers and choices."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from ..environments.protocol import ActionSchema, EnvironmentSpec, Source
from ..memory.provenance import Provenance, made_from, united

if TYPE_CHECKING:
    from .episode import Episode

_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?", re.ASCII)


def strangers(spec: EnvironmentSpec) -> tuple[str, ...]:
    """The sources whose text strangers write."""
    return tuple(sorted(source.name for source in spec.sources if not source.trusted))


def insight_origin(agent: str, source: str | None, episode: Episode, recalled: Iterable[str] = ()) -> Provenance:
    """Of an insight's note: what the agent read, what it was taught, and what it remembered.

    Args:
        agent: Whose.
        source: What it reads; whoever reads none has heard the others.
        episode: In which.
        recalled: Sources of strangers' words that it remembered.
    """
    untrusted, now = strangers(episode.environment.spec), episode.observation.as_of
    sources = (source,) if source else tuple(sorted(s.name for s in episode.environment.spec.sources))
    return Provenance(
        sources=sources,
        author=agent,
        time=None if now is None else now.isoformat(),
        words=united([set(sources) & set(untrusted), episode.words.get(agent, ()), recalled]),
    )


def decision_origin(manager: str, insights: Mapping[str, Mapping[str, Any]], episode: Episode) -> Provenance:
    """Of a decision's note: it may repeat any insight's, and any belief's; its action is a choice and clean."""
    now = episode.observation.as_of
    parts = [Provenance.model_validate(i["provenance"]) for i in insights.values() if "provenance" in i]
    parts.append(Provenance(author=manager, words=episode.words.get(manager, ())))
    return made_from(parts, author=manager, time=None if now is None else now.isoformat())


def declassified(
    readings: Iterable[Mapping[str, Any]], source: Source, action: ActionSchema
) -> list[Mapping[str, Any]]:
    """The readings of a source that are numbers and choices: on an aspect that it declares, for an action there is.

    Nothing is left out of a trusted source's.
    """
    if source.trusted:
        return list(readings)
    aspects = {source.name, *(f"{source.name}.{signal.name}" for signal in source.signals)}
    said = choosable(action)
    known = (r for r in readings if r["aspect"] in aspects)
    return [r for r in known if r["supports"] in said or _NUMBER.fullmatch(r["supports"])]


def choosable(action: ActionSchema) -> frozenset[str]:
    """Everything that can be chosen, as evidence names it: ``buy``, or ``TSLA=buy``."""
    return frozenset(_named(_schema(action)))


def free_text(action: ActionSchema) -> bool:
    """Whether an action can hold words of an agent's own: then what critics see of it is no choice."""
    return _wordy(_schema(action))


def worded(spec: EnvironmentSpec) -> bool:
    """Whether strangers' words may be in an action: it can hold words, and an agent reads theirs."""
    return bool(strangers(spec)) and free_text(spec.action)


def _named(schema: Mapping[str, Any]) -> Iterable[str]:
    yield from (str(option) for option in _options(schema))
    for part, inner in schema.get("properties", {}).items():
        yield from (f"{part}={option}" for option in _options(inner))


def _options(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*schema.get("enum", ()), *((schema["const"],) if "const" in schema else ()))


def _wordy(schema: Any) -> bool:  # noqa: ANN401  any part of a JSON schema
    if isinstance(schema, Mapping):
        if "enum" in schema or "const" in schema:
            return False
        if schema.get("type") == "string" or not schema:
            return True
        inner = {k: v for k, v in schema.items() if k in {"items", "prefixItems", "anyOf", "oneOf", "allOf"}}
        parts = [*inner.values(), *schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
        return any(_wordy(part) for part in parts)
    return any(_wordy(part) for part in schema) if isinstance(schema, list) else False


def _schema(action: ActionSchema) -> Mapping[str, Any]:
    return _made(action) if isinstance(action, Hashable) else _made.__wrapped__(action)


@lru_cache(maxsize=64)
def _made(action: ActionSchema) -> Mapping[str, Any]:
    return TypeAdapter(action.annotation()).json_schema()
