"""What agents remember, as they read it: the manager earlier episodes, an analyst what it said before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..environments.parts import action_text
from ..environments.protocol import View
from ..errors import GraphError
from ..memory.episodic import episodes, render
from ..memory.procedural import FADING, Fading, Place, ProceduralMemory, line
from ..memory.provenance import united
from ..memory.remembering import Note
from ..memory.remembering import Update as Change
from ..memory.trajectory import Phase, StepRecord, place_key
from .episode import Episode
from .prompts import marked

LEANING = 120
"""Characters of a stance in words that are remembered."""


@dataclass(frozen=True)
class Recall:
    """That an analyst remembers its own insights, and how: FinCon's procedural memory.

    Attributes:
        k: How many memories come to mind at a step.
        value: How important a memory is at first.
        rate: What is left of that after a day; ``None`` for what its source's has, see
            :data:`~doxa.memory.procedural.FADING`.
        critical: What it gains with every time that a critic judges it critical to a gain.
    """

    k: int = 5
    value: float = 1.0
    rate: float | None = None
    critical: float = 5.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.k < 1 or not 0 <= self.critical < math.inf:
            raise GraphError(f"{self}: k is a count of at least 1, and critical is at least 0")
        Fading(self.value, self.fading("").rate)

    def fading(self, source: str) -> Fading:
        """How what comes from a source fades."""
        return Fading(self.value, FADING.get(source, Fading()).rate if self.rate is None else self.rate)


@dataclass(frozen=True)
class Recollection:
    """An analyst's memory while an episode runs."""

    agent: str
    source: str
    recall: Recall
    episode: Episode

    def text(self, step: int, question: str) -> str:
        """``# Memories`` and what comes to mind, a line each, as data; recorded with the scores.

        Nothing is recalled that wasn't known by now. In training that passes over one window several times, what
        critics made of a memory in an earlier pass counts, as beliefs of earlier passes do.
        """
        found = self._memory.recall(
            self.agent,
            question,
            self.recall.k,
            before=Place(self.episode.number, place_key(step, Phase.PROPAGATE, "")),
            as_of=self.episode.observation.as_of,
            hindsight=self.episode.mode == "train",
        )
        told = [{"memory": r.memory.id, "relevancy": r.relevancy, "importance": r.importance} for r in found]
        self.episode.watches[self._heard] = united(m.memory.words for m in found)
        self.episode.record([self.episode.entry("recall", step, Phase.AGENT, self.agent, {"recalled": told})])
        return "\n".join(["# Memories", *(marked(line(r.memory)) for r in found)]) if found else ""

    def note(self, step: int, view: View, insight: Mapping[str, Any]) -> None:
        """Remember what was said about a view; strangers' words may be in it."""
        now = self.episode.observation.as_of
        text = f"{_leaning(insight['stance'])} {insight['confidence']:.2f}: {insight['rationale']}"
        note = Note(text=text, source=self.source, event_time=view.event_time or now, known_at=now)
        place = place_key(step, Phase.AGENT, self.agent)
        words = tuple(insight["provenance"]["words"])
        self._memory.note(self.episode.number, [note], key=place, agent=self.agent, words=words)

    def mark(self, step: int, stance: Any) -> tuple[str, ...]:  # noqa: ANN401  any action
        """Mark what stood behind a stance as critical to a gain: its own note, and what was recalled and leaned so too.

        Returns:
            The ids of the memories, which count for more from now on.
        """
        episode, here = self.episode, place_key(step, Phase.AGENT, self.agent)
        recalled = episode.journal.find(episode.run, episode.number, "recall", here)
        ids = {r["memory"] for r in recalled.payload["recalled"]} if recalled else set()
        noted = episode.journal.find(episode.run, episode.number, "memory", f"{here}.000")
        ids |= {noted.payload["memory"]["id"]} if noted else set()
        held = self._memory.memories(self.agent, before=Place(episode.number, place_key(step, Phase.FEEDBACK, "")))
        behind = tuple(m.id for m in held if m.id in ids and m.text.startswith(_leaning(stance)))
        why = "it stood behind an insight that was critical to a gain"
        changes = [Change(memory=name, critical=True, reason=why) for name in behind]
        key, now = place_key(step, Phase.FEEDBACK, self.agent), episode.observation.as_of
        self._memory.apply(episode.number, changes, key=key, author=self.agent, known_at=now)
        return behind

    @property
    def words(self) -> tuple[str, ...]:
        """Sources of strangers' words in what came to mind last."""
        return tuple(self.episode.watches.get(self._heard, ()))

    @property
    def _heard(self) -> str:
        return f"words that {self.agent} remembered"

    @property
    def _memory(self) -> ProceduralMemory:
        """The same one for the length of an episode."""
        place = f"memories of {self.agent}"
        if place not in self.episode.watches:
            memory = self.episode.memory
            fading = {self.source: self.recall.fading(self.source)}
            self.episode.watches[place] = ProceduralMemory(
                memory.journal, memory.run, memory.embedder, fading, critical=self.recall.critical
            )
        kept: ProceduralMemory = self.episode.watches[place]
        return kept


def _leaning(stance: Any) -> str:  # noqa: ANN401  any action
    """How a remembered insight begins."""
    said = action_text(stance)
    return f"{said if isinstance(stance, Mapping) else said[:LEANING]}, confidence"


def episodes_text(episode: Episode, agent: str, last: int) -> str:
    """``# Earlier episodes`` and the last few of them in numbers; the same in every step, and read once per episode.

    In evaluation only episodes that were over before this one began. Training that passes over one window several times
    remembers the earlier passes, as FinCon's does.
    """
    if not last:
        return ""
    place = f"episodes of {agent}"
    if place not in episode.watches:
        now = episode.observation.as_of if episode.mode == "evaluate" else None
        found = episodes(episode.journal, episode.run, agent=agent, before=episode.number, last=last, as_of=now)
        episode.watches[place] = f"# Earlier episodes\n{render(found)}" if found else ""
    return str(episode.watches[place])


def reflections(episode: Episode, agent: str, steps: Sequence[StepRecord]) -> dict[int, str]:
    """What a manager reflected at these steps of the episode, by step."""
    keys = {step.step: place_key(step.step, Phase.MANAGER, agent) for step in steps}
    found = {step: episode.journal.find(episode.run, episode.number, "decision", key) for step, key in keys.items()}
    said = {step: event.payload["reflection"] for step, event in found.items() if event is not None}
    return {step: str(text) for step, text in said.items() if text}
