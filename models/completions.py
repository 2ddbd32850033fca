"""Chat completions on the wire: what goes out, and what of that which comes back is a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from .failures import CallError, ContentFilterError, MalformedReplyError, RefusalError, TruncatedError
from .prices import Price
from .protocol import Message, Reply, Request, Usage
from .schemas import Schema, schema_of
from .statuses import excerpt, failure_of_status

Structured = Literal["auto", "json_schema", "tool", "json_object", "prompt"]
"""How a model is held to the response type: by its JSON schema, by the schema of a tool that it has to call, by being
told to write JSON, or by the prompt alone. The last two put the schema into the system message."""

CLEAN = ("stop", "tool_calls", "function_call")
"""How a completed reply ends."""


def asking(request: Request[Any], structured: Structured) -> dict[str, Any]:
    """The part of a request's body that says what is asked."""
    return {"messages": _messages(request, structured), **_held(schema_of(request.response_type), structured)}


def written(request: Request[Any], structured: Structured, settings: Mapping[str, Any]) -> bytes:
    """A request's body, settings included, as JSON; what a response type adds is long, and encoded once."""
    told = json.dumps({**settings, "messages": _messages(request, structured)})
    kind: type[BaseModel] = request.response_type
    held = _held_text(kind, structured)
    return f"{told[:-1]}, {held[1:]}".encode() if held != "{}" else told.encode()


def reading(body: object, price: Price | None) -> Reply:
    """The reply in a completion.

    Raises:
        CallError: It isn't one choice with content and a clean end; the subclass says what it is.
    """
    if not isinstance(body, Mapping):
        raise MalformedReplyError(f"the response is no JSON object but {excerpt(repr(body))}")
    usage = _usage(body.get("usage"))
    cost = price.cost(usage) if price is not None and usage is not None else None
    try:
        choice = _choice(body)
        text = _content(choice)
    except CallError as failure:
        failure.usage, failure.cost = usage, cost
        raise
    details = {"finish_reason": choice.get("finish_reason"), "system_fingerprint": body.get("system_fingerprint")}
    told = {key: str(value) for key, value in details.items() if value}
    return Reply(text, usage or Usage(), cost, str(body.get("model") or ""), details=told)


def _held(schema: Schema, structured: Structured) -> dict[str, Any]:
    """What holds a model to the response type."""
    if structured == "json_schema":
        described = {"name": schema.name, "schema": schema.body, "strict": schema.strict}
        return {"response_format": {"type": "json_schema", "json_schema": described}}
    if structured == "tool":
        return _tool(schema)
    return {"response_format": {"type": "json_object"}} if structured == "json_object" else {}


@lru_cache(maxsize=256)
def _held_text(kind: type[BaseModel], structured: Structured) -> str:
    return json.dumps(_held(schema_of(kind), structured))


def _messages(request: Request[Any], structured: Structured) -> list[dict[str, str]]:
    """The messages; with the schema in them, unless the model is held to it."""
    messages: Sequence[Message] = request.messages
    if structured not in ("json_schema", "tool"):
        messages = _instructed(messages, schema_of(request.response_type))
    return [{"role": message.role, "content": message.text} for message in messages]


def _instructed(messages: Sequence[Message], schema: Schema) -> list[Message]:
    """The messages with the schema at the end of the first system message, where it keeps the prefix stable."""
    if messages and messages[0].role == "system":
        return [Message("system", f"{messages[0].text}\n\n{schema.instructions}"), *messages[1:]]
    return [Message("system", schema.instructions), *messages]


def _tool(schema: Schema) -> dict[str, Any]:
    function = {"name": schema.name, "description": "Hand in the answer.", "parameters": schema.body}
    choice = {"type": "function", "function": {"name": schema.name}}
    return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}


def _choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = body.get("choices")
    error = body.get("error")
    if not choices and isinstance(error, Mapping):
        code = error.get("code")
        raise failure_of_status(code if isinstance(code, int) else 500, str(error.get("message")), code=str(code))
    if not isinstance(choices, Sequence) or len(choices) != 1 or not isinstance(choices[0], Mapping):
        found = len(choices) if isinstance(choices, Sequence) else "no"
        raise MalformedReplyError(f"one choice was expected, the response has {found}")
    return choices[0]


def _content(choice: Mapping[str, Any]) -> str:
    message, finish = choice.get("message"), choice.get("finish_reason")
    if not isinstance(message, Mapping):
        raise MalformedReplyError("the choice has no message")
    if message.get("refusal"):
        raise RefusalError(f"the model refused: {excerpt(str(message['refusal']))}")
    if finish == "content_filter":
        raise ContentFilterError("the provider's content filter stopped the reply")
    if finish == "length":
        raise TruncatedError("the reply hit the token limit")
    text = _arguments(message) or message.get("content")
    if not isinstance(text, str) or not text.strip():
        raise MalformedReplyError("the choice has no content")
    if finish not in CLEAN:
        raise MalformedReplyError(f"the reply has no clean end: finish_reason is {finish!r}")
    return text


def _arguments(message: Mapping[str, Any]) -> object:
    """What the model called the tool with, if it called one."""
    match message.get("tool_calls"):
        case [{"function": {"arguments": arguments}}]:
            return arguments
        case _:
            return None


def _usage(counts: object) -> Usage | None:
    if not isinstance(counts, Mapping):
        return None
    details = counts.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")), _count(cached))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
