"""Small pure parts: schemas, error messages, waits, completions."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from doxa.models import Place
from doxa.models import failures as f
from doxa.models.completions import reading
from doxa.models.schemas import schema_of
from doxa.models.statuses import excerpt, failure_of_status, retry_after


class Up(BaseModel):
    kind: Literal["up"] = "up"
    title: str = Field("", max_length=80, description="What it is called")


class Down(BaseModel):
    kind: Literal["down"] = "down"
    note: Annotated[str, Field(min_length=1, max_length=9)]
    depth: int | None = Field(None, ge=0, description="How far")


class Answer(BaseModel):
    moves: list[Annotated[Up | Down, Field(discriminator="kind")]] = []
    first: Up = Field(description="The first one")


class Free(BaseModel):
    weights: dict[str, float]


def nodes(node: object) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(found for child in node.values() for found in nodes(child))]
    return [found for child in node for found in nodes(child)] if isinstance(node, list) else []


def test_a_schema_is_in_the_subset_that_providers_take() -> None:
    schema = schema_of(Answer)
    assert schema.name == "Answer"
    assert schema.strict
    objects = [node for node in nodes(schema.body) if node.get("type") == "object"]
    assert len(objects) == 3
    for node in objects:
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    keywords = {key for node in nodes(schema.body) for key in node} - {"Up", "Down", "title"}
    assert keywords.isdisjoint({"default", "discriminator", "oneOf", "maxLength", "minLength", "const"})
    assert all(len(node) == 1 for node in nodes(schema.body) if "$ref" in node)
    up, down = schema.body["$defs"]["Up"]["properties"], schema.body["$defs"]["Down"]["properties"]
    assert up["kind"] == {"enum": ["up"], "type": "string"}
    assert up["title"] == {"type": "string", "description": "What it is called (at most 80 characters)"}
    assert down["note"]["description"] == "at least 1 characters and at most 9 characters"
    assert down["depth"]["anyOf"] == [{"minimum": 0, "type": "integer"}, {"type": "null"}]
    assert json.dumps(schema.body, sort_keys=True) in schema.instructions


def test_a_schema_with_free_keys_is_not_strict() -> None:
    assert not schema_of(Free).strict
    assert schema_of(Free).body["properties"]["weights"]["additionalProperties"] == {"type": "number"}


@pytest.mark.parametrize(
    ("status", "message", "code", "kind"),
    [
        (400, "bad", "", f.BadRequestError),
        (400, "maximum context length is 8192", "", f.ContextOverflowError),
        (400, "the request exceeds the available context size", "", f.ContextOverflowError),
        (400, "x", "context_length_exceeded", f.ContextOverflowError),
        (400, "x", "content_filter", f.ContentFilterError),
        (400, "x", "model_not_found", f.ModelNotFoundError),
        (401, "", "", f.AuthenticationError),
        (402, "", "", f.QuotaError),
        (403, "", "", f.AuthenticationError),
        (404, "", "", f.ModelNotFoundError),
        (408, "", "", f.ModelTimeoutError),
        (409, "", "", f.ServerError),
        (413, "", "", f.ContextOverflowError),
        (418, "", "", f.BadRequestError),
        (422, "", "", f.BadRequestError),
        (429, "slow down", "", f.RateLimitError),
        (429, "x", "insufficient_quota", f.QuotaError),
        (500, "", "", f.ServerError),
        (529, "overloaded", "", f.ServerError),
    ],
)
def test_a_status_is_a_failure(status: int, message: str, code: str, kind: type[f.CallError]) -> None:
    failure = failure_of_status(status, message, code=code)
    assert type(failure) is kind
    assert str(failure).startswith(f"HTTP {status}: {message or 'no message'}. {kind.remedy}")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 08:00:30 GMT", "date": "Sat, 21 Nov 2026 08:00:00 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 08:00:00 GMT", "date": "Sat, 21 Nov 2026 08:00:30 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-3"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@given(st.text(max_size=500), st.text("abcdef0123456789", min_size=12, max_size=40))
def test_an_excerpt_never_holds_the_key(text: str, key: str) -> None:
    assert key not in excerpt(f"{text} {key} {text} sk-{key} Bearer {key}", key)
    assert key not in excerpt(f"sk-{key} and Bearer {key} and api_key={key} and api-key: {key}")
    assert len(excerpt(text * 9)) <= 303


def whole(**changes: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"} | changes
    return {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (None, f.MalformedReplyError),
        ([], f.MalformedReplyError),
        ({}, f.MalformedReplyError),
        ({"choices": None}, f.MalformedReplyError),
        ({"choices": ["x"]}, f.MalformedReplyError),
        ({"choices": [whole()["choices"][0]] * 2}, f.MalformedReplyError),
        ({"error": {"code": 429, "message": "slow down"}}, f.RateLimitError),
        ({"error": {"code": "odd", "message": "hm"}, "choices": []}, f.ServerError),
        (whole(message=None), f.MalformedReplyError),
        (whole(message={"content": 7}), f.MalformedReplyError),
        (whole(finish_reason=None), f.MalformedReplyError),
        (whole(finish_reason="elsewhere"), f.MalformedReplyError),
        (whole(finish_reason="length"), f.TruncatedError),
    ],
)
def test_what_is_no_reply(body: object, kind: type[f.CallError]) -> None:
    with pytest.raises(kind) as caught:
        reading(body, None)
    assert type(caught.value) is kind


def test_odd_counts_of_tokens_count_as_none() -> None:
    body = whole() | {"usage": {"prompt_tokens": "3", "completion_tokens": None, "prompt_tokens_details": None}}
    assert reading(body, None).usage.prompt_tokens == 0


def test_a_failure_says_where_what_and_what_to_do() -> None:
    failure = f.TruncatedError("the reply hit the token limit").located(Place(2, 5, 1, "news"), "openai/gpt-4o", 3)
    assert str(failure) == (
        "agent 'news', episode 2, step 5, attempt 3, model openai/gpt-4o: "
        "the reply hit the token limit. Raise max_tokens."
    )
    assert failure.exit_code == 1
