"""Streamed replies over real HTTP: the pieces are heard, and the reply is the same as without streaming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from doxa.models import Gateway, OpenAIModel, Request, RetryPolicy
from doxa.models import failures as f
from doxa.models.protocol import Place, Reply
from doxa.models.streaming import hearer
from doxa.testing import Fault, OpenAIServer, faults

Question = Callable[..., Request[Any]]
GOOD = {"side": "up", "confidence": 0.5}


def asked(server: OpenAIServer, question: Question, **settings: Any) -> Reply:
    async def main() -> Reply:
        model = OpenAIModel("any", base_url=server.url, **settings)
        try:
            return await model.complete(question())
        finally:
            await model.aclose()

    return replace(asyncio.run(main()), latency=0.0)


@pytest.mark.parametrize("structured", ["json_schema", "json_object"])
def test_a_streamed_reply_is_the_reply(question: Question, structured: str) -> None:
    with OpenAIServer(GOOD) as server:
        whole = asked(server, question, structured=structured)
        streamed = asked(server, question, structured=structured, stream=True)
    assert streamed == whole
    assert [request.body.get("stream") for request in server.requests] == [None, True]


def test_whoever_listens_hears_every_piece(question: Question) -> None:
    heard: list[tuple[str, str]] = []
    token = hearer.set(lambda agent, piece: heard.append((agent, piece)))
    try:
        with OpenAIServer(GOOD) as server:
            reply = asked(server, question, stream=True)
    finally:
        hearer.reset(token)
    assert len(heard) > 1
    assert {agent for agent, _ in heard} == {"news"}
    assert "".join(piece for _, piece in heard) == reply.text


def test_streaming_is_no_part_of_a_model_s_name() -> None:
    urls = {"base_url": "http://localhost:1/v1"}
    assert OpenAIModel("any", stream=True, **urls).name == OpenAIModel("any", **urls).name


@pytest.mark.parametrize(
    ("fault", "failure", "requests"),
    [
        (faults.truncated(), f.MalformedReplyError, 2),
        (faults.reset(), f.ConnectionLostError, 2),
        (faults.length(), f.TruncatedError, 1),
        (faults.content_filter(), f.ContentFilterError, 1),
        (faults.server_error(503), f.ServerError, 2),
        (faults.rate_limit(retry_after=90), f.RateLimitError, 1),
        (faults.unauthorized("sk-secret"), f.AuthenticationError, 1),
        (faults.no_choices(), f.MalformedReplyError, 2),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_a_stream_that_goes_wrong_is_a_typed_failure(
    question: Question, fault: Fault, failure: type[Exception], requests: int
) -> None:
    policy = RetryPolicy(attempts=2, base_delay=0.0, max_delay=0.0, deadline=30.0)

    async def main(url: str) -> None:
        async with Gateway(OpenAIModel("any", base_url=url, stream=True), policy=policy) as gateway:
            await gateway.ask(question(), Place(0, 0, 20, "news"))

    with OpenAIServer(lambda _: fault) as server, pytest.raises(failure) as caught:
        asyncio.run(main(server.url))
    assert type(caught.value) is failure
    assert len(server.requests) == requests
