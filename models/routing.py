"""The models of a team, opened together and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from .budget import Budget
from .gateway import Gateway
from .log import CallLog
from .protocol import Model


@asynccontextmanager
async def team(
    models: Mapping[str, Model], *, log: CallLog, usd: float | None = None, tokens: int | None = None
) -> AsyncIterator[Gateway]:
    """A gateway for a team, a model by agent's name, with one budget over all of them."""
    async with Gateway(models, log=log, budget=Budget(usd, tokens)) as gateway:
        yield gateway
