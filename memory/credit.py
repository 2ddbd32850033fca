"""Credit: what beliefs are worth, by the episodes that lots decided.

A belief's *lift* is the mean return of the training episodes in which it was handed out, less that of the episodes in
which it would have been but was held out (:class:`~doxa.memory.holdout.HoldOut`). The lot is drawn without regard to
anything, so a lucky season raises both sides alike, and only what the belief does is left. Where either side is missing
there is no lift: unscored is not zero.

After every training episode the credence of each belief that took part follows. An episode with the belief and one
without it are one outcome, good if the former returned more, half good if both returned the same. ``a`` episodes with
it and ``b`` without it are worth as many outcomes as their harmonic mean, 2ab / (a + b): twenty episodes compared with
a single one tell little more than that one does. Each new episode adds what it adds to that number, split by how many
of the episodes on the other side it speaks well of. A belief that does nothing so drifts to 0.5, and one that was
merely around when things went well gains nothing.

A belief is retired, unless it is pinned, if its lift's interval lies below 0 and lots alone would hardly rank the
returns with it as low as they are (:func:`~doxa.memory.ranks.chance_as_low`): seldom enough for the confidence that is
asked for, over all beliefs that are compared. An interval alone is too sure of returns with two peaks, such as solved
or not. A critic may take the belief up again; while the same episodes are looked back on, it is soon retired again.

Everything here is a pure function of journaled events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Protocol

from .belief import Belief, Status
from .comparison import Comparison
from .disputes import freed
from .holdout import HELD_OUT
from .intervals import Estimate, difference
from .ranks import chance_as_low
from .state import Beliefs, Op, RevisionResult, Update

AUTHOR = "outcomes"
LEAST = 3
"""Episodes on either side below which nothing is demoted."""


class Recorded(Protocol):
    """What credit needs of an event."""

    @property
    def episode(self) -> int:
        """Of which episode."""
        ...

    @property
    def kind(self) -> str:
        """What it records."""
        ...

    @property
    def payload(self) -> Mapping[str, Any]:
        """Its content."""
        ...


@dataclass(frozen=True)
class Exposure:
    """A training episode: what it returned, and who was handed what.

    Attributes:
        episode: Its index.
        value: Its return.
        handed: For every belief that was handed out, the agents that got it.
        held: For every belief that was held out, the agents that would have got it.
    """

    episode: int
    value: float
    handed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """Returns with a belief and without it, each in the order of the episodes."""

    handed: tuple[float, ...]
    held: tuple[float, ...]


@dataclass(frozen=True)
class Lift:
    """What a belief is worth.

    Attributes:
        belief: Its id.
        agent: To whom; ``None`` for the team, whoever of it was handed the belief.
        handed: Episodes with it.
        held: Episodes without it, in which only the lot kept it from being handed out.
        estimate: The lift with its interval; ``None`` if unscored.
    """

    belief: str
    agent: str | None
    handed: int
    held: int
    estimate: Estimate | None

    @property
    def below(self) -> bool:
        """Whether its interval lies below 0."""
        return self.estimate is not None and self.estimate.high is not None and self.estimate.high < 0

    @property
    def words(self) -> str:
        """The lift in a few words."""
        if self.estimate is None:
            return f"unscored: {self.handed} episodes with it, {self.held} without it"
        e = self.estimate
        between = "" if e.low is None or e.high is None else f" [{e.low:+.6g}, {e.high:+.6g}]"
        return f"lift {e.value:+.6g}{between} over {self.handed} episodes with it and {self.held} without it"


def exposures(events: Iterable[Recorded], value: Mapping[int, float] | None = None) -> tuple[Exposure, ...]:
    """The training episodes that have ended, in order, from their ``propagation`` and ``episode.ended`` events.

    Args:
        events: Of one run; others than those are passed over.
        value: Returns of training episodes whose end isn't recorded yet.
    """
    values, chosen = dict(value or {}), dict[int, list[Mapping[str, Any]]]()
    for event in events:
        if event.kind == "episode.ended" and event.payload["mode"] == "train":
            values[event.episode] = event.payload["return"]
        elif event.kind == "propagation":
            chosen.setdefault(event.episode, []).extend(event.payload["candidates"])
    return tuple(_exposure(number, values[number], chosen.get(number, ())) for number in sorted(values))


def lift(seen: Sequence[Exposure], belief: str, agent: str | None = None, confidence: float = 0.95) -> Lift:
    """What a belief is worth to an agent, or to the team."""
    compared = sides(seen, belief, agent)
    estimate = difference(compared.handed, compared.held, confidence)
    return Lift(belief, agent, len(compared.handed), len(compared.held), estimate)


def lifts(seen: Sequence[Exposure], confidence: float = 0.95) -> tuple[Lift, ...]:
    """The lift of every belief that was handed out or held out, to the team and then to every agent; sorted by id."""
    told: dict[str, set[str]] = {}
    for exposure in seen:
        for agents in (exposure.handed, exposure.held):
            for belief, names in agents.items():
                told.setdefault(belief, set()).update(names)
    return tuple(
        lift(seen, belief, agent, confidence) for belief in sorted(told) for agent in (None, *sorted(told[belief]))
    )


def sides(seen: Iterable[Exposure], belief: str, agent: str | None = None) -> Sides:
    """The returns to compare. For the team, an episode is one without a belief only if nobody was handed it."""
    handed, held = list[float](), list[float]()
    for e in seen:
        got, missed = e.handed.get(belief, frozenset()), e.held.get(belief, frozenset())
        if got if agent is None else agent in got:
            handed.append(e.value)
        elif missed if agent is None else agent in missed:
            held.append(e.value)
    return Sides(tuple(handed), tuple(held))


def credit(
    seen: Sequence[Exposure], beliefs: Beliefs, *, known_at: datetime | None, confidence: float = 0.95
) -> tuple[RevisionResult, ...]:
    """What the last of these episodes says of the beliefs that took part in it: credits, then demotions.

    Args:
        seen: Training episodes up to the one to be credited, as far as they are looked back on.
        beliefs: As they stand after it.
        known_at: Time of the latest datum behind its return.
        confidence: Of the lifts' intervals.
    """
    if not seen:
        return ()
    concerned = [beliefs[i] for i in sorted({*seen[-1].handed, *seen[-1].held}) if i in beliefs]
    found = [(belief, lift(seen, belief.id, None, confidence)) for belief in concerned]
    credited = [_credited(b, worth, seen, confidence, known_at) for b, worth in found if worth.estimate is not None]
    return (*credited, *_demotions(_harmful(found, seen, confidence), beliefs, confidence, known_at))


def outcomes(seen: Sequence[Exposure], belief: str) -> Update:
    """What the last episode adds to a belief's credence; nothing where there is nothing to compare it with."""
    last, compared = seen[-1], sides(seen, belief)
    is_handed = belief in last.handed
    own, other = (compared.handed, compared.held) if is_handed else (compared.held, compared.handed)
    if not other:
        return Update(belief=belief)
    gained = _harmonic(len(own), len(other)) - _harmonic(len(own) - 1, len(other))
    above = sum(0.5 if value == last.value else last.value > value for value in other) / len(other)
    good = above if is_handed else 1 - above
    return Update(belief=belief, good=round(gained * good, 6), bad=round(gained * (1 - good), 6))


