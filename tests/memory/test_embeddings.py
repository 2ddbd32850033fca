"""Embedders: unit rows, the same in every process, and clear about what they lack."""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import MissingExtraError, ModelError, ModelSetupError
from doxa.memory.embeddings import (
    ChromaEmbedder,
    Embedder,
    HashingEmbedder,
    LiteLLMEmbedder,
    OnnxEmbedder,
    embedder,
    normalized,
)


def see_promises(made: Embedder, texts: Sequence[str] = ("up", "down and up", "up")) -> None:
    rows = made.embed(texts)
    assert rows.dtype == np.float32
    assert rows.shape == (len(texts), made.dimension)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.array_equal(rows, made.embed(texts))
    assert np.array_equal(rows[0], rows[2])
    assert made.embed([]).shape == (0, made.dimension)


# -- hashing ----------------------------------------------------------------------------------------------------------


def test_hashing_keeps_the_promises() -> None:
    see_promises(HashingEmbedder())
    see_promises(HashingEmbedder(64))
    assert HashingEmbedder().name != HashingEmbedder(64).name


@given(st.lists(st.text(), max_size=4))
@settings(max_examples=60, deadline=None)
def test_hashing_takes_any_text(texts: list[str]) -> None:
    rows = HashingEmbedder(64).embed(texts)
    assert rows.shape == (len(texts), 64)
    lengths = np.linalg.norm(rows, axis=1)
    assert np.all((lengths < 1e-6) | (np.abs(lengths - 1) < 1e-5))


def test_hashing_is_the_same_in_every_process() -> None:
    script = (
        "import hashlib; from doxa.memory.embeddings import HashingEmbedder\n"
        "print(hashlib.sha256(HashingEmbedder().embed(['Follow 21-day momentum.', 'é']).tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


RESTATED = [
    ("Trust momentum over 21 days.", "Trust the 21-day momentum."),
    ("Reduce exposure when volatility is rising.", "Reduce the exposure when volatility rises."),
    ("Filings announce changes long before prices move.", "Filings announced changes long before the prices moved."),
    ("Act against momentum after a sharp drawdown.", "Act against the momentum after sharp drawdowns."),
    ("Short-term momentum reverses within five days.", "Short-term momentum often reverses within five days."),
]
OTHERS = [
    ("Trust momentum over 21 days.", "Momentum over a quarter persists."),
    ("Reduce exposure when volatility is rising.", "Raise exposure when drawdown is ending."),
    ("Filings announce changes long before prices move.", "Filings matter most in the week after an annual report."),
    ("Act against momentum after a sharp drawdown.", "Follow momentum in calm markets."),
]


def test_hashing_tells_restatements_from_other_lessons_on_the_same_subject() -> None:
    def cosines(pairs: list[tuple[str, str]]) -> list[float]:
        rows = [HashingEmbedder().embed(pair) for pair in pairs]
        return sorted(float(a @ b) for a, b in rows)

    assert cosines(RESTATED)[0] > cosines(OTHERS)[-1]
    assert cosines(RESTATED)[2] > 0.75, "the threshold from which texts count as restatements"


# -- onnx -------------------------------------------------------------------------------------------------------------


def field(number: int, value: bytes | int | str) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    head = b""
    while value > 127:
        head, value = head + bytes([value & 127 | 128]), value >> 7
    return head + bytes([value])


def tensor_type(name: str, kind: int, *axes: str) -> bytes:
    """A ValueInfoProto; kinds: 1 float32, 7 int64."""
    shape = b"".join(field(1, field(2, axis)) for axis in axes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def tiny_model(table: np.ndarray[Any, np.dtype[np.float32]], *, pooled: bool = False) -> bytes:
    """A ModelProto that looks token vectors up in a table; the onnx package isn't needed to write one."""
    weights = field(1, table.shape[0]) + field(1, table.shape[1]) + field(2, 1) + field(8, "table")
    weights += field(9, struct.pack(f"<{table.size}f", *table.ravel()))
    nodes = [field(1, "table") + field(1, "input_ids") + field(2, "hidden") + field(4, "Gather")]
    if pooled:
        axes = field(1, "axes") + field(8, 1) + field(20, 7)  # ints = [1]
        keep = field(1, "keepdims") + field(3, 0) + field(20, 2)
        mean = field(1, "hidden") + field(2, "sentence") + field(4, "ReduceMean") + field(5, axes) + field(5, keep)
        nodes.append(mean)
    graph = b"".join(field(1, node) for node in nodes) + field(2, "tiny") + field(5, weights)
    for name in ("input_ids", "attention_mask"):
        graph += field(11, tensor_type(name, 7, "batch", "tokens"))
    axes_out = ("batch", "width") if pooled else ("batch", "tokens", "width")
    graph += field(12, tensor_type("sentence" if pooled else "hidden", 1, *axes_out))
    return field(1, 7) + field(7, graph) + field(8, field(1, "") + field(2, 13))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("onnxruntime", reason="needs the extra doxa[minilm]")
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra doxa[minilm]")
    words = {"[UNK]": 0, "up": 1, "down": 2, "and": 3}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.enable_padding(length=8)  # as exports have it; padding must not count
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "model.onnx").write_bytes(tiny_model(TABLE))
    return tmp_path


TABLE = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 1, 1]], np.float32)


