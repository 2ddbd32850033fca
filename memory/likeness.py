"""How many words two texts share, and whether one takes back what the other advises. No model in the loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TypeAlias

from .clauses import Mention, Sense
from .stemming import sequence, stems
from .wording import read

_MOST = 200
"""Words of a text that are compared with every word of another: more than a critic or a person may say at once."""
_Paired: TypeAlias = Sequence[tuple[Mention, Sequence[Mention]]]
"""A text's words, each with those of the other text that mean the same or the opposite."""


@dataclass(frozen=True)
class Likeness:
    """Two texts side by side.

    Attributes:
        share: Share of both texts' words that the other has too, by stem, in [0, 1].
        opposed: Whether the advice is turned round.
        elsewhere: Whether it is given under conditions that exclude each other.
        apart: Whether they name other numbers.
        doubtful: Whether only one of them denies something that the other doesn't mention.
        told: The words that are turned round.
    """

    share: float
    opposed: bool
    elsewhere: bool
    apart: bool
    doubtful: bool
    told: str = ""


@dataclass(frozen=True)
class _Clash:
    one: Mention
    other: Mention
    acts: bool
    word: bool

    @property
    def deniable(self) -> bool:
        """Whether a denial elsewhere in the text that doesn't negate it comes to the same."""
        return self.word or self.one.negated != self.other.negated


@lru_cache(maxsize=8192)
def likeness(one: str, other: str) -> Likeness:
    """Compare two texts; symmetric but for the wording of ``told``."""
    a, b = read(one)[:_MOST], read(other)[:_MOST]
    first, second = [(m, _partners(m, b)) for m in a], [(m, _partners(m, a)) for m in b]
    denied = _denied(first), _denied(second)
    clashes = [c for m, others in first for c in _clash(m, others, a)]
    clashes = [c for c in clashes if not (c.deniable and denied[c.one.negative])]
    clashes = [c for c in clashes if not (_carried(c.one, first) or _carried(c.other, second))]
    clashes = [c for c in clashes if not _made_up(c, clashes, a, b)]
    elsewhere = any(c.one.role == c.other.role == "condition" for c in clashes)
    advice = [c for c in clashes if "condition" not in (c.one.role, c.other.role)]
    turned = advice if not _both_turned(advice) else []
    opposed = bool(turned) or _refused(first, second) or _refused(second, first) or _reordered(first)
    doubtful = _denies(a) != _denies(b) and denied[0] != denied[1]
    told = ", ".join(sorted({c.one.stem for c in turned}))
    return Likeness(share(one, other), opposed, elsewhere, _apart(a, b), doubtful, told)


def share(one: str, other: str) -> float:
    """Share of both texts' words that the other has too, by stem, in [0, 1]."""
    a, b = stems(one), stems(other)
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def in_order(one: str, other: str) -> float:
    """Share of both texts' words that the other has too, in the same order, by stem, in [0, 1]."""
    return SequenceMatcher(None, sequence(one)[:_MOST], sequence(other)[:_MOST], autojunk=False).ratio()


def _apart(one: Sequence[Mention], other: Sequence[Mention]) -> bool:
    first, second = _numbers(one), _numbers(other)
    return bool(first and second and not first & second)


def _numbers(mentions: Sequence[Mention]) -> frozenset[str]:
    return frozenset(s.name for m in mentions for s in m.senses if s.kind == "number")


def _partners(mention: Mention, others: Sequence[Mention]) -> tuple[Mention, ...]:
    """Words of the other text that mean the same or the opposite; the very same word, if it is there."""
    found = tuple(o for o in others if _alike(mention, o))
    return tuple(o for o in found if o.stem == mention.stem) or found


def _alike(one: Mention, other: Mention) -> bool:
    return one.stem == other.stem or any(_same(s.name, o.name) for s in one.senses for o in other.senses)