def _credited(
    belief: Belief, worth: Lift, seen: Sequence[Exposure], confidence: float, known_at: datetime | None
) -> RevisionResult:
    update = outcomes(seen, belief.id).model_copy(update={"known_at": known_at})
    with_it = "with" if belief.id in seen[-1].handed else "without"
    reason = f"an episode {with_it} it that returned {seen[-1].value:+.6g}: {update.good:g} good, {update.bad:g} bad"
    return _result("credit", reason, worth, confidence, (update,), known_at)


def _demotions(
    harmful: Iterable[tuple[Belief, Lift]], beliefs: Beliefs, confidence: float, known_at: datetime | None
) -> Iterator[RevisionResult]:
    """Each in the light of those before it: of two that contradict each other, one may be freed by the other's end."""
    for belief, worth in harmful:
        updates = (Update(belief=belief.id, status=Status.RETIRED), *freed(beliefs, belief))
        result = _result("demotion", "episodes without it returned more", worth, confidence, updates, known_at)
        beliefs = beliefs.after([result])
        yield result


def _harmful(
    found: Iterable[tuple[Belief, Lift]], seen: Sequence[Exposure], confidence: float
) -> Iterator[tuple[Belief, Lift]]:
    """Beliefs that may go and whose returns neither the interval nor the lots explain, the least explained first.

    The more beliefs are compared, the less any one of them may owe to its lots (S. Holm, Scandinavian Journal of
    Statistics 6, 1979).
    """
    compared = [(belief, worth) for belief, worth in found if _demotable(belief, worth)]
    below = ((sides(seen, b.id), b, worth) for b, worth in compared if worth.below)
    chances = sorted(((chance_as_low(s.handed, s.held), b.id, b, worth) for s, b, worth in below), key=itemgetter(0, 1))
    for number, (chance, _, belief, worth) in enumerate(chances):
        if chance > (1 - confidence) / 2 / (len(compared) - number):
            return
        yield belief, worth


def _demotable(belief: Belief, worth: Lift) -> bool:
    in_force = belief.status in {Status.ACTIVE, Status.DISPUTED}
    return in_force and not belief.pinned and min(worth.handed, worth.held) >= LEAST


def _result(
    op: Op, reason: str, worth: Lift, confidence: float, updates: tuple[Update, ...], known_at: datetime | None
) -> RevisionResult:
    estimate = worth.estimate or Estimate(0.0)
    compared = Comparison(
        reason=worth.words,
        belief=worth.belief,
        handed=worth.handed,
        held=worth.held,
        lift=estimate.value,
        low=estimate.low,
        high=estimate.high,
        confidence=confidence,
    )
    return RevisionResult(
        op=op,
        reason=reason,
        belief=worth.belief,
        proposal=compared,
        updates=updates,
        author=AUTHOR,
        known_at=known_at,
    )


def _harmonic(one: int, other: int) -> float:
    return 2 * one * other / (one + other)


def _exposure(number: int, value: float, candidates: Iterable[Mapping[str, Any]]) -> Exposure:
    handed, held = dict[str, set[str]](), dict[str, set[str]]()
    for c in candidates:
        if c["taken"] or c["reason"] == HELD_OUT:
            (handed if c["taken"] else held).setdefault(c["belief"], set()).add(c["agent"])
    return Exposure(number, value, *({b: frozenset(names) for b, names in side.items()} for side in (handed, held)))
