"""Prices and tokens are known without a key, a network, or litellm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from doxa.models.prices import Price, listing, listing_of, price_of
from doxa.models.protocol import Message, Request
from doxa.models.tokens import measure


class Text(BaseModel):
    """Any answer."""

    text: str


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def test_a_model_is_priced_by_its_name() -> None:
    assert price_of("heuristic") == Price(0.0, 0.0)
    known = listing("gpt-4o-mini")
    assert known is not None
    assert price_of("openai/gpt-4o-mini") == price_of("openai/gpt-4o-mini?seed=1&temperature=0.3") == known.price
    assert known.price is not None
    assert 0 < known.price.prompt < known.price.completion


def test_a_provider_s_model_is_found_with_or_without_its_provider_s_name() -> None:
    anthropic, gemini = price_of("litellm/anthropic/claude-sonnet-4-5"), price_of("litellm/gemini/gemini-2.5-flash")
    assert anthropic is not None
    assert gemini is not None
    assert listing_of("litellm/mistral/claude-sonnet-4-5") is None


@pytest.mark.parametrize("name", ["openai/no-such-model", "litellm/no-such/model", "scripted", "gpt-4o-mini"])
def test_an_unknown_price_is_none_and_not_nothing(name: str) -> None:
    assert price_of(name) is None


def test_another_server_than_openai_s_has_other_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert price_of("openai/gpt-4o-mini") is None


def test_tokens_are_counted_as_openai_does() -> None:
    by = measure()
    assert by.name == "OpenAI's tokenizer o200k_base"
    assert by.count("hello world") == 2
    short, long = (Request("a", (Message("user", "word " * n),), Text) for n in (1, 101))
    assert by.prompt(long) - by.prompt(short) == 100


def test_without_the_vocabulary_bytes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    by = measure()
    assert by.name == "a token for every four bytes"
    assert by.count("äöü") == 2


def test_neither_prices_nor_tokens_import_litellm() -> None:
    code = (
        "import sys; from doxa.models.prices import price_of; from doxa.models.tokens import measure; "
        "price_of('openai/gpt-4o-mini'); measure().count('x'); print('litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