@lru_cache(maxsize=65536)
def _same(one: str, other: str) -> bool:
    """The same sense, or stems that begin alike: "concess" and "conced"."""
    if one == other:
        return True
    if ":" in one or ":" in other:
        return False
    alike = next((i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
    return alike >= 4 and alike >= 0.66 * max(len(one), len(other))


def _clash(mention: Mention, partners: Sequence[Mention], own: Sequence[Mention]) -> Iterator[_Clash]:
    """The opposite of a word, if the other text has only that and this one doesn't have both."""
    pairs = [(s, o) for p in partners for s in mention.senses for o in p.senses if _same(s.name, o.name)]
    if not pairs or any(s.sign == o.sign for s, o in pairs) or any(_denied_alike(mention, p) for p in partners):
        return
    both = {s.name for s, _ in pairs} & {s.name for m in own if m is not mention for s in m.senses if _echoes(s, pairs)}
    turned = [s for s, _ in pairs if s.name not in both]
    other = partners[0]
    named = mention.thing != other.thing and not mention.negated and not other.negated
    if named and turned:
        turned = [s for s in turned if s.kind != "act"]
    if turned:
        kinds = {s.kind for s in turned}
        yield _Clash(mention, other, "state" not in kinds, kinds == {"word"})


def _carried(mention: Mention, text: _Paired) -> bool:
    """Whether only what is done to it turned it round, and the other text does the same: "add X", "X is added"."""
    done = [(m, partners) for m, partners in text if mention.carrier and m.stem == mention.carrier]
    return any(p.negative == m.negative for m, partners in done for p in partners)


def _denied_alike(one: Mention, other: Mention) -> bool:
    """Whether both are denied, only one of them by a negation right before it: "avoid X", "X is to be avoided"."""
    return one.negated != other.negated and one.denied and other.denied


def _refused(one: _Paired, other: _Paired) -> bool:
    """Whether a text refuses as a whole what the other says without any denial of its own."""
    own = [m for m, partners in other if not any(p.negated for p in partners)]
    if _denies(own) or any(m.denied for m, _ in other):
        return False
    return any(m.refused and m.role == "advice" and partners for m, partners in one)


def _echoes(sense: Sense, pairs: Sequence[tuple[Sense, Sense]]) -> bool:
    """Whether a word of one's own says what the other text says."""
    return any(sense.name == o.name and sense.sign == o.sign for _, o in pairs)


def _both_turned(clashes: Sequence[_Clash]) -> bool:
    """Whether act and circumstance are both turned: "buy dips", "sell rallies"; "not longer than", "at most"."""
    acts = [c for c in clashes if c.acts]
    states = [c for c in clashes if not c.acts]
    if len(acts) != 1 or len(states) != 1:
        return False
    (act,), (state,) = acts, states
    bound = state.one.senses[0].name == "state:more"
    return (bound or not act.word) and act.one.clause == state.one.clause and act.other.clause == state.other.clause


def _made_up(clash: _Clash, clashes: Sequence[_Clash], one: Sequence[Mention], other: Sequence[Mention]) -> bool:
    """Whether a bound is turned round together with the verb it bounds: "don't spend for less", "save for at least"."""
    if clash.one.senses[0].name != "state:more":
        return False
    taken = {id(m) for c in clashes for m in (c.one, c.other)}
    first = any(m.negated and m.clause == clash.one.clause and id(m) not in taken for m in one)
    second = any(m.negated and m.clause == clash.other.clause and id(m) not in taken for m in other)
    return first != second


def _denied(text: _Paired) -> bool:
    """Whether a text says no by a word of its own: "bluffing is useless" needs no "don't" to mean it."""
    return _denies([m for m, partners in text if not partners])


def _denies(mentions: Sequence[Mention]) -> bool:
    """Whether a text speaks against anything; what it only sets something off from doesn't count."""
    advice = [m for m in mentions if m.role == "advice"]
    return any(m.negated or any(s.sign < 0 and s.name in _DENIALS for s in m.senses) for m in advice)


_DENIALS = frozenset(
    ("act:trust", "act:accept", "act:start", "state:right", "state:wise", "state:safe", "state:necessary")
)


def _reordered(text: _Paired) -> bool:
    """Whether what comes first in one text comes last in the other, and the other way about."""
    places = [(m.rank, {o.rank for o in partners}) for m, partners in text if partners]
    moved = [rank for rank, others in places if rank and others == {-rank}]
    kept = [rank for rank, others in places if rank and others == {rank}]
    return {*moved} == {1, -1} or (bool(moved) and not kept)
