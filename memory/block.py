"""Beliefs as an agent reads them in its prompt: one line each, and back again.

The grammar of a line::

    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT
    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT (disputed)
    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT | when: SCOPE
    [ID] ASPECT | POLARITY | STRENGTH | STATEMENT (disputed) | when: SCOPE
    [ID] behaviour NAME | ASPECT, ASPECT | POLARITY | STRENGTH | STATEMENT ...
    [ID] hint INSTANCE | ASPECT | POLARITY | STRENGTH | STATEMENT ...

    ID         b- and ten hex digits
    NAME       of a behaviour, which stands for the beliefs that it was distilled from and bears on all their aspects
    INSTANCE   the one that a hint is for, e.g. asset == AAPL
    ASPECT     what it bears on: a source, or source.signal
    POLARITY   for (trust the aspect) or against (act against it)
    STRENGTH   its credence in [0, 1], two decimals
    STATEMENT  the lesson, one sentence
    SCOPE      when it applies: its sentence, or else its conditions; left out if it always does

What a person said, kind ``feedback``, has the line of a belief.

A line is one line and ``|`` only ever separates: whatever a model wrote is put on one line, its bars become slashes,
and it can't pretend to be disputed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..errors import BeliefError
from ..neutral import neutral
from .belief import Belief, Polarity, Status
from .scope import instance

Form = Literal["belief", "behaviour", "hint"]
"""What a line is of."""
_FORMS: dict[str, Form] = {"behaviour": "behaviour", "hint": "hint"}
_LINE = re.compile(
    r"\[(?P<id>b-[0-9a-f]{10})\] (?:(?P<form>behaviour|hint) (?P<of>[^|]+) \| )?(?P<aspect>[^|]+)"
    r" \| (?P<polarity>for|against) \| (?P<strength>[01]\.\d\d)"
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
    """The scope's sentence, or its conditions."""
    form: Form = "belief"
    of: str = ""
    """A behaviour's name, or the instance that a hint is for."""


def render(beliefs: Iterable[Belief]) -> str:
    """The belief block of a prompt, in the order given; empty if there are none. Grammar: see the module."""
    return "\n".join(line(belief) for belief in beliefs)


def line(belief: Belief) -> str:
    """One belief's line."""
    mark = " (disputed)" if belief.status is Status.DISPUTED else ""
    said = _applies(belief)
    when = f" | when: {plain(said)}" if said else ""
    head = f"[{belief.id}] {_form(belief)}{plain(belief.aspect)} | {belief.polarity} | {belief.credence.mean:.2f}"
    return f"{head} | {plain(belief.statement)}{mark}{when}"


def _applies(belief: Belief) -> str:
    """When it applies: the scope's sentence, or its conditions but for the instance that a hint names anyway."""
    if belief.scope.sentence.strip():
        return belief.scope.sentence
    named = {str(p) for p in instance(belief.scope)} if belief.kind == "hint" else set[str]()
    return " and ".join(told for told in belief.scope.conditions if told not in named)


def parse(block: str) -> tuple[BeliefLine, ...]:
    """Read a block back.

    Raises:
        BeliefError: A line isn't one of a belief.
    """
    return tuple(_read(text) for text in block.splitlines() if text.strip())


def plain(text: str) -> str:
    """Text that can't break a line: no line ends, control characters or bars, and no mark of ours."""
    shown = "".join(c if c.isprintable() else " " for c in neutral(text).text).replace("|", "/")
    return " ".join(shown.replace("(disputed)", "[disputed]").split()) or "-"


def _form(belief: Belief) -> str:
    """How the line of a behaviour or a hint begins."""
    if belief.kind == "behaviour":
        return f"behaviour {plain(belief.concept)} | "
    if belief.kind == "hint":
        bound = " and ".join(map(str, instance(belief.scope)))
        return f"hint {plain(bound)} | "
    return ""


def _read(text: str) -> BeliefLine:
    found = _LINE.fullmatch(text)
    if found is None:
        raise BeliefError(
            f"{text!r} isn't a belief's line: '[b-0123456789] aspect | for | 0.73 | statement', with "
            "'behaviour name | ' or 'hint instance | ' before the aspect of one, and then ' (disputed)' "
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
        _FORMS.get(found["form"], "belief"),
        found["of"] or "",
    )
