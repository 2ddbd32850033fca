"""Hybrid retrieval: facts and time decide exactly what may be found, words and vectors rank it.

A query goes this way. Filters and the as-of guard leave a set of rows. The dense leg takes the rows with the nearest
vectors of that set, the lexical leg those whose words match best; both together are the pool, and with them whatever
supersedes a member of it and may be found too. The pool is ranked by :mod:`doxa.memory.fusion`. Every leg is exact, so
equal libraries give equal answers, and whoever puts passages in in another order gets the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np

from .belief import Predicate
from .embeddings import Vectors, normalized
from .filters import Column, Mask
from .fusion import Fused, Numbers, Weights, fuse, ranking
from .index import VectorIndex
from .lexicon import Lexical
from .library import Library
from .matrix import Rows, Scores
from .passages import clock
from .readings import Reader, Reading, as_it_stands, interleaved

Vectorise = Callable[[Sequence[str]], Vectors]
"""Texts to L2-normalised rows."""
Imagine = Callable[[str], Sequence[str]]
"""Outcomes that a question makes one think of, in words; how it's done - a model, a template - is the caller's."""

_DAY = 86_400.0
_EXACT = 100_000
"""From more candidates than this on, the dense leg asks another index, if there is one."""


class View(Protocol):
    """What is known of a library's passages at some moment; a library is the view of what was put in it."""

    def mask(self, where: Iterable[Predicate] = (), as_of: datetime | None = None) -> Mask:
        """The rows that may be found."""
        ...

    def known(self, *, zoned: bool) -> Column:
        """When each row was known, on one of the two clocks; NaN if it wasn't on this one."""
        ...

    def newer(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """What takes the place of these ids."""
        ...


@dataclass(frozen=True)
class Found:
    """A passage that was found.

    Attributes:
        id: Its id.
        text: What it says.
        score: What it was ranked by; only comparable within one answer.
        superseded_by: What takes its place, if that was findable too; it stands before it.
        parts: If asked for: ``dense`` and ``lexical`` (cosine and word score), ``dense_z`` and ``lexical_z`` (both
            standardised over the pool), ``coverage`` of the question's words, ``recency``, how many ``cues`` it
            meets, ``age`` in days if it's known, and ``pool``, the pool's size.
    """

    id: str
    text: str
    score: float
    superseded_by: tuple[str, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Pool:
    """What is ranked; everything in the order of the ids."""

    ids: tuple[str, ...]
    rows: Rows
    newer: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class _Asked:
    """What all readings of a question share."""

    mask: Mask
    as_of: datetime | None
    k: int
    imagine: Imagine | None
    explain: bool


@dataclass(frozen=True)
class Retriever:
    """Finds passages in a library.

    Attributes:
        library: Where.
        vectors: Embeds queries, as the passages were embedded.
        weights: What counts how much.
        pool: How many of each leg are ranked.
        view: What may be found, when it was known and what supersedes what; the library's own if ``None``.
        reader: Reads questions: as they stand, or in parts and with cues, as
            :class:`~doxa.memory.dialogue.DialogueReader` does.
        wide: Asked for the nearest vectors where more than 100,000 rows may be found; the library itself if ``None``.
    """

    library: Library
    vectors: Vectorise
    weights: Weights = field(default_factory=Weights)
    pool: int = 100
    view: View | None = None
    reader: Reader = as_it_stands
    wide: VectorIndex | None = None

    def search(
        self,
        text: str,
        k: int = 5,
        *,
        where: Iterable[Predicate] = (),
        as_of: datetime | None = None,
        imagine: Imagine | None = None,
        explain: bool = False,
    ) -> tuple[Found, ...]:
        """The ``k`` best passages for a question, the best first.

        Args:
            text: The question.
            k: How many.
            where: Conditions that a passage's facts have to meet, all of them.
            as_of: Nothing known later is found, and ages are counted back from here; ``None`` for no guard, with ages
                counted back from the newest passage in question.
            imagine: Gives outcomes that one could imagine; the dense leg then looks for what is near the question and
                them together, the lexical one still for the question's words (hypothetical-outcome query).
            explain: Whether each one comes with what its score is made of.
        """
        asked = _Asked(self._view.mask(where, as_of), as_of, k, imagine, explain)
        rankings = [self._ranked(reading, asked) for reading in self.reader(text)]
        return rankings[0] if len(rankings) == 1 else _merged(rankings)[:k]

    def _ranked(self, reading: Reading, asked: _Asked) -> tuple[Found, ...]:
        """The best for one reading of the question."""
        query, mask = self._query(reading.text, asked.imagine), asked.mask
        lexical = self.library.worded(reading.text, mask, None if self.view is None else self.view.mask())
        cues = [self._view.mask((cue,)) & mask for cue in reading.cues]
        pool = self._pool(query, lexical, mask, cues, asked.k)
        if not pool.ids:
            return ()
        dense, ages = self.library.cosines(query, pool.rows), self._ages(pool.rows, mask, asked.as_of)
        words, coverage = (_at(lexical.rows, column, pool.rows) for column in (lexical.scores, lexical.coverage))
        met = sum((cue[pool.rows].astype(float) for cue in cues), np.zeros(len(pool.rows)))
        fused = fuse(dense, words, coverage, ages, self.weights, met)
        vectors = self.library.vectors(pool.rows)
        order = ranking(pool.ids, fused.score, pool.newer, vectors, asked.k, self.weights.diversity)
        texts = self.library.texts(pool.rows[list(order)])
        parts = [_parts(i, dense, words, coverage, ages, fused) if asked.explain else {} for i in order]
        return tuple(
            Found(pool.ids[i], said, float(fused.score[i]), pool.newer.get(pool.ids[i], ()), part)
            for i, said, part in zip(order, texts, parts, strict=True)
        )

    @property
    def _view(self) -> View:
        return self.library if self.view is None else self.view

    def _query(self, text: str, imagine: Imagine | None) -> Vectors:
        texts = [text, *(imagine(text) if imagine else ())]
        rows = np.asarray(self.vectors(texts), np.float32)
        if len(rows) == 1:
            return np.asarray(rows[0])
        return np.asarray(normalized((rows[:1] + rows[1:].mean(axis=0, keepdims=True)) / 2)[0])

    def _pool(self, query: Vectors, lexical: Lexical, mask: Mask, cues: Sequence[Mask], k: int) -> _Pool:
        size = max(self.pool, k)
        found = np.union1d(
            self._near(query, size, mask, k),
            self._cut(*self._settled(query, lexical, size), size),
        )
        for cue in cues:
            found = np.union1d(found, self._near(query, size, cue, k))
        ids = dict(zip(self.library.ids(found), found.tolist(), strict=True))
        newer = self._newer(ids, mask)
        ordered = tuple(sorted(ids))
        return _Pool(ordered, np.array([ids[i] for i in ordered], np.int64), newer)

    def _near(self, query: Vectors, size: int, mask: Mask, sure: int) -> Rows:
        """The nearest by vectors."""
        if self.wide is None or np.count_nonzero(mask) <= _EXACT:
            near = self.library.nearest(query, size, mask, sure)
            return self._cut(near.rows, near.scores, size)
        wanted = size
        while True:
            hits = self.wide.search(query, wanted)
            rows = self.library.rows([hit.id for hit in hits])
            kept = [rows[hit.id] for hit in hits if hit.id in rows and mask[rows[hit.id]]]
            if len(kept) >= size or len(hits) < wanted:
                return np.array(kept[:size], np.int64)
            wanted *= 4

    def _settled(self, query: Vectors, lexical: Lexical, size: int) -> tuple[Rows, Scores]:
        """The best by words; where many share the last place, the nearest of those."""
        rows, scores = lexical.rows, lexical.scores
        if len(rows) <= size:
            return rows, scores
        last = np.partition(scores, len(scores) - size)[len(scores) - size]
        above, level = rows[scores > last], rows[scores == last]
        cosines = self.library.cosines(query, level)
        return np.concatenate([above, level]), np.concatenate([np.full(len(above), np.inf), cosines])

    def _cut(self, rows: Rows, scores: Scores, size: int) -> Rows:
        """The ``size`` best; of those that share the last place the first by id."""
        if len(rows) <= size:
            return rows
        last = np.partition(scores, len(scores) - size)[len(scores) - size]
        above, level = rows[scores > last], rows[scores == last]
        ids = self.library.ids(level)
        first = sorted(range(len(ids)), key=ids.__getitem__)[: size - len(above)]
        return np.concatenate([above, level[first]])

    def _newer(self, ids: dict[str, int], mask: Mask) -> dict[str, tuple[str, ...]]:
        """What supersedes these and may be found, over any number of steps; it joins ``ids``."""
        newer: dict[str, tuple[str, ...]] = {}
        fresh = list(ids)
        while fresh:
            told = self._view.newer(fresh)
            rows = self.library.rows(sorted({name for names in told.values() for name in names}))
            rows = {name: row for name, row in rows.items() if mask[row]}
            for older, names in told.items():
                newer[older] = tuple(name for name in names if name in rows and name != older)
            fresh = [name for name in rows if name not in ids]
            ids.update((name, rows[name]) for name in fresh)
        return {older: names for older, names in newer.items() if names}

    def _ages(self, rows: Rows, mask: Mask, as_of: datetime | None) -> Numbers:
        """In days; NaN where it isn't known."""
        if as_of is not None:
            now = clock(as_of)
            return (now.seconds - self._view.known(zoned=now.zoned)[rows]) / _DAY
        ages = np.full(len(rows), np.nan)
        for zoned in (False, True):
            known = self._view.known(zoned=zoned)
            if np.isfinite(known[rows]).any():
                newest = np.fmax.reduce(known[mask], initial=-np.inf)
                ages = np.where(np.isfinite(known[rows]), (newest - known[rows]) / _DAY, ages)
        return ages


def _merged(rankings: Sequence[Sequence[Found]]) -> tuple[Found, ...]:
    """Several rankings as one, in turn; what supersedes something still stands before it."""
    known = {hit.id: hit for ranked in rankings for hit in ranked}
    merged: dict[str, Found] = {}
    for hit in interleaved(rankings):
        newer = [known[name] for name in hit.superseded_by if name in known]
        for one in (*newer, hit):
            merged.setdefault(one.id, one)
    return tuple(merged.values())


def _at(found: Rows, column: Scores, rows: Rows) -> Numbers:
    """A column of what was found, at these rows; 0 where nothing was."""
    if not len(found):
        return np.zeros(len(rows))
    places = np.minimum(np.searchsorted(found, rows), len(found) - 1)
    return np.where(found[places] == rows, column[places], 0.0)


def _parts(i: int, dense: Scores, lexical: Numbers, coverage: Numbers, ages: Numbers, fused: Fused) -> dict[str, float]:
    parts = {
        "dense": dense[i],
        "lexical": lexical[i],
        "coverage": coverage[i],
        "dense_z": fused.dense_z[i],
        "lexical_z": fused.lexical_z[i],
        "recency": fused.recency[i],
        "cues": fused.cues[i],
        "pool": len(dense),
    }
    if np.isfinite(ages[i]):
        parts["age"] = round(float(ages[i]), 6)
    return {name: float(value) for name, value in parts.items()}
