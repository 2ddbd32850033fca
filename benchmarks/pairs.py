"""Pairs of beliefs with a known relation, made from hand-written lessons by a seeded generator."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from doxa.memory.belief import Belief, Evidence, Polarity, Predicate, Scope, Status, belief_id
from doxa.memory.embeddings import Embedder, HashingEmbedder, embedder

LESSONS = Path(__file__).parent.parent / "tests" / "memory" / "lessons.jsonl"
FRESH = LESSONS.with_name("fresh.jsonl")
"""Lessons on other domains, which limits were chosen on, but no word list was written for."""
BLIND = LESSONS.with_name("blind.jsonl")
"""Lessons on others again, written before anything was measured on them, and never tuned on."""
RESTATED = LESSONS.with_name("restated.jsonl")
"""Lessons as one author says them again: the same words in another order, form or mood; rules were made on them."""
RESTATED_BLIND = LESSONS.with_name("restated_blind.jsonl")
"""More of these, written before anything was measured on them, and never tuned on."""
Kind = Literal["paraphrase", "contradiction", "elsewhere", "different", "unrelated"]
KINDS: tuple[Kind, ...] = ("paraphrase", "contradiction", "elsewhere", "different", "unrelated")


@dataclass(frozen=True)
class Pair:
    """Two beliefs and what holds between them.

    Attributes:
        family: The lesson that the first is a wording of.
        kind: How they are related.
        structure: ``full`` records, ``mislabelled`` polarity, or ``text`` without aspect, polarity or predicates.
        one: Believed already.
        other: What comes in.
    """

    family: str
    kind: Kind
    structure: Literal["full", "mislabelled", "text"]
    one: Belief
    other: Belief


def lessons(path: Path = LESSONS) -> list[dict[str, Any]]:
    """The hand-written families, in the file's order."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def held_out(families: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Names of the families that weren't looked at while the rules were made."""
    return frozenset(f["name"] for f in families if f.get("held"))


def pairs(families: Sequence[Mapping[str, Any]] | None = None, seed: int = 3) -> list[Pair]:
    """Thirteen pairs of every family: 4 paraphrases, 3 contradictions, 2 elsewhere, 3 different, 1 unrelated."""
    families = lessons() if families is None else families
    rng = random.Random(seed)  # noqa: S311  draws, guards nothing
    return [pair for number, family in enumerate(families) for pair in _pairs(family, number, families, rng)]


def _pairs(
    family: Mapping[str, Any], number: int, families: Sequence[Mapping[str, Any]], rng: random.Random
) -> Iterator[Pair]:
    name, same, opposite = family["name"], family["same"], family["opposite"]
    turned: Polarity = "against" if family["polarity"] == "for" else "for"
    here, there = _scope(family["when"]), _scope(family["elsewhere"])
    for first, second in ((0, 1), (0, 2), (1, 3), (2, 3)):
        scope = here if (first + second + number) % 2 else Scope()
        yield Pair(name, "paraphrase", "full", _said(family, same[first], scope), _said(family, same[second], scope))
    concepts = [concept for concept, _ in same]
    against = [[rng.choice(concepts), text] for text in opposite]
    yield Pair(name, "contradiction", "full", _said(family, same[0]), _said(family, against[0], here, polarity=turned))
    yield Pair(
        name, "contradiction", "full", _said(family, same[1], here), _said(family, against[1], here, polarity=turned)
    )
    if number % 2:
        yield Pair(name, "contradiction", "mislabelled", _said(family, same[2]), _said(family, against[2]))
    else:
        yield Pair(name, "contradiction", "text", _free(same[2]), _free(against[2]))
    yield Pair(name, "elsewhere", "full", _said(family, same[0], here), _said(family, same[rng.choice((0, 1))], there))
    yield Pair(
        name, "elsewhere", "full", _said(family, same[2], here), _said(family, against[0], there, polarity=turned)
    )
    for first, lesson in zip(rng.sample(same, 3), family["different"], strict=True):
        yield Pair(name, "different", "full", _said(family, first, here), _said(family, lesson, here))
    stranger = rng.choice([f for f in families if f["domain"] != family["domain"]])
    if number % 2:
        yield Pair(name, "unrelated", "text", _free(same[0]), _free(rng.choice(stranger["same"])))
    else:
        yield Pair(name, "unrelated", "full", _said(family, same[0]), _said(stranger, rng.choice(stranger["same"])))


def bare(found: Sequence[Pair]) -> list[Pair]:
    """The same pairs as people type them: texts alone. Without scopes there is no "elsewhere"."""
    return [
        replace(pair, structure="text", one=_free(_lesson(pair.one)), other=_free(_lesson(pair.other)))
        for pair in found
        if pair.kind != "elsewhere"
    ]


def _lesson(belief: Belief) -> tuple[str, str]:
    return belief.concept, belief.statement


def _scope(told: Sequence[Any]) -> Scope:
    fact, op, value, sentence = told
    allowed = tuple(value) if isinstance(value, list) else value
    return Scope(when=(Predicate(fact=fact, op=op, value=allowed),), sentence=sentence)


def _said(
    family: Mapping[str, Any], lesson: Sequence[str], scope: Scope | None = None, polarity: Polarity | None = None
) -> Belief:
    return _belief(lesson, family["aspect"], polarity or family["polarity"], scope or Scope())


def _free(lesson: Sequence[str]) -> Belief:
    """Feedback as a person types it."""
    return _belief(["feedback", lesson[1]], "unknown", "for", Scope())


def _belief(lesson: Sequence[str], aspect: str, polarity: Polarity, scope: Scope) -> Belief:
    concept, statement = lesson
    return Belief(
        id=belief_id(concept, statement, aspect, polarity, scope),
        concept=concept,
        statement=statement,
        aspect=aspect,
        polarity=polarity,
        scope=scope,
        evidence=(Evidence(run="run", episode=1, steps=(1,)),),
        author="critic",
        known_at=None,
        status=Status.ACTIVE,
    )


def embeddings(told: str | None) -> dict[str, Embedder]:
    """The embedders that a script compares: hashing, and a sentence transformer if its folder is named after --onnx.

    Args:
        told: What the script does, for its help.
    """
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnx", metavar="FOLDER", help="a sentence transformer with model.onnx and tokenizer.json")
    given = parser.parse_args()
    found: dict[str, Embedder] = {"hashing": HashingEmbedder()}
    if given.onnx:
        found["onnx"] = embedder(f"onnx:{given.onnx}")
    return found
