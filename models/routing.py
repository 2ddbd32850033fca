"""The models of a team, opened together and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from .budget import Budget
from .gateway import Gateway
from .limits import Limits
from .log import CallLog
from .protocol import Model
from .retries import RetryPolicy
from .traffic import Traffic


@asynccontextmanager
async def team(
    models: Mapping[str, Model],
    *,
    log: CallLog,
    usd: float | None = None,
    tokens: int | None = None,
    policy: RetryPolicy | None = None,
    limits: Limits | Mapping[str, Limits] | None = None,
    fallbacks: Sequence[Model] = (),
    traffic: Traffic | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway for a team, a model by agent's name, with one budget over all of them, or one shared with others."""
    gateway = Gateway(
        models,
        log=log,
        budget=Budget(usd, tokens),
        policy=policy,
        limits=limits,
        fallbacks=fallbacks,
        traffic=traffic,
    )
    async with gateway:
        yield gateway