def test_onnx_keeps_the_promises_and_averages_tokens(folder: Path) -> None:
    made = OnnxEmbedder(folder)
    assert made.dimension == 3
    see_promises(made)
    wanted = np.array([2.0, 2.0, 1.0]) / 3  # (down + and + up) / 3, scaled
    assert np.allclose(made.embed(["down and up"])[0], wanted / np.linalg.norm(wanted), atol=1e-6)
    alone, beside = made.embed(["up"])[0], made.embed(["down and up and down and up", "up"])[1]
    assert np.array_equal(alone, beside), "a text's vector doesn't depend on its neighbours"


def test_onnx_cuts_long_texts(folder: Path) -> None:
    cut = OnnxEmbedder(folder, tokens=2).embed(["up up down down down"])[0]
    assert np.allclose(cut, [1, 0, 0])


def test_onnx_takes_models_that_pool_themselves(folder: Path) -> None:
    plain = OnnxEmbedder(folder).embed(["down and up"])
    (folder / "model.onnx").write_bytes(tiny_model(TABLE, pooled=True))
    assert np.allclose(OnnxEmbedder(folder).embed(["down and up"]), plain, atol=1e-6)


def test_onnx_is_named_after_what_is_in_the_files(folder: Path) -> None:
    name = OnnxEmbedder(folder).name
    assert OnnxEmbedder(folder).name == name
    assert OnnxEmbedder(folder, tokens=8).name != name
    (folder / "model.onnx").write_bytes(tiny_model(TABLE * 2))
    assert OnnxEmbedder(folder).name != name
    assert str(folder) not in OnnxEmbedder(folder).name


