"""A run's model calls as its journal tells them: answered, failed, or without a known outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..memory.journal import Journal
from ..models.budget import Spent

INTENT, AGAIN, FAILED, CALL, REUSED = "call.intent", "call.again", "call.failed", "call", "call.reused"
"""Kinds of events, all at the call's place: its first attempt; each later one, its number after the key; an attempt's
failure; the answer; and, beside an answer that was taken from another run, which one."""

KINDS = (INTENT, AGAIN, FAILED, REUSED, CALL)


@dataclass(frozen=True)
class AmbiguousCall:
    """An attempt that was sent, or about to be, and whose outcome isn't known: it may have been charged.

    Attributes:
        episode: Where: the episode,
        step: the step within it,
        agent: and who asked.
        model: Who was asked.
        request: Digest of the request.
        tokens: The most it can have used.
        cost: The most it can have cost in US dollars; ``None`` if the price isn't known.
        resent: Whether the call was sent again since, and answered or refused.
    """

    episode: int
    step: int
    agent: str
    model: str
    request: str
    tokens: int
    cost: float | None
    resent: bool

    def __str__(self) -> str:
        """One line: the place, the model, the request's digest and the worst case."""
        worst = f"up to {self.tokens} tokens, " + ("cost unknown" if self.cost is None else f"${self.cost:.4f}")
        sent = "; sent again since" if self.resent else ""
        where = f"episode {self.episode} step {self.step} {self.agent}"
        return f"{where}, model {self.model}, request {self.request[:12]}: {worst}{sent}"


class Calls:
    """Adds a run's calls up, an event at a time."""

    def __init__(self) -> None:
        self.answered, self.reused, self.tokens = 0, 0, 0
        self.cost: float | None = 0.0
        """US dollars of the answers that were paid for; ``None`` if any price is unknown."""
        self._usd = 0.0
        self._wasted: list[Spent] = []
        self._open: dict[tuple[int, str], dict[int, Mapping[str, Any]]] = {}
        self._settled: set[tuple[int, str]] = set()
        self._taken: set[tuple[int, str]] = set()

    @classmethod
    def read(cls, journal: Journal, run: str) -> Calls:
        """Add a run's calls up."""
        calls = cls()
        for kind in KINDS:
            for event in journal.events(run, kind=kind):
                calls.add(event.episode, event.kind, event.key, event.payload)
        return calls

    def add(self, episode: int, kind: str, key: str, payload: Mapping[str, Any]) -> None:
        """Count one event in; a call's attempts come before their outcomes."""
        if kind == INTENT:
            self._open.setdefault((episode, key), {})[0] = payload
        elif kind == AGAIN:
            call, number = _numbered(key)
            self._open.setdefault((episode, call), {})[number] = payload
        elif kind == FAILED:
            call, number = _numbered(key)
            self._close(episode, call, number)
            self._wasted.append(Spent(payload["tokens"], payload["cost"]))
        elif kind == REUSED:
            self._taken.add((episode, key))
        else:
            self._answer(episode, key, payload)

    def ambiguous(self) -> Iterator[AmbiguousCall]:
        """The attempts without a known outcome, in order of their places."""
        for (episode, key), attempts in sorted(self._open.items()):
            for _, payload in sorted(attempts.items()):
                yield AmbiguousCall(
                    episode=episode,
                    step=int(key.partition(".")[0]),
                    agent=payload["agent"],
                    model=payload["model"],
                    request=payload["request"],
                    tokens=payload["tokens"],
                    cost=payload["cost"],
                    resent=(episode, key) in self._settled,
                )

    def spent(self) -> Spent:
        """What was used: by answers and failures as reported, by ambiguous attempts at their worst."""
        lost = [Spent(call.tokens, call.cost or 0.0) for call in self.ambiguous()]
        every = [Spent(self.tokens, self._usd), *self._wasted, *lost]
        return Spent(sum(spent.tokens for spent in every), sum(spent.usd for spent in every))

    def _answer(self, episode: int, key: str, payload: Mapping[str, Any]) -> None:
        self.answered += 1
        if (episode, key) in self._taken:
            self._settled.add((episode, key))
            self.reused += 1
            return
        self._close(episode, key, max(self._open.get((episode, key), {}), default=0))
        self.tokens += payload["usage"]["prompt_tokens"] + payload["usage"]["completion_tokens"]
        self._usd += payload["cost"] or 0.0
        self.cost = None if self.cost is None or payload["cost"] is None else self.cost + payload["cost"]

    def _close(self, episode: int, key: str, number: int) -> None:
        self._settled.add((episode, key))
        self._open.get((episode, key), {}).pop(number, None)


def _numbered(key: str) -> tuple[str, int]:
    """The call's key and the attempt's number."""
    call, _, number = key.rpartition(".")
    return call, int(number)
