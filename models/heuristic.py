"""The offline model: transparent rules in an LLM's place.

It is not an LLM. It answers the same requests from the rendered messages alone: readings are weighed by the rules of
thumb in the prompt, text items by the vaderSentiment lexicon, insights by their confidence, and all of them by the
typed part of the beliefs in the prompt. With it everything runs, and learns, on a machine without a key or a network.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..errors import ModelSetupError, options
from .heuristic_critic import criticise
from .heuristic_team import Tone, decide, distil
from .protocol import Reply, Request, T, WorstCase
from .reading import Prompt

DECISIONS = ("Decision", "AlertedDecision", "DecisionWithFeedback", "AlertedDecisionWithFeedback")
DELIBERATIONS = tuple(f"{decision}{form}" for decision in DECISIONS for form in ("OrQuestion", "AtLast"))
"""Answers of a manager that may ask before it decides."""


class HeuristicModel:
    """Rules that answer ``Insight``, ``Decision``, ``Critique`` and ``Opinion`` requests; free and deterministic."""

    name = "heuristic"

    def __init__(self) -> None:
        self._tone: Tone | None = None

    async def complete(self, request: Request[T]) -> Reply:
        """Answer by rule.

        Raises:
            ModelSetupError: There are no rules for this type of answer.
        """
        kind = request.response_type.__name__
        rules: dict[str, Callable[[Prompt], dict[str, Any]]] = {
            "Insight": self._insight,
            **{name: _decider(name) for name in (*DECISIONS, *DELIBERATIONS)},
            **dict.fromkeys(("Critique", "CritiqueWithMemories"), criticise),
            "Opinion": _undecided,
        }
        if kind not in rules:
            raise ModelSetupError(
                f"the heuristic model has no rules for {kind!r}: {options(kind, rules)}; "
                f"give {request.agent!r} a real model"
            )
        answer = rules[kind](Prompt(request.messages))
        return Reply(json.dumps(answer, ensure_ascii=False), cost=0.0, model=self.name)

    def worst_case(self, request: Request[T]) -> WorstCase:  # noqa: ARG002
        """Nothing: rules cost nothing."""
        return WorstCase(0, 0.0)

    def _insight(self, prompt: Prompt) -> dict[str, Any]:
        self._tone = self._tone or vader_tone()
        return distil(prompt, self._tone)


def _decider(name: str) -> Callable[[Prompt], dict[str, Any]]:
    """The rule for a decision of this name: rules have no questions, and no remarks to analysts."""
    extra: dict[str, Any] = {"feedback": []} if "WithFeedback" in name else {}
    if name in DECISIONS:
        return lambda prompt: {**decide(prompt), **extra}
    return lambda prompt: {"question": None, "decision": {**decide(prompt), **extra}}


def _undecided(_: Prompt) -> dict[str, Any]:
    """A judge's opinion of two lessons: in doubt they are different, and rules that can't read are always in doubt."""
    return {"decision": "different", "reason": "the heuristic model can't read, and in doubt they are different"}


def vader_tone() -> Tone:
    """The tone of a text in [-1, 1], by vaderSentiment's lexicon; texts met again aren't read again."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()

    @lru_cache(maxsize=8192)
    def tone(text: str) -> float:
        return float(analyzer.polarity_scores(text)["compound"])

    return tone
