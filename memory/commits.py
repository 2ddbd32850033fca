"""Many tasks' writes, one commit: whoever has to wait for the disk waits together with all the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..errors import JournalError


class Commits:
    """Group commit: while one transaction is written in a thread, what comes meanwhile gathers for the next.

    The first failure is everybody's, now and from then on: what a lost event leads to may not be recorded either.
    """

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="doxa-journal")
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None
        self.failed = ""
        """Why nothing can be written any more; empty while all is well."""

    async def durable(self) -> None:
        """Wait until everything that was recorded before is on disk.

        Raises:
            JournalError: It can't be written.
        """
        self.check()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append(done)
        if self._task is None:
            self._task = loop.create_task(self._work())
        await done

    def check(self) -> None:
        """Make sure that writing hasn't failed.

        Raises:
            JournalError: It has.
        """
        if self.failed:
            raise JournalError(self.failed)

    def close(self) -> None:
        """Wait for the transaction that is under way."""
        self._thread.shutdown()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                try:
                    await loop.run_in_executor(self._thread, self._write)
                except JournalError as error:
                    self.failed = str(error)
                self._tell(waiting)
        finally:
            self._task = None

    def _tell(self, waiting: list[asyncio.Future[None]]) -> None:
        for done in waiting:
            if done.done():
                continue
            if self.failed:
                done.set_exception(JournalError(self.failed))
            else:
                done.set_result(None)
