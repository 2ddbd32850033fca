"""A server that speaks OpenAI's protocols for chat and speech over real HTTP on loopback, and says what it is told to.

>>> with OpenAIServer({"side": "up"}) as server:  # doctest: +SKIP
...     model = OpenAIModel("any", base_url=server.url)

Users' tests import it as ``doxa.testing``.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel

from .faults import Fault, refused, unauthorized, wrong_model

if TYPE_CHECKING:
    from aiohttp import web

R = TypeVar("R")

Served = str | Mapping[str, Any] | BaseModel | Fault
"""A reply's text or the value it stands for, a whole completion (a mapping with ``choices``), or a fault."""


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class OpenAIServer:
    """An OpenAI-compatible server in a thread of its own; a context manager.

    Args:
        answers: One answer for every request, an iterable of answers in order of arrival, or a function of the
            request's body.
        latency: Seconds before each response.
        models: Models it has; ``None`` for any.
        api_key: The key it wants; ``None`` for none.
    """

    def __init__(
        self,
        answers: Served | Iterable[Served] | Callable[[Mapping[str, Any]], Served],
        *,
        latency: float = 0.0,
        models: Iterable[str] | None = None,
        api_key: str | None = None,
    ) -> None:
        self.requests: list[Received] = []
        """Every request for an answer so far, in order of arrival."""
        self.most_at_once = 0
        """The most chat requests that were being served at the same time."""
        self.url = ""
        """The base URL for clients, while the server runs."""
        self._answer = _answerer(answers)
        self._latency = latency
        self._models = None if models is None else tuple(models)
        self._api_key = api_key
        self._serving = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="doxa-test-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> None:
        from aiohttp import web

        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        app.router.add_get("/v1/models", self._list_models)
        self._closing = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"

    async def _close(self) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _list_models(self, _: web.Request) -> web.StreamResponse:
        from aiohttp import web

        return web.json_response({"object": "list", "data": [{"id": name} for name in self._models or ()]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(Received(request.path, dict(request.headers), body))
        self._serving += 1
        self.most_at_once = max(self.most_at_once, self._serving)
        try:
            await asyncio.sleep(self._latency)
            return await self._respond(request, body, self._decide(request, body))
        finally:
            self._serving -= 1

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        """Speech to text: a text as answer is what was said."""
        from aiohttp import web

        parts = (await request.post()).items()
        body = {name: part if isinstance(part, str) else part.file.read() for name, part in parts}  # type: ignore[union-attr]
        self.requests.append(Received(request.path, dict(request.headers), body))
        answer = self._decide(request, body)
        if isinstance(answer, Fault):
            return await self._respond(request, {"messages": [], **body}, answer)
        return web.json_response({"text": _text(answer)})

    def _decide(self, request: web.Request, body: Mapping[str, Any]) -> Served:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._api_key is not None and given != self._api_key:
            return unauthorized(given)
        if self._models is not None and body["model"] not in self._models:
            return wrong_model(body["model"])
        return self._answer(body)

    async def _respond(self, request: web.Request, body: Mapping[str, Any], answer: Served) -> web.StreamResponse:
        from aiohttp import web

        fault = answer if isinstance(answer, Fault) else Fault("none")
        if fault.silent:
            await self._closing.wait()
        headers = {"Content-Type": "application/json", **fault.headers}
        if fault.body is not None:
            return web.Response(status=fault.status, headers=headers, body=fault.body.encode())
        whole = completion(body, "{}" if isinstance(answer, Fault) else answer, fault)
        if body.get("stream"):
            text, headers["Content-Type"] = _events(whole, ended=fault.cut is None), "text/event-stream"
        else:
            text = json.dumps(whole)
        if fault.cut is None:
            return web.Response(status=fault.status, headers=headers, body=text.encode())
        return await _send_half(request, headers, text.encode(), broken=fault.cut == "reset")


def completion(body: Mapping[str, Any], answer: str | Mapping[str, Any] | BaseModel, fault: Fault) -> dict[str, Any]:
    """A chat completion as OpenAI sends it; tokens are counted as words."""
    if isinstance(answer, Mapping) and "choices" in answer:
        return dict(answer)
    text = _text(answer)
    prompt = sum(len(str(message["content"]).split()) for message in body["messages"])
    choice = {"index": 0, "message": _message(body, text), "finish_reason": "stop", **(fault.choice or {})}
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "system_fingerprint": "fp_test",
        "choices": [] if fault.choice is None else [choice],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": len(text.split()),
            "total_tokens": prompt + len(text.split()),
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def _message(body: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The assistant's message: a call of the first tool if the request insists on one."""
    if not isinstance(body.get("tool_choice"), dict):
        return {"role": "assistant", "content": text, "refusal": None}
    function = {"name": body["tools"][0]["function"]["name"], "arguments": text}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}


def _text(answer: str | Mapping[str, Any] | BaseModel) -> str:
    if isinstance(answer, str):
        return answer
    return answer.model_dump_json() if isinstance(answer, BaseModel) else json.dumps(answer)


def _answerer(
    answers: Served | Iterable[Served] | Callable[[Mapping[str, Any]], Served],
) -> Callable[[Mapping[str, Any]], Served]:
    if isinstance(answers, str | Mapping | BaseModel | Fault):
        return lambda _: answers
    if callable(answers):
        return answers
    script: Iterator[Served] = iter(answers)
    over = refused("end of script", 500, "the test server's script has come to its end")
    return lambda _: next(script, over)


def _events(whole: Mapping[str, Any], *, ended: bool) -> str:
    """The completion as a stream of events: a word each, the finish, the usage, the end mark."""
    head = {key: whole[key] for key in ("id", "created", "model", "system_fingerprint")}
    head["object"] = "chat.completion.chunk"
    chunks: list[dict[str, Any]] = []
    for choice in whole["choices"]:
        words = (choice["message"].get("content") or "").split(" ")
        spaced = [word + " " for word in words[:-1]] + words[-1:]
        chunks += [{"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in spaced]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    chunks.append({"choices": [], "usage": whole["usage"]})
    lines = [f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"] if ended else lines)


async def _send_half(
    request: web.Request, headers: Mapping[str, str], content: bytes, *, broken: bool
) -> web.StreamResponse:
    """Send half of a body, and then end it, or break the connection."""
    from aiohttp import web

    response = web.StreamResponse(headers=headers)
    if broken:
        response.content_length = len(content)
    else:
        response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if broken and request.transport is not None:
        request.transport.abort()
    else:
        await response.write_eof()
    return response
