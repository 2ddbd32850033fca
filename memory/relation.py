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
from .nearness import WORDS, Nearness
from .scope import overlap, same

Relation = Literal["same", "contradicts", "open", "different"]

UNKNOWN = frozenset(("", "-", "any", "general", "none", "unknown"))
"""Aspects that name none: such beliefs are compared by their texts alone."""

OPEN_TEXT = 0.4
"""Share of common words from which it's open whether two lessons without an aspect say the same."""
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


def related(one: Belief, other: Belief, cosine: float = 0.0, near: Nearness = WORDS) -> Related:
    """Compare two beliefs.

    Args:
        one: A belief.
        other: Another one.
        cosine: Of their statements.
        near: From when texts that agree in all else say the same, by who made the cosine; by words alone if not given.
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
    return _worded(one, other, text, cosine, near) if not textual else _free(one, other, text)


def _worded(one: Belief, other: Belief, text: Likeness, cosine: float, near: Nearness) -> Related:
    """One aspect, one polarity: the texts decide."""
    if found := _plain(one, other, text):
        return found
    named = one.concept != other.concept  # an equal one, as "human feedback", tells nothing
    whole = likeness(f"{one.statement} {one.concept}.", f"{other.statement} {other.concept}.") if named else text
    common = whole.common
    score = near.of(common, cosine)
    told = f"{common:.0%} of the words mean the same" + (f", at a cosine of {cosine:.2f}" if near.weight else "")
    if score >= near.same + (near.method if text.method else 0) and not (text.opposed or text.apart or text.doubtful):
        return Related("same", told, common)
    if score >= near.open:
        return Related("open", f"{told}, which doesn't decide it", common)
    return Related("different", "the words are others", common)


def _free(one: Belief, other: Belief, text: Likeness) -> Related:
    """Without an aspect only the very same words are merged unasked."""
    if found := _plain(one, other, text):
        return found
    if text.common >= OPEN_TEXT:
        return Related("open", f"{text.common:.0%} of the words mean the same, which doesn't decide it", text.common)
    return Related("different", "the words are others", text.common)


def _plain(one: Belief, other: Belief, text: Likeness) -> Related | None:
    """What needs no threshold: the very same words, advice that is turned round, another scope."""
    if _folded(one.statement) == _folded(other.statement):
        return Related("same", "word for word", 1.0) if _one_scope(one.scope, other.scope) else _narrower(1.0)
    if text.opposed and text.common >= TURNED:
        return Related("contradicts", f"the advice is turned round ({text.told or 'its order'})", text.common)
    return None if _one_scope(one.scope, other.scope) else _narrower(text.common)


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
