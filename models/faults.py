"""What can go wrong on the wire, for :class:`~doxa.models.testing.OpenAIServer` to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Fault:
    """One way in which a server doesn't answer as it should.

    Attributes:
        name: What it is called in tests' names.
        status: HTTP status.
        headers: Added to the response's.
        body: Sent as it is; ``None`` sends a completion, changed by ``choice``.
        choice: Laid over the completion's only choice; ``None`` takes the choice away.
        cut: ``"clean"`` ends the body half-way as if it were complete, ``"reset"`` breaks the connection half-way.
        silent: Nothing is sent at all until the client gives up or the server closes.
    """

    name: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    choice: Mapping[str, Any] | None = field(default_factory=dict)
    cut: Literal["clean", "reset"] | None = None
    silent: bool = False


def refused(name: str, status: int, message: str, *, code: str | None = None, kind: str = "error") -> Fault:
    """An error in OpenAI's shape."""
    body = json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})
    return Fault(name, status, body=body)


def rate_limit(retry_after: float | str | None = None) -> Fault:
    """429, with ``Retry-After`` in seconds or as a date if given."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    fault = refused("429", 429, "Rate limit reached for requests", code="rate_limit_exceeded", kind="requests")
    return Fault(fault.name, fault.status, headers, fault.body)


def quota() -> Fault:
    """429 because the account has run dry."""
    return refused("quota", 429, "You exceeded your current quota", code="insufficient_quota")


def server_error(status: int = 500) -> Fault:
    """A 5xx as proxies send it: a page, not JSON."""
    return Fault(str(status), status, {"Content-Type": "text/html"}, "<html><body>upstream failed</body></html>")


def unauthorized(key: str = "sk-wrong") -> Fault:
    """401 that repeats the key, as some servers do."""
    return refused("401", 401, f"Incorrect API key provided: {key}", code="invalid_api_key")


def wrong_model(model: str = "this model") -> Fault:
    """404 for a model that isn't there."""
    return refused("wrong model", 404, f"The model {model!r} does not exist", code="model_not_found")


def context_overflow() -> Fault:
    """400 for a prompt that is too long."""
    message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    return refused("context overflow", 400, message, code="context_length_exceeded", kind="invalid_request_error")


def bad_request(message: str = "Unsupported parameter: 'temperature'") -> Fault:
    """400 for a request that the server doesn't take."""
    return refused("400", 400, message, code="unsupported_parameter", kind="invalid_request_error")


def filtered_prompt() -> Fault:
    """400 because of what the prompt says."""
    return refused("filtered prompt", 400, "The prompt was filtered", code="content_filter")


def reset() -> Fault:
    """The connection breaks half-way through the body."""
    return Fault("reset", cut="reset")


def truncated() -> Fault:
    """The body ends half-way; a stream ends without its end mark."""
    return Fault("truncated", cut="clean")


def timeout() -> Fault:
    """The server takes the request and says nothing."""
    return Fault("timeout", silent=True)


def empty_body() -> Fault:
    """200 and nothing."""
    return Fault("empty body", body="")


def html() -> Fault:
    """200 and a web page."""
    return Fault("HTML", headers={"Content-Type": "text/html"}, body="<!doctype html><title>Welcome</title>")


def invalid_json() -> Fault:
    """200 and something that isn't JSON."""
    return Fault("invalid JSON", body='{"choices": [{"message": ')


def no_choices() -> Fault:
    """A completion without a choice."""
    return Fault("no choices", choice=None)


def null_content() -> Fault:
    """A choice without content."""
    return Fault("null content", choice={"message": {"role": "assistant", "content": None}})


def empty_content() -> Fault:
    """A choice with nothing but a space in it."""
    return Fault("empty content", choice={"message": {"role": "assistant", "content": " "}})


def refusal() -> Fault:
    """The model refuses."""
    return Fault("refusal", choice={"message": {"role": "assistant", "content": None, "refusal": "I can't do that."}})


def content_filter() -> Fault:
    """The filter stops the reply."""
    return Fault("content filter", choice={"finish_reason": "content_filter"})


def length() -> Fault:
    """The reply hits the token limit."""
    return Fault("length", choice={"finish_reason": "length"})
