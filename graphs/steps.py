"""The nodes that every episode has: propagate, observe, act, reflect."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..agents.bounding import bounded, excess
from ..agents.episode import Episode
from ..agents.feedback import Feedback, feed_back
from ..agents.gate import ruled
from ..agents.illegal import ILLEGAL
from ..agents.node import Agent, EpisodeRuntime
from ..agents.occasions import any_concerns
from ..agents.origins import decision_origin, declassified, free_text, insight_origin, strangers
from ..agents.prompts import shown
from ..agents.review import Review
from ..agents.staging import play_along, set_scene
from ..agents.state import EpisodeState, Update
from ..critics.critic import Case, Critic, Trajectory
from ..critics.judge import Judge
from ..environments.protocol import Observation, Source
from ..errors import GraphError
from ..memory.approval import Held
from ..memory.approval import held as held_back
from ..memory.behaviours import AUTHOR, Distiller
from ..memory.belief import Belief, Status
from ..memory.journal import Entry
from ..memory.past import Asked
from ..memory.procedural import ProceduralMemory
from ..memory.propagation import AgentProfile, PropagationContext, render
from ..memory.provenance import united, words_in
from ..memory.remembering import Memory
from ..memory.ruling import rule
from ..memory.state import HANDED, Beliefs, RevisionResult
from ..memory.terms import Guard, Resolves
from ..memory.trajectory import Phase, place_key, step_record
from ..models.protocol import Answer, Request, T
from .crediting import settle
from .judgement import open_pairs, rulings
from .rivals import listed, optimum, rivals


@dataclass(frozen=True)
class Propagate:
    """Start the episode and hand every agent the beliefs that concern it."""

    agents: tuple[Agent, ...]

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Return the ids of the beliefs by agent; their words go into the episode's belief blocks."""
        del state  # an episode starts from nothing
        episode = runtime.context
        await set_scene(episode)
        start = episode.begin()
        record = episode.memory.propagate(
            episode.number,
            [profile(agent, episode) for agent in self.agents],
            PropagationContext(start.as_of, facts(episode), episode.mode, episode=episode.number),
            episode.policy,
            key=place_key(0, Phase.PROPAGATE, "propagate"),
        )
        handed = {agent.name: record.taken(agent.name) for agent in self.agents}
        episode.blocks = {name: render(beliefs) for name, beliefs in handed.items()}
        episode.words = {name: words_in(beliefs) for name, beliefs in handed.items()}
        return {"step": 0, "beliefs": {name: [b.id for b in beliefs] for name, beliefs in handed.items()}}


@dataclass(frozen=True)
class FeedBack:
    """The manager's feedback on the step before, if it gives any."""

    manager: Agent
    agents: tuple[Agent, ...]

    def give(self, state: EpisodeState, episode: Episode) -> None:
        """Once the monitors have looked at the step."""
        settings: Feedback | None = getattr(self.manager, "feedback", None)
        if settings is not None and state["step"]:
            alerts = state.get("alerts", {})
            feed_back(settings, self.manager.name, self.agents, state["step"] - 1, episode, alerts)


