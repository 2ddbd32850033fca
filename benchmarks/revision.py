"""What counts as the same and what as a contradiction, beside a plain cosine threshold; and scopes beside embeddings.

``python benchmarks/revision.py`` prints both for two sets of hand-written lessons: those that the reading of words was
developed on, and those held out, which weren't looked at meanwhile. Each makes thirteen pairs of full records.
``--onnx FOLDER`` adds a sentence transformer's cosine. No model is asked. The peers' rule is a cosine of statements of
at least 0.85, which merges; it flags nothing.

Then situations in which a scoped belief applies, and near misses that differ in one fact: how often typed conditions
fire in either, and how often the belief's sentence does that is near enough to the situation's text to reach 90 % of
the hits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pairs import FRESH, Pair, held_out, lessons, pairs  # type: ignore[import-not-found]  # a script beside this one
from situations import ASSETS, NUMBERS, REGIMES, situations  # type: ignore[import-not-found]  # likewise

from doxa.memory.belief import Scope
from doxa.memory.embeddings import Embedder, HashingEmbedder, embedder
from doxa.memory.nearness import nearness
from doxa.memory.relation import Relation, related
from doxa.memory.scope import unmet
from doxa.memory.sentences import understood

PEERS = 0.85
Rule = Callable[[Pair], Relation]


@dataclass(frozen=True)
class Score:
    """What a rule makes of a set of pairs; shares in [0, 1].

    Attributes:
        paraphrases: Of those with full records, merged.
        contradictions: Merged, which is wrong.
        elsewhere: The same effect in another scope, merged.
        different: Other lessons on the same aspect, merged.
        unrelated: Merged.
        flagged: Contradictions that were flagged.
        alarms: Of all other pairs, flagged.
        left: Left open for a judge, of all pairs.
    """

    paraphrases: float
    contradictions: float
    elsewhere: float
    different: float
    unrelated: float
    flagged: float
    alarms: float
    left: float


def score(found: Sequence[Pair], rule: Rule) -> Score:
    """Apply a rule to pairs."""
    told = [(pair, rule(pair)) for pair in found]

    def share(relation: Relation, *kinds: str) -> float:
        chosen = [said for pair, said in told if pair.kind in kinds]
        return sum(said == relation for said in chosen) / len(chosen)

    others = ("paraphrase", "elsewhere", "different", "unrelated")
    return Score(
        share("same", "paraphrase"),
        share("same", "contradiction"),
        share("same", "elsewhere"),
        share("same", "different"),
        share("same", "unrelated"),
        share("contradicts", "contradiction"),
        share("contradicts", *others),
        share("open", "contradiction", *others),
    )


def cosines(found: Sequence[Pair], embedding: Embedder) -> dict[tuple[str, str], float]:
    """Cosine of the statements of every pair."""
    ones = embedding.embed([pair.one.statement for pair in found]).astype(float)
    others = embedding.embed([pair.other.statement for pair in found]).astype(float)
    scores = (ones * others).sum(axis=1)
    return {(p.one.id, p.other.id): float(s) for p, s in zip(found, scores, strict=True)}


def doxa(found: Sequence[Pair], embedding: Embedder) -> Rule:
    """Structure, then words."""
    known, near = cosines(found, embedding), nearness(embedding.name)
    return lambda p: related(p.one, p.other, known[p.one.id, p.other.id], near).relation


def threshold(found: Sequence[Pair], embedding: Embedder) -> Rule:
    """A cosine alone."""
    known = cosines(found, embedding)
    return lambda p: "same" if known[p.one.id, p.other.id] >= PEERS else "different"


def sets() -> dict[str, list[Pair]]:
    """The pairs that the rules were developed on, those held out, and those from other domains written last."""
    families = lessons()
    held, every = held_out(families), pairs(families)
    return {
        "developed on": [p for p in every if p.family not in held],
        "held out": [p for p in every if p.family in held],
        "fresh": pairs(lessons(FRESH)),
    }


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnx", metavar="FOLDER", help="a sentence transformer with model.onnx and tokenizer.json")
    given = parser.parse_args()
    embeddings: dict[str, Embedder] = {"hashing": HashingEmbedder()}
    if given.onnx:
        embeddings["onnx"] = embedder(f"onnx:{given.onnx}")
    names = ("paraphrases", "contradictions", "elsewhere", "different", "unrelated", "flagged", "alarms", "left")
    for title, found in sets().items():
        print(f"{title}: {len(found)} pairs; merged of each kind, contradictions flagged, false alarms, left open")
        print(f"{'':24}" + "".join(f"{name:>15}" for name in names))
        for name, embedding in embeddings.items():
            for rule, made in (("doxa", doxa), (f"cosine {PEERS}", threshold)):
                result = score(found, made(found, embedding))
                print(f"{rule + ', ' + name:24}" + "".join(f"{getattr(result, n):>15.1%}" for n in names))
    print(f"{len(situations())} situations: fires where it applies, and in near misses that differ in one fact")
    for name, firing in [
        ("typed scope", typed()),
        ("sentence, read", read()),
        *((f"sentence, {n}", embedded(e)) for n, e in embeddings.items()),
    ]:
        print(f"{name:24}{firing.hits:>15.1%}{firing.misses:>15.1%}")


if __name__ == "__main__":
    main()
