"""The proof that beliefs teach: a team trained with beliefs, without, and with beliefs that can't help.

============== ===================================================================================================
arm            what it shows
============== ===================================================================================================
``on``         the experiment as it is: what the team learns
``off``        nobody is handed anything: what is left without beliefs
``wrong``      every belief goes to those whom it doesn't concern: whether it matters who hears what
``shuffled``   the critic judges episodes whose outcomes were dealt out anew: whether it matters what is believed
``frozen``     the critic is silent after a few episodes: whether it is the beliefs that change the behaviour
============== ===================================================================================================

Every arm is trained by the same graph, memory and journal. Where the task has a table and the team is pure rules, what
it is worth is computed after every episode (:mod:`doxa.graphs.proof_value`); elsewhere the episodes' own returns count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..critics.controls import FrozenCritic, ShuffledCritic
from ..environments.oracle import Value
from ..errors import SpecError, options
from ..memory.home import Home
from ..memory.intervals import Estimate, difference, paired
from ..memory.journal import Entry, Journal
from ..memory.memory import BeliefMemory
from ..memory.policies import Misrouted
from ..memory.propagation import Nothing
from .carried import carried_out
from .experiment import Experiment
from .machines import Machines, lean
from .proof_value import Valuation, exact
from .run import Run

ARMS = ("on", "off", "wrong", "shuffled", "frozen")
WORTH = "proof.worth"
"""Kind of the event that keeps what a team is worth before an episode; local, since it can be computed again."""


@dataclass(frozen=True)
class Curve:
    """What one arm learned with one seed.

    Attributes:
        arm: Which.
        seed: Of the experiment.
        run: Id of its run.
        returns: After 0, 1, 2, ... training episodes: the expected return, or where that can't be computed what the
            next training episode returned.
        reused: Whether the run had ended already, and nothing was asked.
    """

    arm: str
    seed: int
    run: str
    returns: tuple[float, ...]
    reused: bool


@dataclass(frozen=True)
class Proof:
    """All arms beside each other.

    Attributes:
        task: Id of the environment that counts.
        best: The best that can be had; ``None`` where nobody knows.
        exact: Whether returns are computed over all starts, not sampled.
        frozen: After how many episodes the arm ``frozen`` learned nothing more.
        curves: By arm, one per seed.
    """

    task: str
    best: Value | None
    exact: bool
    frozen: int
    curves: tuple[Curve, ...]

    @property
    def arms(self) -> tuple[str, ...]:
        """In the order in which they were run."""
        return tuple(dict.fromkeys(curve.arm for curve in self.curves))

    def of(self, arm: str) -> tuple[Curve, ...]:
        """An arm's curves, in the order of the seeds."""
        return tuple(curve for curve in self.curves if curve.arm == arm)

    def shown(self, curve: Curve) -> tuple[float, ...]:
        """Its regrets, or its returns where no optimum is known."""
        if self.best is None:
            return curve.returns
        return tuple(round(self.best.value - r, 9) + 0.0 for r in curve.returns)  # and never -0.0

    def after(self, arm: str, episodes: int) -> Estimate:
        """An arm's mean regret, or return, after so many episodes, with a bootstrap interval over the seeds."""
        estimate = paired([self.shown(curve)[episodes] for curve in self.of(arm)])
        assert estimate is not None  # noqa: S101  an arm has a curve at least
        return estimate

    def gain(self, arm: str) -> Estimate | None:
        """How much better than without beliefs an arm is in the end, with Welch's interval over the seeds.

        ``None`` where the arm, or ``off``, wasn't run.
        """
        better = -1 if self.best is None else 1
        ends, without = ([better * self.shown(curve)[-1] for curve in self.of(one)] for one in (arm, "off"))
        return difference(without, ends)

    def share(self, arm: str) -> float | None:
        """The regret that is left in the end as a share of that in the beginning, of the worst seed."""
        if self.best is None:
            return None
        regrets = [self.shown(curve) for curve in self.of(arm)]
        return max(r[-1] / r[0] if r[0] else 0.0 for r in regrets)

    @property
    def checks(self) -> dict[str, bool]:
        """What the arms that were run show, by sentence; only where regret is exact, so that equal means equal.

        What is dealt out anew may teach something by luck, so that ``shuffled`` is judged by its mean over two or more
        seeds: it has learned something where the whole 95 % interval of its gain over ``off`` lies above 0.
        """
        return _checks(self) if self.exact and self.best is not None and "on" in self.arms else {}


def ignore(_: Curve) -> None:
    """Tell nobody."""


async def prove(
    experiment: Experiment,
    home: str | Path = ".doxa",
    *,
    arms: Sequence[str] = ARMS,
    seeds: Sequence[int] = range(5),
    frozen: int = 3,
    task: str = "",
    told: Callable[[Curve], None] = ignore,
) -> Proof:
    """Train every arm on every seed, and value what it learned after each episode.

    Every arm and seed is a run in the home. What has ended is used as it is, what was interrupted is gone on with.

    Args:
        experiment: Its evaluation is the task that counts, or its environment if it has none.
        home: Folder of the journal and the index.
        arms: Of :data:`ARMS`.
        seeds: Each replaces the experiment's.
        frozen: After how many episodes the arm ``frozen`` learns nothing more.
        task: How the experiment was named on the command line, for messages.
        told: Called with every curve, as it is done.

    Raises:
        SpecError: An arm that isn't there or says nothing of this team, no seed, or too few episodes.
    """
    _see_sensible(experiment, arms, seeds, frozen)
    valued = exact(experiment)
    if valued and experiment.evaluation is None:
        experiment = replace(experiment, evaluation=experiment.environment)
    counts = experiment.evaluation if valued and experiment.evaluation else experiment.environment
    curves: list[Curve] = []
    for seed in seeds:  # all arms of a seed first: an interrupted proof has whole pairs
        for arm in arms:
            curves.append(await _curve(experiment, Path(home), arm, seed, frozen, task))
            told(curves[-1])
    oracle = counts.oracle()
    return Proof(counts.spec.id, None if oracle is None else oracle.best(), valued, frozen, tuple(curves))


