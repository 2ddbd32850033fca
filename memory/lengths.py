"""How long what a belief says may be: no prompt bears more, and no pattern that reads it is given more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from .belief import Examples, Scope

SENTENCE = 400
"""Characters of a statement or of a scope's sentence."""
NAME = 80
"""Characters of a concept, of a fact's name, or of an agent's."""
ASPECT = 8 * NAME
"""Characters of an aspect: a behaviour's names several."""
LISTED = 200
"""Conditions, situations, facts of one, texts that one condition allows, or agents."""


class Says(Protocol):
    """What a lesson and a belief have in common."""

    @property
    def concept(self) -> str:
        """The idea in a few words."""
        ...

    @property
    def statement(self) -> str:
        """The lesson."""
        ...

    @property
    def aspect(self) -> str:
        """What it bears on."""
        ...

    @property
    def scope(self) -> Scope:
        """When it applies."""
        ...

    @property
    def audience(self) -> tuple[str, ...]:
        """For whom."""
        ...

    @property
    def examples(self) -> Examples:
        """What its scope is tested with."""
        ...


def oversized(said: Says) -> str | None:
    """Which part of a lesson is too long, in words; ``None`` if none is."""
    for what, found, most in _listed(said):
        if len(found) > most:
            return f"{what} has {len(found)} entries; it may have at most {most}"
    for what, text, most in _texts(said):
        if len(text) > most:
            return f"{what} has {len(text)} characters; it may have at most {most}"
    return None


def _listed(said: Says) -> Iterator[tuple[str, Sequence[object], int]]:
    scope, examples = said.scope, (*said.examples.fire, *said.examples.quiet)
    yield "its scope", (*scope.when, *scope.unless), LISTED
    yield "its audience", said.audience, LISTED
    yield "its list of examples", examples, LISTED
    yield from (("an example", example.given, LISTED) for example in examples)
    yield from (("a condition", p.value, LISTED) for p in (*scope.when, *scope.unless) if isinstance(p.value, tuple))


def _texts(said: Says) -> Iterator[tuple[str, str, int]]:
    yield from (("its concept", said.concept, NAME), ("its statement", said.statement, SENTENCE))
    yield from (("its aspect", said.aspect, ASPECT), ("its scope's sentence", said.scope.sentence, SENTENCE))
    yield from (("the name of an agent", agent, NAME) for agent in said.audience)
    for p in (*said.scope.when, *said.scope.unless):
        yield "the name of a fact", p.fact, NAME
        yield from (
            ("a fact's value", str(v), SENTENCE) for v in (p.value if isinstance(p.value, tuple) else [p.value])
        )
    for given in (g for s in (*said.examples.fire, *said.examples.quiet) for g in s.given):
        yield from (("the name of a fact", given.fact, NAME), ("a fact's value", str(given.value), SENTENCE))
