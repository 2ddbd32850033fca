"""Polite requests: a pace, one owner of retries, and failures that say what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from ssl import SSLContext
from typing import Any

from ..errors import DataError

ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Seconds; a server that asks for a longer pause is told so to the user instead of waited for."""

TIMEOUT = 30.0


class Web:
    """GET requests, one after another.

    Args:
        headers: Of every request.
        per_second: Most requests in a second.
        clock: Seconds that only go forward.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._headers, self._pause = dict(headers), 1 / per_second
        self._clock, self._sleep = clock, sleep
        self._next = 0.0

    def json(self, url: str) -> Any:  # noqa: ANN401  JSON
        """A JSON answer."""
        text = self.text(url)
        try:
            return json.loads(text or "")
        except ValueError as error:
            raise DataError(f"{url}: the answer isn't JSON ({error}); try again later") from error

    def text(self, url: str, *, missing_ok: bool = False) -> str:
        """An answer's text; empty for what isn't there, if that is allowed.

        Raises:
            DataError: It can't be reached, refuses, or fails again and again.
        """
        import httpx

        problem = "no answer"
        for attempt in range(ATTEMPTS):
            self._wait()
            try:
                answer = httpx.get(url, headers=self._headers, timeout=TIMEOUT, verify=self._trust)
            except httpx.HTTPError as error:
                problem, pause = f"{type(error).__name__}: {error}", 0.0
            else:
                if answer.status_code == httpx.codes.OK:
                    return answer.text
                if missing_ok and answer.status_code == httpx.codes.NOT_FOUND:
                    return ""
                problem, pause = _problem(url, answer.status_code), _asked(answer.headers.get("Retry-After"))
            if attempt < ATTEMPTS - 1:
                self._sleep(max(pause, 2.0**attempt))
        raise DataError(f"{url}: {problem}, {ATTEMPTS} times; look at the network and try again, what is stored stays")

    @cached_property
    def _trust(self) -> SSLContext:
        """Which certificates count; slow to make, so made once."""
        import httpx

        return httpx.create_ssl_context()

    def _wait(self) -> None:
        """Keep the pace."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._pause


def _problem(url: str, status: int) -> str:
    """What a status means; those that won't get better are raised at once."""
    if status in {401, 403}:
        raise DataError(f"{url}: refused (status {status}); is there a user agent with a contact, and a pause since?")
    if status == 429 or status >= 500:
        return f"status {status}"
    raise DataError(f"{url}: status {status}; is the address right?")


def _asked(retry_after: str | None) -> float:
    """Seconds that a server asked to wait for."""
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
    if seconds > LONGEST_WAIT:
        raise DataError(f"the server asks to wait for {seconds:g} s; try again then, what is stored stays")
    return seconds
