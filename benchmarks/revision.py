"""What counts as the same and what as a contradiction, beside a plain cosine threshold; and scopes beside embeddings.

``python benchmarks/revision.py`` prints both for five sets of hand-written lessons. Three are said in other words:
those that word lists and limits were made on; fresh ones from other domains, which limits were chosen on; and blind
ones, written before anything was measured on them. Two are restated by their author: those that rules were made on, and
blind ones. Each lesson makes thirteen pairs, told apart by their structure:
beliefs with aspect, polarity and scope as a critic writes them; contradictions whose polarity is labelled wrongly; and
all of them once more as texts alone. ``--onnx FOLDER`` adds a sentence transformer's cosine. No model is asked. The
peers' rule is a cosine of statements of at least 0.85, which merges; it flags nothing.

Then situations in which a scoped belief applies, and near misses that differ in one fact: how often typed conditions
fire in either, and how often the belief's sentence does that is near enough to the situation's text to reach 90 % of
the hits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from pairs import (  # type: ignore[import-not-found]  # a script beside this one
    BLIND,
    FRESH,
    RESTATED,
    RESTATED_BLIND,
    Pair,
    bare,
    embeddings,
    lessons,
    pairs,
)
from situations import ASSETS, NUMBERS, REGIMES, near, situations, written  # type: ignore[import-not-found]  # likewise

from doxa.memory.belief import Belief, Scope
from doxa.memory.embeddings import Embedder
from doxa.memory.nearness import nearness
from doxa.memory.relation import Relation, related
from doxa.memory.scope import unmet
from doxa.memory.sentences import understood

PEERS = 0.85
Rule = Callable[[Pair], Relation]


KINDS = ("paraphrase", "contradiction", "elsewhere", "different", "unrelated")


@dataclass(frozen=True)
class Score:
    """What a rule makes of a set of pairs; shares in [0, 1], none where there are no such pairs.

    Attributes:
        merged: Of each kind: paraphrases, which should be, and contradictions, the same effect in another scope, other
            lessons on the same aspect and unrelated ones, which shouldn't.
        flagged: Contradictions that were flagged.
        alarms: Of all other pairs, flagged.
        left: Left open for a judge, of all pairs.
    """

    merged: Mapping[str, float]
    flagged: float | None
    alarms: float | None
    left: float | None


def score(found: Sequence[Pair], rule: Rule) -> Score:
    """Apply a rule to pairs."""
    told = [(pair.kind, rule(pair)) for pair in found]

    def share(relation: Relation, *kinds: str) -> float | None:
        chosen = [said for kind, said in told if kind in kinds]
        return sum(said == relation for said in chosen) / len(chosen) if chosen else None

    merged = {kind: share("same", kind) for kind in KINDS}
    others = [kind for kind in KINDS if kind != "contradiction"]
    return Score(
        {kind: of for kind, of in merged.items() if of is not None},
        share("contradicts", "contradiction"),
        share("contradicts", *others),
        share("open", *KINDS),
    )


def cosines(found: Sequence[Pair], embedding: Embedder, text: Callable[[Belief], str]) -> dict[tuple[str, str], float]:
    """Cosine of the texts of every pair."""
    ones = embedding.embed([text(pair.one) for pair in found]).astype(float)
    others = embedding.embed([text(pair.other) for pair in found]).astype(float)
    scores = (ones * others).sum(axis=1)
    return {(p.one.id, p.other.id): float(s) for p, s in zip(found, scores, strict=True)}


def doxa(found: Sequence[Pair], embedding: Embedder) -> Rule:
    """Structure, then words."""
    known, near = cosines(found, embedding, lambda b: b.whole), nearness(embedding.name)
    return lambda p: related(p.one, p.other, known[p.one.id, p.other.id], near).relation


def threshold(found: Sequence[Pair], embedding: Embedder) -> Rule:
    """A cosine alone."""
    known = cosines(found, embedding, lambda b: b.statement)
    return lambda p: "same" if known[p.one.id, p.other.id] >= PEERS else "different"


def sets() -> dict[str, list[Pair]]:
    """The pairs of the lessons that were looked at, of fresh ones, of blind ones, and of lessons restated."""
    files = {"fresh": FRESH, "blind": BLIND, "restated": RESTATED, "restated, blind": RESTATED_BLIND}
    return {"developed": pairs(lessons()), **{name: pairs(lessons(path)) for name, path in files.items()}}


def by_structure(found: Sequence[Pair]) -> dict[str, list[Pair]]:
    """The pairs as critics write them, those with a wrong polarity, and all as texts alone."""
    return {
        "with structure": [pair for pair in found if pair.structure == "full"],
        "polarity wrong": [pair for pair in found if pair.structure == "mislabelled"],
        "words alone": bare(found),
    }


RULES: Mapping[str, Callable[[Sequence[Pair], Embedder], Rule]] = {"doxa": doxa, f"cosine {PEERS}": threshold}


@dataclass(frozen=True)
class Firing:
    """Shares of situations in which a scoped belief fires."""

    hits: float
    misses: float


def typed() -> Firing:
    """By typed conditions."""
    every = situations()
    fired = [unmet(s.scope, s.facts) is None for s in every]
    return _firing([s.applies for s in every], fired)


def read() -> Firing:
    """By what is understood of sentences that came without conditions; where nothing is, it fires everywhere."""
    every = situations()
    known = {**dict.fromkeys(NUMBERS, frozenset((0.0,))), "asset": frozenset(ASSETS), "regime": frozenset(REGIMES)}
    fired = [unmet(understood(Scope(sentence=s.said), known).scope, s.facts) is None for s in every]
    return _firing([s.applies for s in every], fired)


def read_blind() -> Firing:
    """The same for sentences that people might write about any task, which weren't looked at."""
    asked = [(s, said.known) for said in written() for s in near(said)]
    fired = [unmet(understood(Scope(sentence=s.said), known).scope, s.facts) is None for s, known in asked]
    return _firing([s.applies for s, _ in asked], fired)


