"""Beliefs as an agent reads them in its prompt: one line each, and back again.

The grammar of a line::

    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT
    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT (disputed)
    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT | when: SCOPE
    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT (disputed) | when: SCOPE

    ID         b- and ten hex digits
    ASPECT     what it bears on: a source, or source.signal
    POLARITY   for (trust the aspect) or against (act against it)
    STRENGTH   its credence in [0, 1], two decimals
    STATEMENT  the lesson, one sentence
    SCOPE      when it applies, in words; left out if it always does

A line is one line and ``|`` only ever separates: whatever a model wrote is put on one line, its bars become slashes,
and it can't pretend to be disputed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BeliefError
from .belief import Belief, Polarity, Status

_LINE = re.compile(
    r"\[(?P<id>b-[0-9a-f]{10})\] (?P<aspect>[^|]+) \| (?P<polarity>for|against) \| (?P<strength>[01]\.\d\d)"
    r" \| (?P<statement>[^|]+?)(?P<disputed> \(disputed\))?(?: \| when: (?P<when>[^|]+))?"
)


@dataclass(frozen=True)
class BeliefLine:
    """A belief as it stands in a prompt."""

    id: str
    aspect: str
    polarity: Polarity
    strength: float
    statement: str
    disputed: bool = False
    when: str = ""
    """The scope's sentence."""


def render(beliefs: Iterable[Belief]) -> str:
    """The belief block of a prompt, in the order given; empty if there are none. Grammar: see the module."""
    return "\n".join(line(belief) for belief in beliefs)


def line(belief: Belief) -> str:
    """One belief's line."""
    mark = " (disputed)" if belief.status is Status.DISPUTED else ""
    when = f" | when: {plain(belief.scope.sentence)}" if belief.scope.sentence.strip() else ""
    head = f"[{belief.id}] {plain(belief.aspect)} | {belief.polarity} | {belief.credence.mean:.2f}"
    return f"{head} | {plain(belief.statement)}{mark}{when}"


def parse(block: str) -> tuple[BeliefLine, ...]:
    """Read a block back.

    Raises:
        BeliefError: A line isn't one of a belief.
    """
    return tuple(_read(text) for text in block.splitlines() if text.strip())


def plain(text: str) -> str:
    """Text that can't break a line: no line ends, control characters or bars, and no mark of ours."""
    shown = "".join(c if c.isprintable() else " " for c in text).replace("|", "/")
    return " ".join(shown.replace("(disputed)", "[disputed]").split()) or "-"


def _read(text: str) -> BeliefLine:
    found = _LINE.fullmatch(text)
    if found is None:
        raise BeliefError(
            f"{text!r} isn't a belief's line: '[b-0123456789] aspect | for | 0.73 | statement', then ' (disputed)' "
            "and ' | when: scope' where they apply"
        )
    return BeliefLine(
        found["id"],
        found["aspect"],
        "for" if found["polarity"] == "for" else "against",
        float(found["strength"]),
        found["statement"],
        found["disputed"] is not None,
        found["when"] or "",
    )
