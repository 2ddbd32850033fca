"""Recorded earnings calls, heard by a model and put into a store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..environments.data import Added


@dataclass(frozen=True)
class Listening:
    """What the command line says of a recording.

    Attributes:
        source: ``calls``: nothing else is listened to.
        audio: The file.
        tickers: Whose call it is: one.
        at: When it had ended, or was published.
        zone: Time zone of a moment that names none.
        model: Who listens.
        base_url: A server that speaks OpenAI's protocol.
        max_usd: What listening may cost.
    """

    source: str
    audio: Path
    tickers: Sequence[str]
    at: str | None
    zone: str | None
    model: str | None
    base_url: str | None
    max_usd: float | None


def heard(folder: Path, asked: Listening) -> Added:
    """Listen, unless the store in the folder has it already.

    Raises:
        DataError: Ticker, moment or model are missing.
    """
    from ..environments.calls import Call, hear
    from ..environments.data import MarketData
    from ..environments.datum import check_ticker
    from ..environments.fetching import now_utc
    from ..environments.moments import moment_of
    from ..errors import DataError
    from ..models.transcription import Recording, transcribe

    if asked.source != "calls":
        raise DataError(f"--audio is for --source calls, not for {asked.source!r}")
    if len(asked.tickers) != 1 or asked.at is None or asked.model is None:
        raise DataError(
            f"{asked.audio}: a recording needs its one TICKER, --published-at, the moment at which the call had ended "
            "or was published, and --model, who listens, as in openai/whisper-1"
        )
    recording = Recording.read(asked.audio)
    moment = moment_of(asked.at, "--published-at", asked.zone)
    call = Call(check_ticker(asked.tickers[0]), moment, asked.audio.stem, recording.digest, asked.model)

    def listen() -> str:
        speech = transcribe(recording, call.model, base_url=asked.base_url, max_usd=asked.max_usd)
        return asyncio.run(speech).text

    return hear(MarketData(folder, create=True), call, listen, now_utc())
