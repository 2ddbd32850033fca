"""What a run's model calls came to: tokens, dollars, time, and the part of the prompts that is beliefs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

from ..agents.prompts import beliefs_part
from ..memory.journal import Event, Journal, Timing
from ..models.budget import Spent
from ..models.protocol import Message, Usage
from .calls import CALL, FAILED, INTENT, AmbiguousCall, Calls


@dataclass(frozen=True)
class Extent:
    """How long a prompt is, and how much of it is beliefs; in characters."""

    whole: int
    beliefs: int


@dataclass(frozen=True)
class Charge:
    """One answered call.

    Attributes:
        agent: Who asked.
        episode: In which episode.
        key: Where in the episode.
        model: Who answered, by the provider's own name where it gave one.
        usage: Tokens, as the provider counted them.
        cost: US dollars; ``None`` if the price isn't known.
        prompt: How long the prompt is.
        attempts: Requests that went over the wire; 0 for an answer that came from another run's journal.
        latency: Seconds of the attempt that was answered; ``None`` if nothing was sent.
    """

    agent: str
    episode: int
    key: str
    model: str
    usage: Usage
    cost: float | None
    prompt: Extent
    attempts: int
    latency: float | None

    @property
    def step(self) -> int:
        """At which step of the episode."""
        return int(self.key.partition(".")[0])

    @property
    def belief_tokens(self) -> float:
        """The prompt's tokens, times the share of its characters that is beliefs."""
        return self.usage.prompt_tokens * self.prompt.beliefs / self.prompt.whole if self.prompt.whole else 0.0


@dataclass(frozen=True)
class Spending:
    """What some calls came to.

    Attributes:
        name: Of what they have in common: an agent, an episode, a model.
        calls: How many were answered.
        reused: How many of those were answered by another run's journal, and cost nothing.
        attempts: Requests that went over the wire for them.
        prompt_tokens: Of the prompts that were paid for, as the providers counted them.
        completion_tokens: Of the replies that were paid for.
        cached_tokens: Those of the prompts that providers had cached.
        belief_tokens: Those of the prompts that are beliefs: call by call, the belief block's share of the prompt's
            characters times the prompt's tokens.
        uncounted: Calls whose tokens the provider didn't report; they are missing in all sums of tokens.
        cost: US dollars of all calls that were paid for at a known price.
        unpriced: Calls at an unknown price; they are missing in ``cost``.
        belief_share: Of the prompts, in tokens, or in characters where no token was counted; 0 to 1.
        latency: Median of a call's seconds on the wire; ``None`` if nothing was sent.
    """

    name: str
    calls: int
    reused: int
    attempts: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    belief_tokens: int
    uncounted: int
    cost: float
    unpriced: int
    belief_share: float
    latency: float | None


@dataclass(frozen=True)
class Costs:
    """What a run's calls came to.

    Attributes:
        run: Its id.
        total: Of all calls.
        agents: By agent.
        episodes: By episode.
        models: By model.
        failed: Attempts that failed, and whose failure is known.
        wasted: What those may have been charged; no part of the sums above.
        unanswered: Attempts without a known outcome; they may have been charged, and are no part of the sums either.
    """

    run: str
    total: Spending
    agents: tuple[Spending, ...]
    episodes: tuple[Spending, ...]
    models: tuple[Spending, ...]
    failed: int
    wasted: Spent
    unanswered: tuple[AmbiguousCall, ...]


def reckon(journal: Journal, run: str) -> Costs:
    """What a run's calls came to so far.

    Raises:
        NotFoundError: There is no such run.
    """
    found = tuple(charges(journal, run))
    failures = [event.payload for event in journal.events(run, kind=FAILED)]
    return Costs(
        run,
        spending("total", found),
        agents=grouped(found, lambda charge: charge.agent),
        episodes=grouped(found, lambda charge: charge.episode),
        models=grouped(found, lambda charge: charge.model),
        failed=len(failures),
        wasted=Spent(sum(f["tokens"] for f in failures), sum(f["cost"] or 0.0 for f in failures)),
        unanswered=tuple(Calls.read(journal, run).ambiguous()),
    )


def charges(journal: Journal, run: str) -> Iterator[Charge]:
    """A run's answered calls, in order of arrival."""
    extents: dict[str, Extent] = {}  # by role and digest: system messages are the same at every step
    times = {timing.seq: timing for timing in journal.times(run)}
    asked = {(event.episode, event.key): event.payload["model"] for event in journal.events(run, kind=INTENT)}
    for event in journal.events(run, kind=CALL):
        for role, digest in event.payload["messages"]:
            if role + digest not in extents:
                extents[role + digest] = extent(Message(role, journal.text(digest)))
        yield charge(event, times.get(event.seq), extents, asked.get((event.episode, event.key), "unknown"))


def extent(message: Message) -> Extent:
    """How long a message is."""
    return Extent(len(message.text), len(beliefs_part(message)))


def charge(event: Event, timing: Timing | None, extents: Mapping[str, Extent], asked: str) -> Charge:
    """A ``call`` event as a charge."""
    told: dict[str, Any] = event.payload
    parts = [extents[role + digest] for role, digest in told["messages"]]
    return Charge(
        agent=told["agent"],
        episode=event.episode,
        key=event.key,
        model=told["model"] or asked,
        usage=Usage(**told["usage"]),
        cost=told["cost"],
        prompt=Extent(sum(part.whole for part in parts), sum(part.beliefs for part in parts)),
        attempts=timing.attempts or 0 if timing else 0,
        latency=timing.latency if timing and timing.attempts else None,
    )


def grouped(charges: Iterable[Charge], by: Callable[[Charge], Any]) -> tuple[Spending, ...]:
    """Charges summed up by what they have in common, in that order."""
    return tuple(spending(str(name), tuple(group)) for name, group in groupby(sorted(charges, key=by), by))


def spending(name: str, charges: tuple[Charge, ...]) -> Spending:
    """Charges summed up."""
    paid = [charge for charge in charges if charge.attempts]
    prompt_tokens, belief_tokens = sum(c.usage.prompt_tokens for c in paid), sum(c.belief_tokens for c in paid)
    whole, beliefs = sum(c.prompt.whole for c in charges), sum(c.prompt.beliefs for c in charges)
    latencies = [charge.latency for charge in charges if charge.latency is not None]
    return Spending(
        name=name,
        calls=len(charges),
        reused=len(charges) - len(paid),
        attempts=sum(charge.attempts for charge in charges),
        prompt_tokens=prompt_tokens,
        completion_tokens=sum(charge.usage.completion_tokens for charge in paid),
        cached_tokens=sum(charge.usage.cached_tokens for charge in paid),
        belief_tokens=round(belief_tokens),
        uncounted=sum(charge.usage == Usage() and charge.cost != 0 for charge in paid),
        cost=sum(charge.cost or 0.0 for charge in paid),
        unpriced=sum(charge.cost is None for charge in paid),
        belief_share=belief_tokens / prompt_tokens if prompt_tokens else beliefs / whole if whole else 0.0,
        latency=median(latencies) if latencies else None,
    )
