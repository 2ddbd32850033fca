"""The public test server: what it says, notes and breaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel

from doxa.testing import Fault, OpenAIServer, faults, run_virtually

ASK = {"model": "m", "messages": [{"role": "user", "content": "two words"}]}


class Stance(BaseModel):
    side: str


def post(server: OpenAIServer, **changes: Any) -> tuple[int, str]:
    async def main() -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{server.url}/chat/completions", json=ASK | changes) as response,
        ):
            return response.status, await response.text()

    return asyncio.run(main())


def content(text: str) -> str:
    return str(json.loads(text)["choices"][0]["message"]["content"])


@pytest.mark.parametrize("answer", ['{"side": "up"}', {"side": "up"}, Stance(side="up")])
def test_an_answer_may_be_text_a_mapping_or_a_value(answer: Any) -> None:
    with OpenAIServer(answer) as server:
        status, text = post(server)
    assert status == 200
    assert json.loads(content(text)) == {"side": "up"}
    assert json.loads(text)["usage"]["prompt_tokens"] == 2


def test_answers_come_in_order_and_their_end_is_an_error() -> None:
    with OpenAIServer(iter(["a", faults.server_error(503), "b"])) as server:
        assert [post(server)[0] for _ in range(4)] == [200, 503, 200, 500]
        assert len(server.requests) == 4


def test_answers_may_depend_on_the_request() -> None:
    with OpenAIServer(lambda body: body["messages"][0]["content"].upper()) as server:
        assert content(post(server)[1]) == "TWO WORDS"
        assert server.requests[0].body["model"] == "m"


def test_it_streams_and_ends_a_stream_early_on_request() -> None:
    truncated = Fault("cut", cut="clean")
    with OpenAIServer(["one two", truncated]) as server:
        whole, cut = post(server, stream=True)[1], post(server, stream=True)[1]
    chunks = [json.loads(line[6:]) for line in whole.splitlines() if line.startswith("data: {")]
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert said == "one two"
    assert whole.endswith("data: [DONE]\n\n")
    assert "[DONE]" not in cut


def test_it_knows_its_models_and_its_key() -> None:
    with OpenAIServer("a", models=["m"], api_key="k") as server:
        assert post(server)[0] == 401
    with OpenAIServer("a", models=["other"]) as server:
        assert post(server)[0] == 404


def test_it_closes_under_a_request_that_hangs() -> None:
    async def main(server: OpenAIServer) -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(TimeoutError):
                await session.post(
                    f"{server.url}/chat/completions", json=ASK, timeout=aiohttp.ClientTimeout(total=0.05)
                )

    with OpenAIServer(faults.timeout()) as server:
        asyncio.run(main(server))


def test_it_counts_how_many_it_serves_at_once() -> None:
    async def main(server: OpenAIServer) -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(session.post(f"{server.url}/chat/completions", json=ASK) for _ in range(5)))

    with OpenAIServer("a", latency=0.1) as server:
        asyncio.run(main(server))
        assert server.most_at_once == 5


def test_virtual_time_passes_only_when_everything_waits() -> None:
    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(10))
        first = loop.time()
        await asyncio.sleep(0)
        return first, loop.time()

    assert run_virtually(main()) == (3600.0, 3600.0)


def test_virtual_time_tells_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="a deadlock"):
        run_virtually(main())
