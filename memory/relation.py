"""What two beliefs are to each other: the same, a contradiction, different, or open. Structure first, then words.

==============  ==================================================================================================
``same``        aspect, polarity and scope agree, and the texts are near and don't take each other back
``contradicts`` both can apply, and the polarity is the opposite; or the advice is turned round in nearly the same words
``open``        structure leaves it open and the words don't decide; a judge may
``different``   everything else
==============  ==================================================================================================

What structure says is believed: texts alone can't tell a contradiction from a paraphrase. Where they are near but give
reason to doubt, what is the same is so without being sure, and a judge is asked if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .belief import Belief, Scope
from .likeness import Likeness, in_order, likeness, share
from .nearness import WORDS, Nearness
from .scope import overlap, same

Relation = Literal["same", "contradicts", "open", "different"]

UNKNOWN = frozenset(("", "-", "any", "general", "none", "unknown"))
"""Aspects that name none: such beliefs are compared by their texts alone."""

OPEN_TEXT = 0.3
"""Share of common words from which it's open whether two lessons without an aspect say the same."""
SAME_SCOPE = 0.6
"""Share of common words from which two sentences on when a lesson applies say the same."""
TURNED = 0.6
"""Share of common words from which advice that is turned round is about the same thing."""

ORDERED = 0.6
"""Share of both texts' words that stand in the same order, from which one is the other but for what is turned."""


@dataclass(frozen=True)
class Related:
    """What two beliefs are to each other.

    Attributes:
        relation: In a word.
        reason: What decided.
        nearness: How near their texts are, in [0, 1].
        sure: Whether that needs no judge, where there is one.
    """

    relation: Relation
    reason: str
    nearness: float = 0.0
    sure: bool = True

    @property
    def judged(self) -> bool:
        """Whether a judge, if there is one, is to decide."""
        return self.relation == "open" or not self.sure


def known(aspect: str) -> bool:
    """Whether an aspect names anything."""
    return aspect.strip().casefold() not in UNKNOWN


def related(one: Belief, other: Belief, cosine: float = 0.0, near: Nearness = WORDS) -> Related:
    """Compare two beliefs.

    Args:
        one: A belief.
        other: Another one.
        cosine: Of what they say, concept and statement.
        near: From when texts that agree in all else say the same, by who made the cosine.
    """
    textual = not (known(one.aspect) and known(other.aspect))
    if reason := _unrelated(one, other, textual=textual):
        return Related("different", reason)
    text = likeness(one.statement, other.statement)
    if text.elsewhere:
        return Related("different", "they are said of conditions that exclude each other", text.share)
    if not textual and one.polarity != other.polarity:
        return Related("contradicts", "the polarity is the opposite", text.share)
    if found := _plain(one, other, text, textual=textual):
        return found
    return _free(text) if textual else _structured(one, other, text, cosine, near)


def _unrelated(one: Belief, other: Belief, *, textual: bool) -> str:
    """Why two beliefs have nothing to do with each other by their structure; empty if they may have."""
    if (one.kind == "behaviour") != (other.kind == "behaviour"):
        return "one is a behaviour"
    if not textual and one.aspect.strip() != other.aspect.strip():
        return "they bear on other aspects"
    apart = not overlap(one.scope, other.scope) or _excluded(one.scope, other.scope)
    return "they never both apply" if apart else ""


def _structured(one: Belief, other: Belief, text: Likeness, cosine: float, near: Nearness) -> Related:
    """One aspect, one polarity, one scope: it's the same unless the texts are about something else."""
    common = share(one.whole, other.whole)
    score = max(0.0, near.of(common, cosine))
    why = f"{common:.0%} of the words are the same" + (f", at a cosine of {cosine:.2f}" if near.weight else "")
    denied = (text.doubtful or text.opposed) and text.share >= TURNED
    if score < near.open:
        return Related("different", "the words are others", score)
    if score < near.same or denied or text.apart:
        return Related("open", f"{why}, which doesn't decide it", score)
    return Related("same", why, score, score >= near.sure and not (text.opposed or text.doubtful))


def _free(text: Likeness) -> Related:
    """Without an aspect only the very same words are merged unasked."""
    if text.share >= OPEN_TEXT:
        return Related("open", f"{text.share:.0%} of the words are the same, which doesn't decide it", text.share)
    return Related("different", "the words are others", text.share)


def _plain(one: Belief, other: Belief, text: Likeness, *, textual: bool) -> Related | None:
    """The very same words, advice that is turned round in its own words, another scope.

    Where the structure says that the advice is the same, the words say otherwise only if they stand in the same order:
    a sentence that is built anew is easily misread.
    """
    if _folded(one.statement) == _folded(other.statement):
        return Related("same", "word for word", 1.0) if _one_scope(one.scope, other.scope) else _narrower(1.0)
    if text.opposed and text.share >= TURNED and (textual or in_order(one.statement, other.statement) >= ORDERED):
        return Related("contradicts", f"the advice is turned round ({text.told or 'its order'})", text.share)
    return None if _one_scope(one.scope, other.scope) else _narrower(text.share)


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
    return texts.share >= SAME_SCOPE and not (texts.opposed or texts.elsewhere or texts.apart)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
