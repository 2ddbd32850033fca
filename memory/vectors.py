"""Vectors of texts, kept in the home, so that no text is embedded twice and the index can be rebuilt for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import BeliefError
from .canonical import sha256
from .database import Database
from .embeddings import Embedder, Vectors

_AT_ONCE = 500


class VectorStore:
    """The vectors of one embedding generation, by the digest of their text."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self.generation = embedder.name
        self._database = database
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}
        kept = database.rows("SELECT length(vector) FROM vectors WHERE generation = ? LIMIT 1", (self.generation,))
        self._width = kept[0][0] // 4 if kept else 0

    @property
    def dimension(self) -> int:
        """Length of a vector: of those that are kept, or as the embedder tells."""
        return self._width or self._embedder.dimension

    def of(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order; only texts never seen before are embedded.

        Raises:
            BeliefError: What the embedder returns doesn't fit what it returned earlier.
        """
        if not texts:
            return np.zeros((0, self._embedder.dimension), np.float32)
        digests = [sha256(text) for text in texts]
        self._recall(digest for digest in digests if digest not in self._known)
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._known}
        if new:
            self._keep(list(new), self._embed(new.values()))
        return np.stack([self._known[digest] for digest in digests])

    def passing(self, texts: Sequence[str]) -> Vectors:
        """The same, and none is kept: a home would fill up with questions."""
        digests = [sha256(text) for text in texts]
        self._recall(digests)
        if all(digest in self._known for digest in digests):
            return np.stack([self._known[digest] for digest in digests])
        rows = self._embed(texts)
        self._check(rows, len(texts))
        return rows

    def _embed(self, texts: Iterable[str]) -> Vectors:
        """Whoever embeds takes UTF-8, and a model can write half of a surrogate pair, which has none."""
        return self._embedder.embed([text.encode("utf-8", "replace").decode() for text in texts])

    def _recall(self, digests: Iterable[str]) -> None:
        wanted = list(dict.fromkeys(digests))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT digest, vector FROM vectors WHERE generation = ? AND digest IN ({marks})"  # noqa: S608
            for digest, blob in self._database.rows(sql, (self.generation, *some)):
                self._known[digest] = np.frombuffer(blob, "<f4").astype(np.float32)

    def _keep(self, digests: Sequence[str], rows: Vectors) -> None:
        self._check(rows, len(digests))
        for digest, row in zip(digests, rows, strict=True):
            self._known[digest] = row
            self._database.stage(
                "INSERT OR IGNORE INTO vectors (generation, digest, vector) VALUES (?, ?, ?)",
                (self.generation, digest, row.astype("<f4").tobytes()),
            )

    def _check(self, rows: Vectors, texts: int) -> None:
        self._width = self._width or rows.shape[1]
        if rows.shape != (texts, self._width):
            raise BeliefError(
                f"{self.generation} returned {rows.shape[0]} vectors of {rows.shape[1]} for {texts} texts; its "
                f"vectors here have {self._width} dimensions: the model behind the name has changed. Use the one the "
                "beliefs were made with, or train in a new home"
            )
