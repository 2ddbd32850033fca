"""What two beliefs are to each other: the same, a contradiction, different, or open. Structure first, then words.

==============  ==================================================================================================
``same``        aspect, polarity and scope agree, and the texts are near and don't take each other back
``contradicts`` both can apply, and polarity or advice is the opposite
``open``        structure leaves it open and the words don't decide; a judge may
``different``   everything else
==============  ==================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .belief import Belief, Scope
from .likeness import Likeness, likeness
from .scope import overlap, same

Relation = Literal["same", "contradicts", "open", "different"]

UNKNOWN = frozenset(("", "-", "any", "general", "none", "unknown"))
"""Aspects that name none: such beliefs are compared by their texts alone."""

SAME, OPEN = 0.4, 0.3
"""Share of common words from which two lessons on one aspect say the same, and from which that is open."""
OPEN_TEXT = 0.4
"""The latter where an aspect is unknown: without structure only the very same words are merged unasked."""
SAME_SCOPE = 0.6
"""Share of common words from which two sentences on when a lesson applies say the same."""
TURNED = 0.4
"""Share of common words from which advice that is turned round is about the same thing."""


@dataclass(frozen=True)
class Related:
    """What two beliefs are to each other.

    Attributes:
        relation: In a word.
        reason: What decided.
        nearness: Share of common words, in [0, 1].
    """

    relation: Relation
    reason: str
    nearness: float = 0.0


def known(aspect: str) -> bool:
    """Whether an aspect names anything."""
    return aspect.strip().casefold() not in UNKNOWN


def related(one: Belief, other: Belief, cosine: float = 0.0, near: float = 2.0) -> Related:
    """Compare two beliefs.

    Args:
        one: A belief.
        other: Another one.
        cosine: Of their statements.
        near: Cosine from which statements that agree in all else say the same; above 1 to go by words alone.
    """
    if (one.kind == "behaviour") != (other.kind == "behaviour"):
        return Related("different", "one is a behaviour")
    textual = not (known(one.aspect) and known(other.aspect))
    if not textual and one.aspect.strip() != other.aspect.strip():
        return Related("different", "they bear on other aspects")
    if not overlap(one.scope, other.scope) or _excluded(one.scope, other.scope):
        return Related("different", "they never both apply")
    text = likeness(one.statement, other.statement)
    if text.elsewhere:
        return Related("different", "they are said of conditions that exclude each other", text.common)
    if not textual and one.polarity != other.polarity:
        return Related("contradicts", "the polarity is the opposite", text.common)
    return _worded(one, other, text, cosine >= near, textual=textual)


def _worded(one: Belief, other: Belief, text: Likeness, near: bool, *, textual: bool) -> Related:  # noqa: FBT001
    """The words decide."""
    if _folded(one.statement) == _folded(other.statement):
        return Related("same", "word for word", 1.0) if _one_scope(one.scope, other.scope) else _narrower(1.0)
    if text.opposed and text.common >= TURNED:
        return Related("contradicts", f"the advice is turned round ({text.told or 'its order'})", text.common)
    if not _one_scope(one.scope, other.scope):
        return _narrower(text.common)
    whole = text if textual else likeness(f"{one.statement} {one.concept}.", f"{other.statement} {other.concept}.")
    unsure = textual or text.opposed or text.apart or text.doubtful
    if (near or whole.common >= SAME) and not unsure:
        return Related("same", f"{whole.common:.0%} of the words mean the same", whole.common)
    if near or whole.common >= (OPEN_TEXT if textual else OPEN):
        return Related("open", f"{whole.common:.0%} of the words mean the same, which doesn't decide it", whole.common)
    return Related("different", "the words are others", whole.common)


def _narrower(nearness: float) -> Related:
    return Related("different", "they apply in other situations", nearness)


def _excluded(one: Scope, other: Scope) -> bool:
    """Whether the sentences of two scopes exclude each other, where there are no conditions to tell."""
    if (one.when and other.when) or not (one.sentence and other.sentence):
        return False
    texts = likeness(one.sentence, other.sentence)
    return texts.elsewhere or texts.opposed or texts.apart


def _one_scope(one: Scope, other: Scope) -> bool:
    """Whether two scopes are the same; the sentence only says the conditions again, if there are any."""
    if not same(one, other):
        return False
    a, b = _folded(one.sentence), _folded(other.sentence)
    if a == b or one.when:
        return True
    texts = likeness(a, b)
    return texts.common >= SAME_SCOPE and not (texts.opposed or texts.elsewhere or texts.apart)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
