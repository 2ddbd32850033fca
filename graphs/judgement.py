"""Asking a judge about the pairs of beliefs that a critique leaves open, and recording what it says.

Every ruling is an event at its pair's place, so that a replay finds it there: what was decided stays decided, and a
judge that failed isn't asked again about the same pair. Such a pair stays open, with the reason on record.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..agents.episode import Asker, Episode
from ..agents.failing import COVERED
from ..critics.judge import Judge
from ..memory.journal import Entry, Journal
from ..memory.judging import OpenPair, Ruling, Rulings, Verdict, by_pair, ruling
from ..memory.operations import Operation
from ..memory.revision import Resolves, Terms, undecided
from ..memory.trajectory import Phase, place_key
from ..models.failures import CallError
from ..models.protocol import Answer, Place, Request, T

JUDGEMENT = "judgement"
"""Kind of the event that holds a ruling."""


def open_pairs(episode: Episode, proposals: Sequence[Operation], resolves: Resolves) -> tuple[OpenPair, ...]:
    """Pairs that a judge could decide before these proposals of a critique are admitted, the nearest first."""
    memory = episode.memory
    terms = Terms(memory.run, "", None, resolves, memory.alike, near=memory.near)
    return undecided(memory.before(episode.number), proposals, terms)


async def rulings(judge: Judge, pairs: Sequence[OpenPair], step: int, episode: Episode) -> Rulings:
    """What the judge says of the nearest of the pairs; the others stay open."""
    bench = _Bench(judge, episode.asker, episode.journal, episode.run)
    place = Place(episode.number, step, Phase.REFLECT, judge.name)
    found = [await bench.ruling(pair, place) for pair in pairs[: judge.pairs]]
    return by_pair([*found, *(_beyond(judge, pair) for pair in pairs[judge.pairs :])])


async def decided(
    judge: Judge, pairs: Sequence[OpenPair], asker: Asker, journal: Journal, run: str, place: Place
) -> Rulings:
    """The same outside an episode, for what a person adds."""
    bench = _Bench(judge, asker, journal, run)
    found = [await bench.ruling(pair, place) for pair in pairs[: judge.pairs]]
    return by_pair([*found, *(_beyond(judge, pair) for pair in pairs[judge.pairs :])])


def _beyond(judge: Judge, pair: OpenPair) -> Ruling:
    return ruling(pair, Verdict("open", f"{judge.name} is asked about {judge.pairs} pairs at most"))


class _Bench:
    """A judge with everything it needs."""

    def __init__(self, judge: Judge, asker: Asker, journal: Journal, run: str) -> None:
        self._judge = judge
        self._asker = asker
        self._journal = journal
        self._run = run

    async def ruling(self, pair: OpenPair, place: Place) -> Ruling:
        """The ruling on record, or the judge's."""
        key = place_key(place.step, place.phase, f"{self._judge.name}.{pair.key}")
        recorded = self._journal.find(self._run, place.episode, JUDGEMENT, key)
        if recorded is not None and recorded.payload["decision"] == "open":
            return Ruling.model_validate(recorded.payload)
        made = ruling(pair, await self._verdict(pair, place))
        self._journal.append(self._run, [Entry(place.episode, JUDGEMENT, key, made.model_dump(mode="json"))])
        return made

    async def _verdict(self, pair: OpenPair, place: Place) -> Verdict:
        async def ask(request: Request[T]) -> Answer[T]:
            at = Place(place.episode, place.step, place.phase, request.agent, part=pair.key)
            return await self._asker.ask(request, at)

        try:
            return await self._judge.judge(pair.one, pair.other, ask)
        except CallError as failure:
            kind = next((kind for kind in type(failure).__mro__ if kind in COVERED), None)
            if kind is None:
                raise  # something is wrong with the run, not with this pair
            return Verdict("open", f"{self._judge.name} couldn't say: {COVERED[kind]}")