@dataclass(frozen=True)
class Observe:
    """Record what can be seen, before anybody is asked about it."""

    feedback: FeedBack | None = None

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Clear what belongs to the step before, once its feedback is given."""
        episode, step = runtime.context, state["step"]
        if self.feedback is not None:
            self.feedback.give(state, episode)
        seen = episode.observation
        payload = {**episode.marks, "digest": seen.digest(), "as_of": stamp(seen), **neutralised(episode)}
        episode.record([episode.entry("observation", step, Phase.OBSERVE, "observe", payload)])
        return {"insights": None, "gaps": None, "rulings": None}


@dataclass(frozen=True)
class Act:
    """Take the manager's action and record the step: insights, decision and outcome, in one transaction."""

    manager: str
    sources: Mapping[str, str | None]
    gates: tuple[str, ...] = ()

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Return the number of the next step and whether there is one."""
        episode, step = runtime.context, state["step"]
        if not state.get("decision"):
            raise GraphError(f"the manager {self.manager!r} returned no decision; a manager's update needs 'decision'")
        decision = bounded(ruled(state["decision"], state.get("rulings", {}), self.gates), episode)
        insights = {name: self._whole(name, i, episode) for name, i in state.get("insights", {}).items()}
        decision["provenance"] = decision_origin(self.manager, insights, episode).model_dump(mode="json")
        as_of = stamp(episode.observation)
        forfeited = decision.get("illegal") == "forfeit"
        if not forfeited:
            await play_along(decision["action"], episode)
        result = episode.act(decision["action"], forfeit=forfeited)
        outcome = {
            "step": step,
            "as_of": as_of,
            "action": decision["action"],
            "reward": result.reward,
            "components": dict(result.components),
            "terminated": result.terminated,
            "truncated": result.truncated,
            "until": stamp(result.observation),
            "info": dict(result.info),
            **episode.marks,
            "insights": {name: self._numbers(name, i, episode) for name, i in insights.items()},
            **({"forfeited": True} if forfeited else {}),
        }
        episode.record(
            [
                *(episode.entry("insight", step, Phase.AGENT, name, insight) for name, insight in insights.items()),
                episode.entry("decision", step, Phase.MANAGER, self.manager, decision),
                *(episode.entry(ILLEGAL, step, Phase.ACT, "boundary", told) for told in excess(decision)),
                episode.entry("step", step, Phase.ACT, "act", outcome),
            ]
        )
        return {"step": step + 1, "over": result.over, "alerts": None}

    def _whole(self, name: str, insight: Mapping[str, Any], episode: Episode) -> dict[str, Any]:
        """An insight with where it comes from, whoever made it."""
        return {"provenance": insight_origin(name, self.sources.get(name), episode).model_dump(mode="json"), **insight}

    def _numbers(self, name: str, insight: Mapping[str, Any], episode: Episode) -> dict[str, Any]:
        """An insight without its note: what critics may see."""
        spec, source = episode.environment.spec, self.sources.get(name)
        read = next((s for s in spec.sources if s.name == source), Source(source or name, ""))
        evidence = declassified(insight["evidence"], read, spec.action)
        return {
            "source": source,
            "stance": insight["stance"],
            "confidence": insight["confidence"],
            "evidence": evidence,
        }


@dataclass(frozen=True)
class Reflect:
    """Close the episode; after one to learn from, let the critic judge it and revise the beliefs."""

    critic: Critic | None
    agents: tuple[str, ...]
    review: Review | None = None
    judge: Judge | None = None
    feedback: FeedBack | None = None
    distiller: Distiller | None = None

    async def __call__(self, state: EpisodeState, runtime: EpisodeRuntime) -> Update:
        """Record the critique and its belief operations in one transaction, what the outcome says, and the end."""
        episode = runtime.context
        if self.feedback is not None:
            self.feedback.give(state, episode)
        current = Trajectory(episode.number, episode.history(state["step"], state["step"]))
        rewards = [step.reward for step in current.steps]
        beliefs = episode.memory.before(episode.number)
        if self.critic is not None and episode.mode != "evaluate":
            beliefs = beliefs.after(await self._learn(self.critic, current, state["step"], episode))
        if self.distiller is not None and episode.mode == "train":
            beliefs = beliefs.after(_distilled(self.distiller, beliefs, state["step"], episode))
        settle(episode, beliefs, math.fsum(rewards), state["step"])
        payload = {
            "mode": episode.mode,
            **episode.marks,
            "steps": len(rewards),
            "return": math.fsum(rewards),
            "metrics": listed(episode.environment.metrics(rewards)),
            **optimum(episode.environment),
            **rivals(episode.environment, episode.seed, rewards, evaluated=episode.mode == "evaluate"),
        }
        episode.record([Entry(episode.number, "episode.ended", place_key(state["step"], Phase.END, "end"), payload)])
        return {}

    async def _learn(
        self, critic: Critic, current: Trajectory, step: int, episode: Episode
    ) -> tuple[RevisionResult, ...]:
        before = None if episode.previous is None else trajectory(episode, episode.previous)

        async def ask(request: Request[T]) -> Answer[T]:
            return await episode.ask(request, step, Phase.REFLECT)

        held = episode.memory.before(episode.number)
        beliefs = tuple(b for b in held.values() if b.status in HANDED)
        imagined = tuple(b for b in held.values() if b.status is Status.CANDIDATE and b.imagined and not b.tainted)
        remembered = ProceduralMemory(episode.journal, episode.run, episode.memory.embedder)
        noted = remembered.noted(episode.number) if getattr(critic, "memories", True) else ()
        guard = Guard(seen_by(beliefs, noted, episode), episode.vetting, self.agents)
        verdict = await critic.judge(
            Case(episode.environment.spec, current, before, beliefs, self.agents, ask, noted, imagined)
        )
        if verdict.memories:
            remembered.apply(
                episode.number,
                verdict.memories,
                key=place_key(step, Phase.REFLECT, critic.name),
                author=critic.name,
                known_at=episode.observation.as_of,
                words=guard.words,
            )
        resolves, asked = _resolver(current, before), _asked(episode, step, critic.name)
        reviewed = self.review if episode.mode == "train" else None  # nobody is asked about what was imagined
        pairs = open_pairs(episode, verdict.proposals, resolves, guard) if self.judge else ()
        learned = episode.memory.revise(
            episode.number,
            verdict.proposals,
            key=place_key(step, Phase.REFLECT, critic.name),
            author=critic.name,
            known_at=episode.observation.as_of,
            resolves=resolves,
            budget=verdict.budget,
            guard=guard,
            asked=asked,
            cause=[episode.entry("critique", step, Phase.REFLECT, critic.name, verdict.critique)],
            review=any_concerns(reviewed.when) if reviewed else None,
            rulings=await rulings(self.judge, pairs, step, episode) if self.judge else None,
        )
        waiting = () if reviewed is None else held_back(learned, episode.memory.before(episode.number))
        return (
            learned
            if reviewed is None or not waiting
            else (*learned, *await self._reviewed(reviewed, learned, waiting, step, episode, resolves))
        )

    async def _reviewed(
        self,
        review: Review,
        learned: tuple[RevisionResult, ...],
        waiting: tuple[Held, ...],
        step: int,
        episode: Episode,
        resolves: Resolves,
    ) -> tuple[RevisionResult, ...]:
        """What people make of the beliefs that are held back."""
        return rule(
            episode.memory,
            episode.number,
            learned,
            await review.rulings(waiting, step, episode),
            key=place_key(step, Phase.REVIEW, review.name),
            author=review.name,
            known_at=episode.observation.as_of,
            resolves=resolves,
        )


def seen_by(beliefs: Iterable[Belief], noted: Iterable[Memory], episode: Episode) -> tuple[str, ...]:
    """The sources of strangers' words that a critic sees: in beliefs, in notes, and in actions that are free text."""
    spec = episode.environment.spec
    notes = (m.words or ((m.source,) if m.tainted else ()) for m in noted)
    return united([words_in(beliefs), *notes, strangers(spec) if free_text(spec.action) else ()])


