"""Where a study's prices, news and filings come from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from ..environments import loaders
from ..environments.data import MarketData
from ..environments.series import MarketSeries
from ..environments.stored import stored_series
from ..errors import DataError, NotFoundError, options

STAND_INS: Mapping[str, str] = {
    "TSLA": "AMD",
    "AMZN": "WMT",
    "NIO": "BAC",
    "GOOG": "JPM",
    "NFLX": "KO",
    "COIN": "XOM",
    "GM": "GE",
    "BTC": "RRC",
}
"""Bundled stocks in the place of assets that aren't bundled, so that everything can be tried without any data."""


class Data(Protocol):
    """Assets by name."""

    @property
    def name(self) -> str:
        """How it is called in results."""
        ...

    def series(self, asset: str) -> MarketSeries:
        """An asset's days; another asset's, by its own name, if that stands in for it.

        Raises:
            DataError: There are none.
        """
        ...


class Bundled:
    """Daily prices of 20 US stocks that ship with skfolio, to 2022-12-28; no texts."""

    name = "bundled"

    def __init__(self) -> None:
        self._load = cache(loaders.bundled)

    def series(self, asset: str) -> MarketSeries:
        """The stock itself, or another that stands in for it."""
        return self._load(STAND_INS.get(asset, asset))


class Files:
    """A folder of INVESTORBENCH files, ``msft.json`` and the like."""

    def __init__(self, folder: Path) -> None:
        self.name = f"files {folder.name}"
        self._files = {path.stem.upper(): path for path in sorted(folder.glob("*.json"))}
        self._load = cache(loaders.investorbench)

    def series(self, asset: str) -> MarketSeries:
        """The file called like the asset, whatever its case."""
        if asset not in self._files:
            raise DataError(f"no file for {asset!r}: {options(asset, self._files)}")
        return self._load(self._files[asset], asset)


class Stored:
    """A :class:`~doxa.environments.data.MarketData` store."""

    def __init__(self, folder: Path) -> None:
        self.name = f"store {folder.name}"
        self._store = MarketData(folder)
        self._load = cache(lambda asset: stored_series(self._store, asset))

    def series(self, asset: str) -> MarketSeries:
        """What the store knows of the ticker."""
        try:
            return self._load(asset)
        except DataError as error:
            raise DataError(f"{error}; doxa data fetch {asset} --source yahoo --store {self._store.folder}") from None


def study_data(given: str | Path | None) -> Data:
    """A store's folder, a folder of INVESTORBENCH files, or ``None`` for the bundled prices.

    Raises:
        NotFoundError: There is no such folder.
        DataError: It is neither.
    """
    if given is None or str(given) == Bundled.name:
        return Bundled()
    folder = Path(given)
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}: give a store, a folder of INVESTORBENCH files, or 'bundled'")
    try:
        return Stored(folder)
    except DataError:
        if any(folder.glob("*.json")):
            return Files(folder)
        raise