def embedded(embedding: Embedder, wanted: float = 0.9) -> Firing:
    """By the cosine of the scope's sentence with the situation's text, at the threshold that reaches these hits."""
    every = situations()
    ones = embedding.embed([s.scope.sentence for s in every]).astype(float)
    others = embedding.embed([s.text for s in every]).astype(float)
    scores = (ones * others).sum(axis=1)
    applies = [s.applies for s in every]
    least = float(np.quantile(scores[applies], 1 - wanted, method="lower"))
    return _firing(applies, [bool(score >= least) for score in scores])


def _firing(applies: Sequence[bool], fired: Sequence[bool]) -> Firing:
    hits = [f for a, f in zip(applies, fired, strict=True) if a]
    misses = [f for a, f in zip(applies, fired, strict=True) if not a]
    return Firing(sum(hits) / len(hits), sum(misses) / len(misses))


def main() -> None:
    """Print the tables."""
    compared = embeddings(__doc__)
    for title, every in sets().items():
        for structure, found in by_structure(every).items():
            print(f"{title}, {structure}: {len(found)} pairs; merged of each kind, then flagged")
            print(f"{'':22}" + "".join(f"{name:>14}" for name in (*KINDS, "flagged", "alarms", "left open")))
            for (name, embedding), (rule, made) in product(compared.items(), RULES.items()):
                result = score(found, made(found, embedding))
                shares = [*(result.merged.get(kind) for kind in KINDS), result.flagged, result.alarms, result.left]
                told = "".join(f"{'-' if share is None else f'{share:.1%}':>14}" for share in shares)
                print(f"{rule + ', ' + name:22}{told}")
    print(f"{len(situations())} situations: fires where it applies, and in near misses that differ in one fact")
    for name, firing in [
        ("typed scope", typed()),
        ("sentence, read", read()),
        (f"{len(written())} blind ones", read_blind()),
        *((f"sentence, {n}", embedded(e)) for n, e in compared.items()),
    ]:
        print(f"{name:24}{firing.hits:>15.1%}{firing.misses:>15.1%}")


if __name__ == "__main__":
    main()