def neutralised(episode: Episode) -> dict[str, Any]:
    """What was taken out of the sources' text before anybody reads it, by source and kind; nothing if nothing was."""
    found = {name: dict(shown(view).counts) for name, view in episode.observation.views.items()}
    counted = {name: counts for name, counts in sorted(found.items()) if counts}
    return {"neutralised": counted} if counted else {}


def _distilled(distiller: Distiller, beliefs: Beliefs, step: int, episode: Episode) -> tuple[RevisionResult, ...]:
    """Make behaviours of what is believed after the critique."""
    results = distiller.distil(beliefs, episode.number, episode.memory.generation)
    return episode.memory.record(episode.number, place_key(step, Phase.DISTIL, AUTHOR), results)


def _resolver(current: Trajectory, before: Trajectory | None) -> Resolves:
    """Tells the steps of these episodes from invented ones."""
    steps = {t.episode: len(t.steps) for t in (current, before) if t is not None}
    return lambda number, at: 0 <= at < steps.get(number, 0)


def _asked(episode: Episode, step: int, critic: str) -> Asked:
    """Who answered the last call that a critic made after the episode."""
    place = place_key(step, Phase.REFLECT, critic) + "."
    calls = episode.journal.events(episode.run, kind="call", episode=episode.number)
    made = [call for call in calls if call.key.startswith(place)]
    last = max(made, key=lambda call: call.key).payload if made else {}
    return Asked(last.get("model", ""), last.get("request", ""))


def trajectory(episode: Episode, number: int) -> Trajectory:
    """The steps of an episode of this run, from the journal."""
    events = episode.journal.events(episode.run, kind="step", episode=number)
    steps = sorted((step_record(event) for event in events), key=lambda step: step.step)
    return Trajectory(number, tuple(steps))


def profile(agent: Agent, episode: Episode) -> AgentProfile:
    """What the propagation policy knows of an agent."""
    described = {s.name: s.description for s in episode.environment.spec.sources}
    text = f"{agent.role} {agent.name}. {described.get(agent.source or '', '')} {getattr(agent, 'instructions', '')}"
    return AgentProfile(agent.name, agent.role, agent.source, text.strip())


def facts(episode: Episode) -> dict[str, str | float]:
    """What a belief's scope is resolved against before an episode."""
    spec = episode.environment.spec
    return {"environment": spec.id, "episode": float(episode.number), **spec.tags}


def stamp(observation: Observation) -> str | None:
    """The environment's clock, ISO 8601."""
    return None if observation.as_of is None else observation.as_of.isoformat()
