"""Vectors in memory-mapped files: an exact search that reads a byte per number, among very many after a look at bits.

Every row is kept as it is (float32), and rounded to eight bits with its own scale. A search scores the small copy, and
because the length of each row's rounding error is kept too, it knows which rows can still be among the best; only those
are scored exactly. So the answer is that of scoring everything, for a quarter of the reading. By the Cauchy-Schwarz
inequality a row's score differs from its rounded score by at most that length, for a query of length 1.

Of more than 40,000 rows only those are scored whose 512 bits (:mod:`doxa.memory.signs`) differ little from the
query's: the few thousand nearest by bits, and so many more that each of the best is among them with a chance of 99 %.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .embeddings import Vectors
from .index import DamagedIndexError
from .signs import BITS, WORDS, Distances, count, planes, reach, signs

Rows = NDArray[np.int64]
"""Positions in a matrix, ascending."""
Scores = NDArray[np.float64]

_FILES = ("exact", "small", "error", "signs")
_BLOCK = 512
"""Rows scored at once: as many as stay in a core's cache."""
_WHOLE = 0.25
"""From this share of all rows on, reading everything in order is faster than picking rows."""
_PLAIN = 4_000
"""Up to so many rows are scored exactly at once."""
EXACT = 40_000
"""Among more rows than this, bits decide first which ones are scored."""
_ALONE = 50_000
"""Below so many rows a second thread costs more than it saves."""
_ALONE_BITS = 200_000
"""The same where only bits are counted."""
_SLACK = 1e-5
"""Above what single precision loses in a sum."""


@dataclass(frozen=True)
class Ranked:
    """The best rows and their cosines, exact to six decimals, in no particular order."""

    rows: Rows
    scores: Scores


