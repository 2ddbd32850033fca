"""Many episodes at once, in one process.

``python benchmarks/concurrency.py`` runs 200 episodes of 20 steps, each a team of four analysts and a manager, against
an OpenAI-compatible server on loopback, in a process of its own, that takes 1 s for every call. A step waits for two
calls, so nothing is faster than ``steps * 2 * latency``. Beside it, in the same run, plain loops over bare litellm make
the same calls, for fewer episodes, without prompts, journal, beliefs or retries. Absolute numbers are the machine's;
CPU per call and the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from doxa import Analyst, CVaRMonitor, Experiment, Manager, OpenAIModel, hierarchy
from doxa.environments import Weather
from doxa.graphs import sweep
from doxa.models import Limits

ANALYSTS = 4
INSIGHT = {
    "stance": "dry",
    "confidence": 0.5,
    "rationale": "What the source says today speaks for it, though not loudly.",
    "evidence": [{"aspect": "barometer.pressure_change", "value": 1.5, "supports": "dry"}],
    "beliefs": [],
}
DECISION = {
    "action": "dry",
    "confidence": 0.5,
    "reasons": "Most of the team lean to it.",
    "insights": ["almanac-0"],
    "beliefs": [],
    "reflection": "Noted.",
}
TEAM = hierarchy(
    Manager(),
    [Analyst(f"{source}-{i}", source=source) for source in ("almanac", "barometer") for i in range(ANALYSTS // 2)],
    CVaRMonitor(),
)


@dataclass(frozen=True)
class Measured:
    """A block of calls."""

    wall: float
    cpu: float
    calls: int
    errors: int


def completion(value: dict[str, Any]) -> bytes:
    """A whole HTTP response."""
    choice = {"index": 0, "message": {"role": "assistant", "content": json.dumps(value)}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 700, "completion_tokens": 60, "total_tokens": 760}
    told = {"id": "1", "object": "chat.completion", "created": 0, "model": "any", "choices": [choice], "usage": usage}
    body = json.dumps(told).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Answering(asyncio.Protocol):
    """As little HTTP as answers a chat request: read to the end of the body, wait, answer by the schema's name."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._insight, self._decision = completion(INSIGHT), completion(DECISION)
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer later, once all of a request is there."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lowered = bytes(self._buffer[:head]).lower()
        start = lowered.index(b"content-length:") + 15
        end = head + 4 + int(lowered[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end:
            return
        insight = b'"name":"Insight"' in self._buffer or b'"name": "Insight"' in self._buffer
        del self._buffer[:end]
        asyncio.get_running_loop().call_later(self._latency, self._answer, self._insight if insight else self._decision)

    def _answer(self, response: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response)


async def serving(line: Connection, latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(latency), "127.0.0.1", 0, backlog=8192)
    line.send(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, line.recv)
    line.send(time.process_time())
    os._exit(0)  # what is still connected is of no interest


def serve(line: Connection, latency: float) -> None:
    asyncio.run(serving(line, latency))


@contextmanager
def server(latency: float) -> Iterator[str]:
    """The server, in its own process, so that its CPU isn't counted as ours."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, latency))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        ours.send("enough")
        print(f"  (the server used {ours.recv():.1f} s of CPU)")
        process.join()


async def doxa(url: str, home: Path, episodes: int, steps: int) -> Measured:
    """Evaluations of one team on as many seasons."""
    model = OpenAIModel("any", base_url=url, connections=ANALYSTS * episodes)
    first = Experiment(Weather(days=steps), TEAM, model=model, limits=Limits(concurrency=None), name="many")
    experiments = [replace(first, seed=seed) for seed in range(episodes)]
    wall, cpu = time.perf_counter(), time.process_time()
    found = await sweep(experiments, home, mode="evaluate", concurrency=episodes)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    for row in found.failed[:3]:
        print(f"  {row.failure}")
    return Measured(wall, cpu, sum(row.calls for row in found.rows), len(found.failed))


async def litellm(url: str, episodes: int, steps: int) -> Measured:
    """The same calls by bare litellm."""
    from litellm import acompletion

    where = {"model": "openai/any", "api_base": url, "api_key": "none", "max_retries": 0, "num_retries": 0}
    text = [{"role": "system", "content": "word " * 500}, {"role": "user", "content": "word " * 100}]
    named = [{"type": "json_schema", "json_schema": {"name": name, "schema": {}}} for name in ("Insight", "Decision")]

    async def call(form: dict[str, Any]) -> None:
        answer: Any = await acompletion(messages=text, response_format=form, **where)
        json.loads(answer.choices[0].message.content)

    async def episode() -> None:
        for _ in range(steps):
            await asyncio.gather(*(call(named[0]) for _ in range(ANALYSTS)))
            await call(named[1])

    await call(named[0])
    wall, cpu = time.perf_counter(), time.process_time()
    done = await asyncio.gather(*(episode() for _ in range(episodes)), return_exceptions=True)
    failed = sum(isinstance(one, BaseException) for one in done)
    return Measured(time.perf_counter() - wall, time.process_time() - cpu, episodes * steps * (ANALYSTS + 1), failed)


def report(name: str, episodes: int, least: float, measured: Measured) -> None:
    rate, cpu = measured.calls / measured.wall, measured.cpu / measured.calls * 1e3
    print(
        f"{name}: {episodes} episodes, {measured.calls:,} calls in {measured.wall:.1f} s wall, "
        f"{measured.wall / least:.2f} x the least of {least:.0f} s; {rate:.0f} calls/s, {cpu:.2f} ms CPU a call, "
        f"{measured.errors} errors"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds the server takes for a call")
    parser.add_argument("--litellm", type=int, default=50, help="episodes by bare litellm; 0 for none")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    least = given.steps * 2 * given.latency
    with server(given.latency) as url, tempfile.TemporaryDirectory() as home:
        asyncio.run(doxa(url, Path(home) / "warm", 2, 1))
        ours = asyncio.run(doxa(url, Path(home) / "home", given.episodes, given.steps))
        report("doxa", given.episodes, least, ours)
        print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if given.litellm:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        with server(given.latency) as url:
            theirs = asyncio.run(litellm(url, given.litellm, given.steps))
            report("bare litellm", given.litellm, least, theirs)
        print(f"CPU of a call, beside bare litellm's: {ours.cpu / ours.calls / (theirs.cpu / theirs.calls):.2f} x")


if __name__ == "__main__":
    main()