def test_onnx_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelSetupError, match=r"has no model\.onnx and no tokenizer\.json"):
        OnnxEmbedder(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(ModelSetupError, match=r"has no tokenizer\.json"):
        embedder(f"onnx:{tmp_path}")


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_onnx_says_which_file_is_unreadable(folder: Path, name: str) -> None:
    (folder / name).write_text("{}")
    with pytest.raises(ModelSetupError, match=f"{name} can't be read"):
        OnnxEmbedder(folder).embed(["up"])


def test_onnx_names_the_extra_it_needs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tokenizers", "onnxruntime"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(MissingExtraError, match=r"pip install 'doxa\[minilm\]'"):
                OnnxEmbedder(folder).embed(["up"])


# -- chroma -----------------------------------------------------------------------------------------------------------


class Letters:
    """An embedding function as Chroma has them."""

    def __init__(self, letters: str = "dnopuw") -> None:
        self.letters = letters

    def __call__(self, input: list[str]) -> list[list[float]]:  # noqa: A002
        return [[3.0 * text.count(letter) for letter in self.letters] for text in input]

    @staticmethod
    def name() -> str:
        return "letters"

    def get_config(self) -> dict[str, Any]:
        return {"letters": self.letters}


def test_any_chroma_function_will_do() -> None:
    made = ChromaEmbedder(Letters())
    see_promises(made)
    assert made.dimension == 6
    assert made.name.startswith("chroma-letters-")
    assert made.name != ChromaEmbedder(Letters("dnopuwx")).name


# -- litellm ----------------------------------------------------------------------------------------------------------


class Server(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint for embeddings; answers in the wrong order, which the protocol allows."""

    failures = 0
    short = False
    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({"path": self.path, **asked})
        if type(self).failures:
            type(self).failures -= 1
            self.send_error(503, f"no capacity for {self.headers['Authorization']}")
            return
        rows = [[3.0 * text.count(letter) for letter in "dnopuw"] for text in asked["input"]]
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)][::-1]
        body = {"object": "list", "data": data[:1] if self.short else data, "model": asked["model"]}
        answer = json.dumps({**body, "usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[tuple[type[Server], str]]:
    handler = type("Handler", (Server,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield handler, f"http://127.0.0.1:{listening.server_port}/v1"
        listening.shutdown()
        thread.join()


def remote(address: str, **other: Any) -> LiteLLMEmbedder:
    return LiteLLMEmbedder(
        "openai/some-model", {"api_base": address, "api_key": "sk-private", "timeout": 20, **other}, pause=0.0
    )


def test_litellm_asks_the_provider(server: tuple[type[Server], str]) -> None:
    handler, address = server
    made = remote(address)
    see_promises(made)
    assert made.name == "litellm-openai/some-model"
    assert {request["path"] for request in handler.seen} == {"/v1/embeddings"}
    assert handler.seen[0]["model"] == "some-model"
    assert np.array_equal(made.embed(["up", "down and up"]), ChromaEmbedder(Letters()).embed(["up", "down and up"]))


def test_litellm_retries_what_passes_and_reports_what_does_not(server: tuple[type[Server], str]) -> None:
    handler, address = server
    handler.failures = 3
    assert remote(address).embed(["up"]).shape == (1, 6)
    assert len(handler.seen) == 4
    handler.failures, handler.seen[:] = 9, []
    with pytest.raises(ModelError, match="embedding with openai/some-model failed") as caught:
        remote(address).embed(["up"])
    assert "no capacity for Bearer" in str(caught.value)
    assert "sk-private" not in str(caught.value) + repr(remote(address))
    assert len(handler.seen) == 4, "one owner of retries"
    handler.failures, handler.short = 0, True
    with pytest.raises(ModelError, match="1 vectors for 2 texts"):
        remote(address).embed(["up", "down"])


def test_litellm_leaves_no_event_loop_behind(server: tuple[type[Server], str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Thread] = []

    def get_event_loop() -> None:
        asked.append(current_thread())
        raise RuntimeError("none here")

    monkeypatch.setattr(asyncio, "get_event_loop", get_event_loop)  # makes one in the main thread, and leaves it open
    remote(server[1]).embed(["up"])
    assert asked, "litellm no longer asks for one"
    assert main_thread() not in asked


def test_litellm_knows_the_dimension_it_asked_for() -> None:
    made = LiteLLMEmbedder("openai/some-model", {"dimensions": 256})
    assert (made.name, made.dimension) == ("litellm-openai/some-model-256", 256)
    assert made.embed([]).shape == (0, 256)


# -- the factory ------------------------------------------------------------------------------------------------------


def test_the_factory_knows_names_and_objects() -> None:
    assert embedder(None) == embedder("hashing") == HashingEmbedder()
    mine = ChromaEmbedder(Letters())
    assert embedder(mine) is mine
    assert embedder("litellm:openai/x") == LiteLLMEmbedder("openai/x")
    assert embedder("chroma:default").name.startswith("chroma-default-")


@pytest.mark.parametrize("spec", ["hashin", "onnx", "onnx:", "hashing:9", "", "sentence-transformers"])
def test_an_unknown_name_is_refused_with_the_known_ones(spec: str) -> None:
    with pytest.raises(ModelSetupError, match="choose from chroma:NAME, hashing, litellm:MODEL, onnx:FOLDER"):
        embedder(spec)


def test_an_unknown_chroma_function_is_refused() -> None:
    with pytest.raises(ModelSetupError, match="did you mean 'cohere'"):
        embedder("chroma:coher")
    with pytest.raises(ModelSetupError, match="make it yourself and wrap it"):
        embedder("chroma:huggingface_server")
    with pytest.raises(ModelSetupError, match="wrap a Chroma embedding function"):
        embedder(Letters())  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [[1.0, 2.0], [[float("nan")]], [[float("inf")]]])
def test_what_is_no_table_of_numbers_is_refused(wrong: list[Any]) -> None:
    with pytest.raises(ModelError, match="finite numbers in n rows"):
        normalized(np.array(wrong))