def variant(experiment: Experiment, arm: str, seed: int, frozen: int) -> Experiment:
    """The experiment of one arm and seed."""
    name = f"{experiment.name[: 39 - len(arm)].rstrip('-')}-{arm}"
    wanted, graph = replace(experiment, seed=seed, name=name), experiment.graph
    if graph.critic is None or arm == "on":
        return wanted
    if arm == "off":
        return replace(wanted, propagation=Nothing())
    if arm == "wrong":
        return replace(wanted, propagation=Misrouted())
    if arm == "shuffled":
        return replace(wanted, graph=replace(graph, critic=ShuffledCritic(graph.critic, seed)))
    return replace(wanted, graph=replace(graph, critic=FrozenCritic(graph.critic, frozen)))


def _see_sensible(experiment: Experiment, arms: Sequence[str], seeds: Sequence[int], frozen: int) -> None:
    for arm in arms:
        if arm not in ARMS:
            raise SpecError(f"there is no arm {arm!r}: {options(arm, ARMS)}")
    if not arms or not seeds or len(set(arms)) < len(arms) or len(set(seeds)) < len(seeds):
        raise SpecError(f"arms={','.join(arms)}, seeds={list(seeds)}: give at least one of each, and each only once")
    if experiment.graph.critic is None:
        raise SpecError("the team has no critic, and so learns no beliefs: give its graph a critic=")
    if experiment.episodes < 2:
        raise SpecError(f"episodes is {experiment.episodes}; at least 2 are needed to see anything learned")
    if "frozen" in arms and not 0 < frozen < experiment.episodes:
        raise SpecError(
            f"the arm 'frozen' learns from {frozen} of {experiment.episodes} episodes: give frozen=1 to "
            f"{experiment.episodes - 1} (--frozen), more episodes (--episodes), or leave the arm out (--arms)"
        )
    if "wrong" in arms and len(experiment.graph.agents) < 2:
        raise SpecError(
            "the arm 'wrong' sends beliefs to other agents, and the team has only one: leave it out with --arms "
            + ",".join(arm for arm in arms if arm != "wrong")
        )


async def _curve(experiment: Experiment, home: Path, arm: str, seed: int, frozen: int, task: str) -> Curve:
    wanted = variant(experiment, arm, seed, frozen)
    done = await carried_out(wanted, home, {"arm": arm, "proved": task}, Machines(lean))
    returns = await _valued(wanted, home, done.run) if exact(wanted) else _returned(done.run)
    return Curve(arm, seed, done.run.id, returns, done.reused)


def _returned(run: Run) -> tuple[float, ...]:
    """What the training episodes returned; what was learned from one shows in the next."""
    return tuple(episode.value for episode in run.episodes if episode.mode == "train")


async def _valued(experiment: Experiment, home: Path, run: Run) -> tuple[float, ...]:
    """What the team is worth before every episode, and after the last; computed once and kept."""
    task = experiment.evaluation or experiment.environment
    numbers = [episode.number for episode in run.episodes]
    with (
        Journal.open(Home(home), write=True) as journal,
        BeliefMemory(journal, run.id, embedder=experiment.embedder) as memory,
    ):
        valuation = Valuation(experiment, task, journal, memory)
        return tuple([await _kept(journal, run.id, number, valuation) for number in numbers])


async def _kept(journal: Journal, run: str, number: int, valuation: Valuation) -> float:
    known = journal.find(run, number, WORTH, "")
    if known is not None:
        return float(known.payload["worth"])
    await asyncio.sleep(0)  # who wants to stop it can do so here: computing waits for nothing
    worth = await valuation.before(number)
    journal.append(run, [Entry(number, WORTH, "", {"worth": worth})])
    return worth


def _checks(proof: Proof) -> dict[str, bool]:
    shown = {arm: [proof.shown(curve) for curve in proof.of(arm)] for arm in proof.arms}
    share = proof.share("on")
    told = {"on: at most 5 % of the first regret is left, with every seed": share is not None and share <= 0.05}
    if "off" in shown:
        told["off: exactly constant"] = all(len(set(regrets)) == 1 for regrets in shown["off"])
    if {"off", "wrong"} <= set(shown):
        told["wrong: the same as off"] = shown["wrong"] == shown["off"]
    gained = proof.gain("shuffled")
    if gained is not None and gained.low is not None:
        told["shuffled: no better than off in the end, as far as the seeds can tell"] = gained.low <= 0
    if "frozen" in shown:
        told["frozen: flat from there on"] = all(len(set(r[proof.frozen :])) == 1 for r in shown["frozen"])
    return told
