"""What the gateway adds to a call: CPU and throughput of both adapters, journal included, beside the bare clients.

``python benchmarks/gateway.py`` asks an OpenAI-compatible server on loopback, in a process of its own, by a raw HTTP
client, by openai and litellm alone, and by Doxa's adapters through the gateway with the SQLite journal as its log. All
send the same requests. They take turns, several rounds at each concurrency; medians and ratios within a round are
printed. Absolute numbers are the machine's, ratios are what to compare. Ends after ``--seconds`` at the latest round.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import BaseModel

from doxa.graphs.recording import JournalLog
from doxa.memory import Home, Journal
from doxa.models import Gateway, LiteLLMModel, Message, Model, OpenAIModel, Place, Request
from doxa.models.completions import asking
from doxa.testing import OpenAIServer

CALLS: Mapping[int, int] = {1: 40, 16: 96, 64: 128, 128: 256}
"""Calls of one contender in one round, by concurrency."""
NAME, KEY, CONNECTIONS = "any", "sk-none", 128
STANDING = "You read the news about one stock. " * 60
ANSWER = {"side": "up", "confidence": 0.5, "note": "a short note of some ten words on what was read"}


class Stance(BaseModel):
    """What the server answers."""

    side: str
    confidence: float
    note: str


Call = Callable[[int, Request[Stance]], Awaitable[object]]


@dataclass(frozen=True)
class Measured:
    """One block of calls."""

    cpu: float
    """Seconds of this process per call."""
    rate: float
    """Calls per second."""


def request(number: int) -> Request[Stance]:
    """2 kB that stay and 0.4 kB that change."""
    news = f"Item {number}: " + "the market moved and somebody said why. " * 10
    return Request("news", (Message("system", STANDING), Message("user", news)), Stance)


def serve(line: Connection) -> None:
    with OpenAIServer(ANSWER) as server:
        line.send(server.url)
        line.recv()


@contextmanager
def server() -> Iterator[str]:
    """A server in its own process, so that its CPU isn't counted as ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    yield ours.recv()
    ours.send("enough")
    process.join()


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Call]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

        async def call(_: int, asked: Request[Stance]) -> None:
            body = {"model": NAME, **asking(asked, "json_schema")}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                Stance.model_validate_json(json.loads(await response.read())["choices"][0]["message"]["content"])

        yield call


@asynccontextmanager
async def bare_openai(url: str) -> AsyncIterator[Call]:
    import httpx
    from openai import AsyncOpenAI, DefaultAioHttpClient

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    transport = DefaultAioHttpClient(limits=limits, trust_env=False)
    async with AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0, http_client=transport) as client:

        async def call(_: int, asked: Request[Stance]) -> None:
            answer = await client.chat.completions.create(model=NAME, **asking(asked, "json_schema"))
            Stance.model_validate_json(answer.choices[0].message.content or "")

        yield call


@asynccontextmanager
async def bare_litellm(url: str) -> AsyncIterator[Call]:
    import litellm

    where = {"model": f"openai/{NAME}", "api_base": url, "api_key": KEY, "max_retries": 0, "num_retries": 0}

    async def call(_: int, asked: Request[Stance]) -> None:
        answer: Any = await litellm.acompletion(**where, **asking(asked, "json_schema"))
        Stance.model_validate_json(answer.choices[0].message.content or "")

    yield call


@asynccontextmanager
async def through_the_gateway(model: Model, journal: Journal, run: str) -> AsyncIterator[Call]:
    async with Gateway(model, log=JournalLog(journal, run)) as gateway:

        async def call(number: int, asked: Request[Stance]) -> None:
            await gateway.ask(asked, Place(0, number, 2, "news"))

        yield call


async def measure(call: Call, numbers: Iterator[int], calls: int, concurrency: int) -> Measured:
    """Make calls, so many at a time."""
    waiting = iter([next(numbers) for _ in range(calls)])

    async def work() -> None:
        for number in waiting:
            await call(number, request(number))

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return Measured((time.process_time() - cpu) / calls, calls / (time.perf_counter() - wall))


async def compare(url: str, home: Path, rounds: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal.open(Home(home), write=True))
        thin, broad = (
            OpenAIModel(NAME, base_url=url),
            LiteLLMModel(f"openai/{NAME}", base_url=url, api_key=KEY, structured="json_schema"),
        )
        opened = {
            "raw aiohttp": raw(url),
            "openai": bare_openai(url),
            "OpenAIModel": through_the_gateway(thin, journal, journal.begin("thin")),
            "litellm": bare_litellm(url),
            "LiteLLMModel": through_the_gateway(broad, journal, journal.begin("broad")),
        }
        contenders = {name: await stack.enter_async_context(context) for name, context in opened.items()}
        numbers = itertools.count()
        for call in contenders.values():
            await measure(call, numbers, 2 * CONNECTIONS, CONNECTIONS)
        for left, (concurrency, calls) in zip(range(len(CALLS), 0, -1), CALLS.items(), strict=True):
            until = time.monotonic() + (end - time.monotonic()) / left
            found: dict[str, list[Measured]] = {name: [] for name in contenders}
            for number in range(rounds):
                if number > 1 and time.monotonic() > until:
                    break
                for name, call in contenders.items():
                    found[name].append(await measure(call, numbers, calls, concurrency))
            report(concurrency, found)


def report(concurrency: int, found: Mapping[str, list[Measured]]) -> None:
    """Medians; and the ratios of CPU to openai's and litellm's in the same round."""
    print(f"concurrency {concurrency}, {len(found['openai'])} rounds of {CALLS[concurrency]} calls")
    for name, measured in found.items():
        cpu, rate = median(m.cpu for m in measured) * 1e3, median(m.rate for m in measured)
        told = f"  {name:<13}{cpu:7.2f} ms CPU a call{rate:8.0f} calls/s"
        for other in ("openai", "litellm"):
            ratio = median(m.cpu / base.cpu for m, base in zip(measured, found[other], strict=True))
            told += f"   {ratio:5.2f} x {other}"
        print(told, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds at each concurrency")
    parser.add_argument("--seconds", type=float, default=150.0, help="bound on the time; two rounds are always made")
    given = parser.parse_args()
    with server() as url, tempfile.TemporaryDirectory() as home:
        asyncio.run(compare(url, Path(home), given.rounds, given.seconds))
    print("goals: OpenAIModel at most 1.5 x openai and at least 200 calls/s; LiteLLMModel at most 1.1 x litellm")


if __name__ == "__main__":
    main()
