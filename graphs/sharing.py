"""A sweep's runs gathered in a shared journal while it goes on: each as its arm ends, all of them at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DoxaError
from ..memory.gathering import gather, reserved
from ..memory.home import Home
from ..memory.journal import Journal
from ..memory.postgres import Server

if TYPE_CHECKING:
    from ..memory.postgres import Connected


class Sharing:
    """Gathers runs in a thread, and gives out names that are free in the shared journal.

    What can't be gathered stops no arm: their homes hold everything, and gathering it later changes nothing.
    """

    def __init__(self, server: Server, home: Path, names: Connected) -> None:
        self.server = server
        self._home = Home(home)
        self._names = names
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="doxa-gathering")
        self._waiting: list[Future[None]] = []

    def reserve(self, name: str, lowest: int) -> int:
        """The next number for a run of this name."""
        with self.server.speaking():
            return reserved(self._names, name, lowest)

    def add(self, run: str) -> None:
        """Gather a run, as far as it is on disk, some time soon."""
        self._waiting.append(self._thread.submit(self._gather, [run]))

    def finish(self, runs: Sequence[str]) -> str | None:
        """Gather these runs and wait until all is there; says what went wrong, if anything did."""
        for waiting in self._waiting:
            waiting.exception()  # what failed before is tried again now
        failed = self._thread.submit(self._gather, runs).exception()
        if failed is not None and not isinstance(failed, DoxaError):
            raise failed
        return None if failed is None else str(failed)

    def close(self) -> None:
        """Wait for what is under way, and leave out the rest."""
        self._thread.shutdown(cancel_futures=True)

    def _gather(self, runs: Sequence[str]) -> None:
        with (
            Journal.open(self._home, write=False) as journal,
            self.server.connected(write=True) as connection,
        ):
            for run in runs:
                gather(self.server, connection, journal, run)


@contextmanager
def sharing(url: str, home: Path) -> Iterator[Sharing]:
    """Connect to a shared journal, for the runs of a home.

    Raises:
        MissingExtraError: psycopg isn't installed.
        HomeError: It can't be used.
    """
    server = Server.at(url)
    with server.connected(write=True) as names:
        found = Sharing(server, home, names)
        try:
            yield found
        finally:
            found.close()
