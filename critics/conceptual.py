"""FinCon's over-episode critic: conceptual verbal reinforcement (arXiv 2407.06567 v3, section 3 and algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..agents.node import checked_name
from ..agents.prompts import signals_text, task_text
from ..errors import GraphError
from ..memory.propagation import render
from ..models.protocol import Message, Model, Request, Settings
from .contrast import account, account_text, edit_budget, opposites, overlap
from .critic import Case, Trajectory, Verdict
from .critique import Critique

_DUTY = """You are {name}, the critic. Two consecutive episodes of one team lie before you, each with its return, a
tally of every aspect (how often it was right, what that was worth) and the steps that gained and lost most. Name the
concepts behind each, say why one did better, and propose how the team's beliefs should be edited. Edit, don't rewrite:
the more of the actions was the same in both episodes, the fewer of your proposals will be admitted, the first ones
first."""
_ANSWER = """# Answer
current, previous: the concepts behind each episode, as aspect and advice; better: which did better; strengths and
weaknesses of the current episode; direction: one sentence on how to improve; proposals: belief operations.
An expansion adds a belief; a revision puts one in the place of the belief it names; a contraction gives one up.
A belief has a concept (a few words), a statement (one sentence an agent can act on), an aspect (a source, or
source.signal, as in the steps below), a polarity (for: trust the aspect; against: act against it), the numbers of
steps that support it and speak against it, and the steps that show it. Restate a belief that held: that strengthens
it."""


@dataclass(frozen=True)
class ConceptualCritic:
    """Compares a training episode with the one before and proposes belief operations.

    The first episode has nothing to be compared with: four training episodes give three updates, as in the paper.

    Attributes:
        name: Unique within its graph.
        instructions: What it should know beyond its duty.
        model: Its own model, or the experiment's if ``None``.
        keep: Winning and losing steps shown of each episode, each at most this many.
        edits: Proposals admitted when no action of the two episodes agrees; the budget is (1 - tau) of it, where tau
            is the overlap of the actions. Before the first belief there is nothing to keep, and all of it is open: a
            team that always does the same could otherwise never begin to learn.
    """

    name: str = "critic"
    instructions: str = ""
    model: Model | str | None = None
    keep: int = 20
    edits: int = 8

    def __post_init__(self) -> None:
        """Check the name and the ranges."""
        checked_name(self.name)
        if self.keep < 1 or self.edits < 1:
            raise GraphError(f"ConceptualCritic: keep={self.keep}, edits={self.edits}; both are counts of at least 1")

    async def judge(self, case: Case) -> Verdict:
        """Ask for a critique at temperature 0; without an earlier episode nothing is asked."""
        if case.previous is None:
            return Verdict({"skipped": "there is no earlier episode to compare with"}, budget=0)
        tau = overlap(case.current.steps, case.previous.steps)
        budget = edit_budget(tau, self.edits) if case.beliefs else self.edits
        request = Request(
            self.name, self._messages(case, case.previous, tau, budget), Critique, Settings(temperature=0)
        )
        critique = (await case.ask(request)).value
        return Verdict(
            {"overlap": tau, "budget": budget, **critique.model_dump(mode="json", exclude={"proposals"})},
            critique.proposals,
            budget,
        )

    def _messages(self, case: Case, previous: Trajectory, tau: float, budget: int) -> tuple[Message, ...]:
        spec = case.environment
        fixed = [
            _DUTY.format(name=self.name),
            self.instructions,
            task_text(spec),
            *(signals_text(source) for source in spec.sources),
            _ANSWER,
        ]
        other = opposites(spec)
        accounts = [
            account_text(account(trajectory.episode, trajectory.steps, self.keep, other), label)
            for trajectory, label in ((case.current, "current"), (previous, "previous"))
        ]
        beliefs = "# Beliefs\n" + (render(case.beliefs) or "none yet")
        agents = "Agents: " + ", ".join(case.agents)
        limit = f"Overlap of the actions: {tau:.1%}. At most {budget} proposals will be admitted."
        return (
            Message("system", _joined(fixed)),
            Message("user", _joined([beliefs, agents, limit, *accounts])),
        )


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)
