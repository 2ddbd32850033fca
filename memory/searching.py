"""Hybrid search over a run's beliefs: what :mod:`doxa.memory.retrieval` does, with beliefs' own facts as filters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .belief import Belief
from .embeddings import Embedder, embedder
from .fusion import Weights
from .library import Library
from .memory import BeliefMemory
from .passages import Fact, Passage
from .retrieval import Retriever
from .vectors import VectorStore


@contextmanager
def searchable(
    memory: BeliefMemory, spec: str | Embedder | None = None, weights: Weights | None = None
) -> Iterator[Retriever]:
    """A retriever over everything that a run ever believed, as it stands now; found ids are those of beliefs.

    Filters: ``status``, ``concept``, ``aspect``, ``source``, ``polarity``, ``author``, ``audience`` (any of it),
    ``pinned`` and ``tainted`` (``yes`` or ``no``), ``credence`` (a number).

    Args:
        memory: The run's beliefs; texts that it embedded aren't embedded again.
        spec: The embedder that the memory was opened with.
        weights: What counts how much; the defaults of :class:`~doxa.memory.fusion.Weights` if not given.
    """
    made = embedder(spec)
    store = VectorStore(memory.journal.database, made)
    with Library.temporary(made.name, made.dimension) as library:
        passages = [passage(belief) for belief in memory.beliefs()]
        library.put(passages, store.of([p.text for p in passages]))
        yield Retriever(library, store.of, weights or Weights())


def passage(belief: Belief) -> Passage:
    """A belief as a text with facts."""
    facts: dict[str, Fact] = {
        "status": str(belief.status),
        "concept": belief.concept,
        "aspect": belief.aspect,
        "source": belief.aspect.partition(".")[0],
        "polarity": belief.polarity,
        "author": belief.author,
        "audience": belief.audience,
        "pinned": "yes" if belief.pinned else "no",
        "tainted": "yes" if belief.tainted else "no",
        "credence": belief.credence.mean,
    }
    return Passage(belief.id, belief.statement, facts, belief.known_at, belief.supersedes)
