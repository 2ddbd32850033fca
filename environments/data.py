"""``MarketData``: prices, news, filings, calls and reports on disk, each with the time from which it was known."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from os import fspath
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..errors import DataError, options
from . import parquet
from .datum import KINDS, Batch, Datum, Kind, check_ticker
from .parsing import Location
from .revisions import join
from .timeline import Timeline

MARKER = "store.json"


@dataclass(frozen=True)
class Added:
    """What a batch changed.

    Attributes:
        new: Things that weren't in the store.
        restated: Versions of things that were.
        same: Things that were there as they are.
        gaps: What should have been there and wasn't.
    """

    new: int
    restated: int
    same: int
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holding:
    """What a store holds of one kind and ticker.

    Attributes:
        versions: How many, revisions included.
        covered: Up to when its source was asked.
    """

    kind: Kind
    ticker: str
    versions: int
    covered: datetime


@dataclass(frozen=True)
class _File:
    """What was read of a file that had these times and this size; its data only once they are asked for."""

    stamp: tuple[int, int]
    footer: parquet.Footer
    data: tuple[Datum, ...] | None = None


class MarketData:
    """A folder of Parquet files, one per kind and ticker.

    Nothing is overwritten: a restated value is a further version with its own ``known_at``. Reading needs an ``as_of``
    and brings a :class:`~doxa.environments.timeline.Timeline`, which can't hold anything later. Files are replaced as a
    whole, so a fetch that is killed leaves the old ones; the same fetch again adds what is missing and nothing twice.

    Args:
        folder: Where it is.
        create: Make it if it isn't there.

    Raises:
        DataError: There is no store, it can't be made, or it comes from a newer version.
    """

    def __init__(self, folder: Location, *, create: bool = False) -> None:
        self.folder = Path(folder)
        self._files: dict[Path, _File] = {}
        if create:
            self._create()
        self._check()

    @property
    def latest(self) -> datetime | None:
        """The latest moment that the store can speak of; ``None`` while it is empty."""
        return max((holding.covered for holding in self.holdings()), default=None)

    def holdings(self) -> tuple[Holding, ...]:
        """What is in it, by kind and ticker."""
        found = []
        for kind in KINDS:
            for path in sorted((self.folder / kind).glob("*.parquet")):
                footer = self._file(path).footer
                found.append(Holding(kind, path.stem, footer.rows, footer.covered))
        return tuple(found)

    def tickers(self, kind: Kind | None = None) -> tuple[str, ...]:
        """The assets of which it holds anything, or anything of a kind."""
        kinds = KINDS if kind is None else (kind,)
        return tuple(sorted({path.stem for k in kinds for path in (self.folder / k).glob("*.parquet")}))

    def known(self, kind: Kind, ticker: str, *, as_of: datetime) -> Timeline:
        """What was known of an asset at a moment; empty if nothing was.

        Raises:
            DataError: ``as_of`` is naive or later than :attr:`latest`, the kind or the ticker isn't there, or a file is
                damaged.
        """
        found = Timeline.until((), as_of)
        latest = self.latest
        if latest is None or found.as_of > latest:
            until = "is empty" if latest is None else f"knows nothing after {latest.isoformat()}"
            raise DataError(
                f"{self.folder}: as_of {as_of.isoformat()} is in the future of this store, which {until}; ask for an "
                "earlier moment or fetch newer data"
            )
        if kind not in KINDS:
            raise DataError(f"{self.folder}: no kind {kind!r} of data; {options(kind, KINDS)}")
        if check_ticker(ticker) not in self.tickers():
            raise DataError(f"{self.folder}: nothing of the ticker {ticker!r}; {options(ticker, self.tickers())}")
        return Timeline.until(self._data(kind, ticker), as_of)

    def add(self, batch: Batch) -> Added:
        """Add what an adapter brought; see :class:`~doxa.environments.datum.Batch`.

        Raises:
            DataError: A datum contradicts the stored ones, or is known only after it was fetched; nothing is written.
        """
        for datum in batch.data:
            if datum.known_at > batch.retrieved_at:
                raise DataError(
                    f"{datum.place}: known at {datum.known_at}, after it was fetched ({batch.retrieved_at}); a day "
                    "that hasn't closed has no close: leave it out"
                )
        ordered = sorted(batch.data, key=lambda datum: (KINDS.index(datum.kind), datum.ticker))
        new = restated = 0
        with FileLock(self.folder / ".lock"):
            for draft in self.folder.glob("*/*.tmp"):
                draft.unlink()
            groups = [(key, tuple(those)) for key, those in groupby(ordered, key=lambda d: (d.kind, d.ticker))]
            joined = [(key, join(self._data(*key), _part(batch, those))) for key, those in groups]
            for (kind, ticker), result in joined:
                new, restated = new + result.new, restated + result.restated
                self._write(kind, ticker, result.data, batch.covered)
        return Added(new, restated, len(batch.data) - new - restated, batch.gaps)

    def rows(self, kind: Kind, ticker: str) -> list[dict[str, Any]]:
        """A file's rows as they are, for checking them; everything else reads with :meth:`known`."""
        return parquet.read(self._path(kind, ticker), kind)

    def _write(self, kind: Kind, ticker: str, data: tuple[Datum, ...], covered: datetime | None) -> None:
        path = self._path(kind, ticker)
        before = parquet.footer(path) if path.exists() else None
        moments = [*(datum.known_at for datum in data[-1:]), *([covered] if covered else [])]
        moments += [before.covered] if before else []
        if before != parquet.Footer(len(data), max(moments)):
            parquet.write(path, kind, data, max(moments))

    def _data(self, kind: Kind, ticker: str) -> tuple[Datum, ...]:
        """All versions."""
        path = self._path(kind, ticker)
        if not path.exists():
            return ()
        file = self._file(path)
        if file.data is None:
            file = replace(file, data=tuple(parquet.data_of(parquet.read(path, kind), kind)))
            self._files[path] = file
        return file.data or ()

    def _file(self, path: Path) -> _File:
        """What was read of a file; kept until it changes."""
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if path not in self._files or self._files[path].stamp != stamp:
            self._files[path] = _File(stamp, parquet.footer(path))
        return self._files[path]

    def _path(self, kind: Kind, ticker: str) -> Path:
        return self.folder / kind / f"{check_ticker(ticker)}.parquet"

    def _create(self) -> None:
        marker = self.folder / MARKER
        if marker.exists():
            return
        if self.folder.is_dir() and any(path.suffix != ".tmp" for path in self.folder.iterdir()):
            raise DataError(f"{self.folder}: a folder with other things in it; give a new or empty one for the store")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = marker.with_suffix(".tmp")
            draft.write_text(json.dumps({"format": parquet.FORMAT}) + "\n", encoding="utf-8")
            draft.replace(marker)
        except OSError as error:
            raise DataError(f"{fspath(self.folder)}: no data store can be made there ({error})") from error

    def _check(self) -> None:
        marker = self.folder / MARKER
        try:
            version = json.loads(marker.read_text(encoding="utf-8"))["format"]
        except OSError as error:
            raise DataError(
                f"{self.folder}: no data store there; fill one with doxa data fetch --store {self.folder}"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f'{marker}: damaged; write {{"format": {parquet.FORMAT}}} into it') from error
        if not isinstance(version, int):
            raise DataError(f'{marker}: format is {version!r}; write {{"format": {parquet.FORMAT}}} into it')
        parquet.check_format(version, marker)


def _part(batch: Batch, data: tuple[Datum, ...]) -> Batch:
    return Batch(data, batch.retrieved_at, batch.dated, batch.covered)
