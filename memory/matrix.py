"""Vectors in memory-mapped files: an exact search that reads a byte per number.

Every row is kept twice: as it is (float32), and rounded to eight bits with its own scale. A search scores the small
copy, and because the length of each row's rounding error is kept too, it knows which rows can still be among the best;
only those are scored exactly. So the answer is that of scoring everything, for a quarter of the reading. By the
Cauchy-Schwarz inequality a row's score differs from its rounded score by at most that length, for a query of length 1.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .embeddings import Vectors
from .index import DamagedIndexError

Rows = NDArray[np.int64]
"""Positions in a matrix, ascending."""
Scores = NDArray[np.float64]

_FILES = ("exact", "small", "error")
_BLOCK = 512
"""Rows scored at once: as many as stay in a core's cache."""
_WHOLE = 0.25
"""From this share of all rows on, reading everything in order is faster than picking rows."""
_PLAIN = 4_000
"""Up to so many rows are scored exactly at once."""
_ALONE = 50_000
"""Below so many rows a second thread costs more than it saves."""
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
    ) -> None:
        """Map the first ``count`` rows; what stands behind them was never committed and is written over.

        ``durable`` files are on disk when an append returns; without ``write`` there is none. ``sums`` are the
        checksums of those rows, as :attr:`sums` gave them.

        Raises:
            DamagedIndexError: There are fewer.
        """
        self.dimension = dimension
        self.count = 0
        self.sums = dict.fromkeys(_FILES, 0) | dict(sums or {})
        self._durable = durable
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
        for name, table in zip(_FILES, (self._exact, self._small, self._error), strict=True):
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

    def best(self, query: Vectors, n: int, rows: Rows | None = None) -> Ranked:
        """The ``n`` best of these rows, or of all; more than ``n`` if several share the last place."""
        candidates = self.count if rows is None else len(rows)
        if candidates > max(n, _PLAIN):
            rows = self._possible(query, n, rows)
        elif rows is None:
            rows = np.arange(self.count)
        scores = self.exact(query, rows)
        if len(rows) > n:
            kept = scores >= np.partition(scores, len(scores) - n)[len(scores) - n]
            rows, scores = rows[kept], scores[kept]
        return Ranked(rows, scores)

    def _possible(self, query: Vectors, n: int, rows: Rows | None) -> Rows:
        """The rows that may be among the ``n`` best, judged by the small copy."""
        if rows is None or len(rows) > _WHOLE * self.count:
            rough, bounds = self._scan(query), self._error
            if rows is not None:
                rough, bounds = rough[rows], bounds[rows]
        else:
            rough, bounds = self._pick(query, rows), self._error[rows]
        rough *= bounds[:, 0]
        error = bounds[:, 1] + np.float32(_SLACK)
        floor = np.partition(rough - error, len(rough) - n)[len(rough) - n]
        possible = np.flatnonzero(rough + error >= floor)
        return possible if rows is None else rows[possible]

    def _scan(self, query: Vectors) -> Vectors:
        """The rough scores of all rows; numpy lets go of the interpreter, so two threads read side by side."""
        scores = np.empty(self.count, np.float32)
        if self.count < _ALONE:
            self._scan_part(query, scores, 0, self.count)
            return scores
        half = self.count // 2
        with ThreadPoolExecutor(1) as other:
            rest = other.submit(self._scan_part, query, scores, half, self.count)
            self._scan_part(query, scores, 0, half)
            rest.result()
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

    def _map(self, count: int) -> None:
        self._exact = self._mapped("exact", np.dtype("<f4"), (count, self.dimension))
        self._small = self._mapped("small", np.dtype("i1"), (count, self.dimension))
        self._error = self._mapped("error", np.dtype("<f4"), (count, 2))
        self.count = count

    def _mapped(self, name: str, kind: np.dtype[Any], shape: Sequence[int]) -> NDArray[Any]:
        if not shape[0]:
            return np.zeros(shape, kind)
        path = self._paths[name]
        if path.stat().st_size < kind.itemsize * int(np.prod(shape)):
            raise DamagedIndexError(f"{path.name} is shorter than {shape[0]} rows")
        return np.asarray(np.memmap(path, kind, "r", shape=tuple(shape)))
