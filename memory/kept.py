"""Vectors that are there already, for work that needs no embedder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import BeliefError
from .embeddings import Embedder, HashingEmbedder, Vectors, embedder
from .generations import current
from .journal import Journal


@dataclass(frozen=True)
class Kept:
    """Stands for the embedder of a generation whose vectors are kept in the home; embeds nothing itself.

    Attributes:
        name: Of the generation.
        dimension: Length of a vector; 0 if nobody asks.
    """

    name: str
    dimension: int = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Refuse.

        Raises:
            BeliefError: Always; the message names the generation.
        """
        raise BeliefError(
            f"a text isn't embedded yet ({texts[0]!r}), and the vectors here were made by {self.name}: name that "
            "embedder (--embedder, as in onnx:FOLDER)"
        )


def embedder_for(journal: Journal, run: str, spec: str | Embedder | None) -> Embedder:
    """The embedder to open a run's memory with: the given one, the default if it made the vectors, or what is kept."""
    if spec is not None:
        return embedder(spec)
    runs = [(a.run, a.seq) for a in journal.ancestors(run)] + [(run, 2**63 - 1)]
    events = (e for name, until in runs for e in journal.events(name, kind="belief") if e.seq <= until)
    made = {current(journal.database, e.payload["generation"]) for e in events if e.payload["added"]}
    default = HashingEmbedder()
    return default if made <= {default.name} else Kept(min(made))
