"""OpenAI and every server that speaks its chat protocol, by the openai client alone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Never
from urllib.parse import urlsplit

from ..errors import ModelSetupError
from .completions import Structured, asking, reading
from .connections import LOOPBACK, failure_of_connection
from .failures import BadRequestError, CallError, MalformedReplyError, ModelTimeoutError
from .loops import PerLoop
from .parameters import Parameters, refuse_unknown
from .prices import Listing, Price, bound, listing
from .protocol import Reply, Request, WorstCase
from .statuses import excerpt, failure_of_status
from .streaming import gathered

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

OPENAI = "https://api.openai.com/v1"
OWN = ("api_key", "base_url", "connections", "price", "stream", "timeout")
"""Settings that aren't parameters of a request."""
CONNECT = 10.0
"""Seconds to get a connection."""


class OpenAIModel:
    """A model behind OpenAI's chat protocol.

    OpenAI: ``OpenAIModel("gpt-4o-mini")``, with ``OPENAI_API_KEY`` set.
    vLLM: ``OpenAIModel("Qwen/Qwen3-8B", base_url="http://localhost:8000/v1")``.
    Ollama: ``OpenAIModel("llama3.2", base_url="http://localhost:11434/v1")``.
    llama.cpp: ``OpenAIModel("default", base_url="http://localhost:8080/v1")``.
    LM Studio: ``OpenAIModel("qwen3-8b", base_url="http://localhost:1234/v1")``.

    Args:
        model: The model's name, as the server knows it.
        base_url: Where the server is; without one ``OPENAI_BASE_URL``, or else OpenAI.
        api_key: Without one ``OPENAI_API_KEY``, which is never sent to a ``base_url`` given here.
        temperature: From 0; ``None`` leaves it to the server, as with all that follow.
        seed: For servers that sample reproducibly.
        max_tokens: Upper bound on a reply's tokens, reasoning included.
        reasoning_effort: The server's word, as in ``"low"``.
        structured: How the model is held to the response type; ``"auto"`` asks the price file what an OpenAI model can
            do, and hands other servers the JSON schema.
        timeout: Seconds one attempt may take.
        connections: Bound on open connections.
        price: Of its tokens; without one the price file's for OpenAI, and unknown elsewhere.
        stream: Whether replies come piece by piece, to be watched as they are written; the reply is the same.
        unknown: None are taken.

    Raises:
        ModelSetupError: A key is needed and missing, or a parameter isn't known or can't be used.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        max_tokens: int | None = None,
        reasoning_effort: str | None = None,
        structured: Structured = "auto",
        timeout: float = 60.0,
        connections: int = 128,
        price: Price | None = None,
        stream: bool = False,
        **unknown: Never,
    ) -> None:
        refuse_unknown(f"OpenAIModel({model!r})", unknown, OWN)
        self._model = model
        self._parameters = Parameters(temperature, seed, max_tokens, reasoning_effort, structured)
        self.name = self._parameters.named(f"openai/{model}")
        self.endpoint = _checked(base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI)
        self._key = api_key or (None if base_url else os.environ.get("OPENAI_API_KEY"))
        if self._key is None and self.endpoint == OPENAI:
            raise ModelSetupError(
                f"{self.name} needs a key: set the environment variable OPENAI_API_KEY, pass api_key=..., "
                "or give the base_url of a server that needs none"
            )
        self._price = price
        self._timeout = timeout
        self._stream = stream
        self._connections = connections
        self._client = PerLoop(self._connect)

    @property
    def price(self) -> Price | None:
        """US dollars per million tokens; ``None`` if it isn't known."""
        return self._price or self._listing.price

    async def complete(self, request: Request[Any]) -> Reply:
        """Ask once.

        Raises:
            CallError: There is no complete reply; the subclass says why.
        """
        body = self._body(request)
        completion = await (self._streamed(body, request.agent) if self._stream else self._post(body))
        return reading(completion, self._price or self._listing.price)

    def worst_case(self, request: Request[Any]) -> WorstCase:
        """The prompt at a token a byte, and as long a reply as the model may write."""
        most = self._parameters.sampling(request).get("max_tokens", self._listing.most_tokens)
        return bound(request, most, self._price or self._listing.ceiling)

    async def aclose(self) -> None:
        """Close the connections; the next call opens new ones."""
        client = self._client.take()
        if client is not None:
            await client.close()

    def _body(self, request: Request[Any]) -> dict[str, Any]:
        settings = self._parameters.sampling(request)
        if "max_tokens" in settings and self.endpoint == OPENAI:
            settings["max_completion_tokens"] = settings.pop("max_tokens")  # what its reasoning models insist on
        return {"model": self._model, **asking(request, self.structured), **settings}

    async def _post(self, body: Mapping[str, Any]) -> object:
        """Send a request and read the JSON that comes back."""
        import httpx

        async with self._typed_failures():
            response = await self._client.get().post("/chat/completions", cast_to=httpx.Response, body=body)
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise MalformedReplyError(f"the response is no JSON: {excerpt(response.text, self._key)!r}") from None

    async def _streamed(self, body: Mapping[str, Any], agent: str) -> object:
        """Send a request and gather the stream that comes back into one completion."""
        from openai import AsyncStream

        asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
        async with self._typed_failures():
            stream: AsyncStream[object] = await self._client.get().post(
                "/chat/completions", cast_to=object, body=asked, stream=True, stream_cls=AsyncStream[object]
            )
            async with stream:
                try:
                    return await gathered(aiter(stream), agent)
                except (ValueError, RecursionError):
                    raise MalformedReplyError("the stream holds something that is no JSON") from None

    @asynccontextmanager
    async def _typed_failures(self) -> AsyncIterator[None]:
        """Whatever goes wrong on the wire becomes one of :mod:`.failures`."""
        import httpx
        import openai

        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            raise ModelTimeoutError(f"no answer within {self._timeout:g} s") from None
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except (openai.APIConnectionError, httpx.TransportError) as error:
            raise failure_of_connection(error, self.endpoint) from None
        except openai.OpenAIError as error:
            raise BadRequestError(excerpt(str(error), self._key)) from None

    def _refused(self, error: APIStatusError) -> CallError:
        """The failure behind an HTTP status; its text may repeat the key, and so no cause is kept."""
        said = error.body if isinstance(error.body, Mapping) else {}
        message, code = str(said.get("message") or error.response.text), str(said.get("code") or "")
        return failure_of_status(error.status_code, message, code=code, headers=error.response.headers, key=self._key)

    def _connect(self) -> AsyncOpenAI:
        """A client for the running loop. Proxies named in the environment aren't asked for the loopback interface."""
        import httpx
        from openai import AsyncOpenAI, DefaultAioHttpClient

        transport = DefaultAioHttpClient(
            limits=httpx.Limits(max_connections=self._connections, max_keepalive_connections=self._connections),
            trust_env=urlsplit(self.endpoint).hostname not in LOOPBACK,
        )
        return AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self.endpoint,
            max_retries=0,
            timeout=httpx.Timeout(self._timeout, connect=min(CONNECT, self._timeout)),
            http_client=transport,
        )

    @cached_property
    def _listing(self) -> Listing:
        """What the price file says; it speaks of OpenAI's models only, not of others' by the same name."""
        listed = listing(self._model) if self.endpoint == OPENAI else None
        return listed or Listing(schema=True)

    @property
    def structured(self) -> Structured:
        """How the model is held to the response type."""
        if self._parameters.structured != "auto":
            return self._parameters.structured
        if self._listing.schema:
            return "json_schema"
        return "tool" if self._listing.tools else "json_object"


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelSetupError(f"base_url={url!r} is no URL of a server; give one like http://localhost:8000/v1")
    return url.rstrip("/")