class Matrix:
    """The vectors of one embedding generation, by row, in the files of a folder."""

    def __init__(
        self,
        folder: Path,
        dimension: int,
        count: int,
        sums: Mapping[str, int] | None = None,
        *,
        durable: bool = True,
        write: bool = True,
        exact: int = EXACT,
    ) -> None:
        """Map the first ``count`` rows; what stands behind them was never committed and is written over.

        ``durable`` files are on disk when an append returns; without ``write`` there is none. ``sums`` are the
        checksums of those rows, as :attr:`sums` gave them. Up to ``exact`` rows are searched exactly.

        Raises:
            DamagedIndexError: There are fewer.
        """
        self.dimension = dimension
        self.count = 0
        self.sums = dict.fromkeys(_FILES, 0) | dict(sums or {})
        self._durable = durable
        self._most = exact
        self._paths = {name: folder / f"vectors.{name}" for name in _FILES}
        for path in self._paths.values() if write else ():
            path.touch()
        self._map(count)

    def append(self, vectors: Vectors) -> None:
        """Write rows behind the last one."""
        rows = np.ascontiguousarray(vectors, np.float32)
        scale = np.abs(rows).max(axis=1, initial=0) / 127
        small = np.rint(rows / np.where(scale == 0, 1, scale)[:, None]).astype(np.int8)
        error = np.linalg.norm(rows - small * scale[:, None], axis=1)
        self._write("exact", rows.tobytes(), 4 * self.dimension)
        self._write("small", small.tobytes(), self.dimension)
        self._write("error", np.stack([scale, error], axis=1).astype(np.float32).tobytes(), 8)
        self._write("signs", signs(rows, self._planes).tobytes(), BITS // 8)
        self._map(self.count + len(rows))

    def rewind(self, count: int, sums: Mapping[str, int]) -> None:
        """Give up the rows behind the first ``count``, which had these checksums."""
        self._map(count)
        self.sums = dict(sums)

    def check(self) -> None:
        """Read everything.

        Raises:
            DamagedIndexError: It isn't what was written.
        """
        for name, table in zip(_FILES, (self._exact, self._small, self._error, self._signs), strict=True):
            if crc32(table.data) != self.sums[name]:
                raise DamagedIndexError(f"{self._paths[name].name} isn't what was written")

    def vectors(self, rows: Rows) -> Vectors:
        """These rows, as they were given."""
        return np.asarray(self._exact[rows])

    def exact(self, query: Vectors, rows: Rows) -> Scores:
        """The cosines of these rows, the same on every machine: rounded where machines begin to differ."""
        scores = np.empty(len(rows))
        wide = query.astype(np.float64)
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            scores[start : start + _BLOCK] = self._exact[some].astype(np.float64) @ wide
        return np.round(scores, 6) + 0.0  # no minus zero

    def best(self, query: Vectors, n: int, rows: Rows | None = None, sure: int | None = None) -> Ranked:
        """The ``n`` best of these rows, or of all; more than ``n`` if several share the last place.

        Among very many rows, each of the ``sure`` best - all ``n`` if ``None`` - is found with a chance of 99 %, and
        the others if their bits are among the nearest.
        """
        candidates = self.count if rows is None else len(rows)
        if candidates > max(n, _PLAIN):
            if candidates > self._most:
                rows = self._alike(query, n, rows, n if sure is None else min(n, sure))
            rows = self._possible(query, n, rows)
        elif rows is None:
            rows = np.arange(self.count)
        scores = self.exact(query, rows)
        if len(rows) > n:
            kept = scores >= np.partition(scores, len(scores) - n)[len(scores) - n]
            rows, scores = rows[kept], scores[kept]
        return Ranked(rows, scores)

    @cached_property
    def _planes(self) -> Vectors:
        return planes(self.dimension)

    def _alike(self, query: Vectors, n: int, rows: Rows | None, sure: int) -> Rows:
        """The rows whose bits are near the query's: which ones, is no matter of the order in which rows came."""
        asked = signs(query[None], self._planes)[0]
        found: Distances = np.empty(self.count, np.uint16)
        _halved(lambda first, end: count(self._signs[first:end], asked, found[first:end]), self.count, _ALONE_BITS)
        found = found if rows is None else found[rows]
        within = np.cumsum(np.bincount(found, minlength=BITS + 1))
        near = int(np.searchsorted(within, max(_PLAIN, 20 * n)))
        some = _places(found <= near, rows)
        low, _ = self._between(query, some)
        enough = reach(float(np.partition(low, len(low) - sure)[len(low) - sure]))
        return some if enough <= near else _places(found <= enough, rows)

    def _possible(self, query: Vectors, n: int, rows: Rows | None) -> Rows:
        """The rows that may be among the ``n`` best, judged by the small copy."""
        low, high = self._between(query, rows)
        return _places(high >= np.partition(low, len(low) - n)[len(low) - n], rows)

    def _between(self, query: Vectors, rows: Rows | None) -> tuple[Vectors, Vectors]:
        """The least and the most that each of these rows can score, judged by the small copy."""
        if rows is None or len(rows) > _WHOLE * self.count:
            rough, bounds = self._scan(query), self._error
            if rows is not None:
                rough, bounds = rough[rows], bounds[rows]
        else:
            rough, bounds = self._pick(query, rows), self._error[rows]
        rough *= bounds[:, 0]
        error = bounds[:, 1] + np.float32(_SLACK)
        return rough - error, rough + error

    def _scan(self, query: Vectors) -> Vectors:
        """The rough scores of all rows."""
        scores = np.empty(self.count, np.float32)
        _halved(lambda first, end: self._scan_part(query, scores, first, end), self.count, _ALONE)
        return scores

    def _scan_part(self, query: Vectors, scores: Vectors, first: int, end: int) -> None:
        wide = np.empty((_BLOCK, self.dimension), np.float32)
        for start in range(first, end, _BLOCK):
            block = self._small[start : min(start + _BLOCK, end)]
            np.copyto(wide[: len(block)], block)
            np.dot(wide[: len(block)], query, out=scores[start : start + len(block)])

    def _pick(self, query: Vectors, rows: Rows) -> Vectors:
        scores = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            scores[start : start + len(some)] = self._small[some].astype(np.float32) @ query
        return scores

    def _write(self, name: str, data: bytes, width: int) -> None:
        self.sums[name] = crc32(data, self.sums[name])
        with self._paths[name].open("r+b") as file:
            file.seek(self.count * width)
            file.write(data)
            file.flush()
            if self._durable:
                os.fsync(file.fileno())

    def _map(self, height: int) -> None:
        self._exact = self._mapped("exact", np.dtype("<f4"), (height, self.dimension))
        self._small = self._mapped("small", np.dtype("i1"), (height, self.dimension))
        self._error = self._mapped("error", np.dtype("<f4"), (height, 2))
        self._signs = self._mapped("signs", np.dtype("<u8"), (height, WORDS))
        self.count = height

    def _mapped(self, name: str, kind: np.dtype[Any], shape: Sequence[int]) -> NDArray[Any]:
        if not shape[0]:
            return np.zeros(shape, kind)
        path = self._paths[name]
        if path.stat().st_size < kind.itemsize * int(np.prod(shape)):
            raise DamagedIndexError(f"{path.name} is shorter than {shape[0]} rows")
        return np.asarray(np.memmap(path, kind, "r", shape=tuple(shape)))


def _halved(work: Callable[[int, int], None], end: int, alone: int) -> None:
    """Do ``work`` from 0 to ``end``; numpy lets go of the interpreter, so from ``alone`` on two threads share it."""
    if end < alone:
        work(0, end)
        return
    with ThreadPoolExecutor(1) as other:
        rest = other.submit(work, end // 2, end)
        work(0, end // 2)
        rest.result()


def _places(meant: NDArray[np.bool_], rows: Rows | None) -> Rows:
    """Those of the rows, or of all, that are meant."""
    found = np.flatnonzero(meant)
    return found if rows is None else rows[found]
