"""Millions of damaged inputs for the parsers; nothing but Doxa's own errors may come out.

    python benchmarks/fuzz.py [INPUTS] [SEED] [TARGET ...]

With atheris installed it chooses the inputs by what they reach (``python benchmarks/fuzz.py --atheris
[-atheris_runs=20000]``); otherwise a seeded mutator damages good ones, the same for the same seed, and says so.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import importlib.util
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field

GUIDED = "--atheris" in sys.argv and importlib.util.find_spec("atheris") is not None
if GUIDED:
    import atheris

with atheris.instrument_imports(include=["doxa"]) if GUIDED else nullcontext():
    from doxa.environments.loaders import _json_object, _table
    from doxa.environments.parsing import decode
    from doxa.errors import DoxaError
    from doxa.memory.archive import Held, _checked
    from doxa.memory.arrival import _Desk
    from doxa.memory.bounds import Bounds
    from doxa.memory.canonical import sha256
    from doxa.memory.collection import Collected
    from doxa.memory.events import event_hash
    from doxa.memory.home import Home
    from doxa.memory.index import DamagedIndexError
    from doxa.memory.interchange import parsed
    from doxa.memory.journal import Journal
    from doxa.memory.served import ServedIndex
    from doxa.memory.state import Beliefs, RevisionResult
    from doxa.memory.transcripts import read_transcript
    from doxa.models.completions import reading
    from doxa.models.outputs import UnfitError, parse

TOKENS = (*b'{ } [ ] " , : NaN 1e999 - \\u0000 \xff null'.split(), b"\n", b"9" * 400)


class Stance(BaseModel):
    """What a model is asked to answer."""

    side: Literal["up", "down"]
    confidence: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class Target:
    """A parser, a good input, and the errors that it raises on purpose besides Doxa's."""

    read: Callable[[str], object]
    good: bytes
    typed: tuple[type[Exception], ...] = (DoxaError,)


def _completion(text: str) -> object:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None  # the adapter's own first step
    return reading(body, None)


# -- journal exports ----------------------------------------------------------------------------------------------


class _UndoneError(Exception):
    """Raised to take back what was taken in."""


@functools.cache
def _journal() -> Journal:
    folder = tempfile.TemporaryDirectory()
    opened = Journal.open(Home(Path(folder.name)), write=True)
    atexit.register(folder.cleanup)
    atexit.register(opened.close)
    return opened


def _export(text: str) -> object:
    """Read an archive whose digests are right, take it in under another name, and fold its beliefs."""
    parts = list(_checked(Path(__file__), io.BytesIO(sealed(text)), Bounds()))  # type: ignore[arg-type]
    journal, results = _journal(), list[RevisionResult]()
    with suppress(_UndoneError), journal.database.transaction() as connection:
        last = [part.name for part in parts if isinstance(part, Held)][-1]
        desk = _Desk(journal, connection, {last: "renamed"}, last)
        for part in parts:
            desk.take(part)
        desk.finish()
        sql = "SELECT payload, run, episode FROM events WHERE kind = 'belief' ORDER BY id"
        results += [RevisionResult.read(json.loads(p), run, ep) for p, run, ep in connection.execute(sql)]
        raise _UndoneError
    return Beliefs().after(results)


def sealed(text: str) -> bytes:
    """Lines of an archive with their digests and hash chain made right, as whoever forges one would."""
    whole, run, head = b"", "", ""
    for line in text.splitlines():
        made = line
        # what is too damaged to be made right is read as it stands
        with suppress(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            part: Any = json.loads(line)
            match part.get("line"):
                case "run":
                    run, head = part["name"], ""
                case "event":
                    names = ("episode", "seq", "kind", "key", "payload")
                    part["prev_hash"], head = head, event_hash(head, run, *(part[name] for name in names))
                    part["hash"] = head
                case "text":
                    part["digest"] = sha256(json.loads(part["text"]))
                case "end":
                    part["digest"] = hashlib.sha256(whole).hexdigest()
            made = json.dumps(part)
        whole += made.encode("utf-8", "surrogatepass") + b"\n"
    return whole


def _exported() -> bytes:
    """A good archive: a call, a belief, what became of it, a text and a vector."""
    lesson: dict[str, Any] = {"kind": "expansion", "form": "belief", "concept": "c", "statement": "s", "reason": "r"}
    lesson |= {"aspect": "a", "polarity": "for", "steps": [{"episode": 0, "step": 1}], "support": 3}
    added: dict[str, Any] = {"id": "b-1", "concept": "c", "aspect": "a", "statement": "s", "polarity": "for"}
    added |= {"author": "x", "known_at": None, "evidence": [{"episode": 0, "steps": [1], "note": "r"}]}
    result = {"version": 2, "op": "expansion", "reason": "r", "belief": "b-1", "proposal": lesson, "added": added}
    update = {"belief": "b-1", "good": 1.0, "bad": 0.0, "evidence": []}
    later = result | {"op": "reinforcement", "added": None, "updates": [update]}
    told = ({"messages": [["user", "0" * 64]]}, result, later)
    events = [
        {"line": "event", "episode": seq, "seq": seq, "kind": kind, "key": "k", "prev_hash": "", "hash": "0" * 64}
        | {"payload": json.dumps(payload, sort_keys=True, separators=(",", ":"))}
        | {"at": 1.5, "latency": None, "attempts": 1}
        for seq, kind, payload in zip((1, 2, 3), ("call", "belief", "belief"), told, strict=True)
    ]
    lines: list[dict[str, Any]] = [
        {"format": "doxa-run", "version": 1, "run": "run-1"},
        {"line": "run", "name": "run-1", "parent": None, "parent_seq": None},
        *events,
        {"line": "text", "digest": "0" * 64, "text": '"a prompt"'},
        {"line": "dropped", "digest": "1" * 64},
        {"line": "vector", "generation": "g", "digest": "2" * 64, "vector": "AACAPwAAAAA="},
        {"line": "replaced", "old": "g", "new": "h"},
        {"line": "end", "digest": "0" * 64},
    ]
    return sealed("\n".join(map(json.dumps, lines)))


# -- answers of Chroma --------------------------------------------------------------------------------------------


class _Answered(ServedIndex):
    """An index on a server whose answers are given."""

    def __init__(self, told: Any) -> None:  # noqa: ANN401  JSON
        answer = told if isinstance(told, dict) else {}
        self._collection: Any = SimpleNamespace(
            metadata=answer.get("metadata"),
            count=lambda: answer.get("count"),
            get=lambda **_: answer.get("get"),
            query=lambda **_: answer.get("query"),
        )


def _chroma(text: str) -> object:
    """Ask everything of an index that answers so; each question is one that its users know how to end."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None  # the client's own first step
    index, vector = _Answered(told), np.array([1, 0], np.float32)
    asked: list[Callable[[], object]] = [
        lambda: index.progress,
        lambda: index.get(["a", "b"]),
        lambda: index.search(vector, 2),
        lambda: Collected.search(index, vector, 1, ["a", "b"]),
    ]
    failed = [error for each in asked if (error := _failure(each)) is not None]
    if failed:
        raise failed[0]
    return index


def _failure(ask: Callable[[], object]) -> DamagedIndexError | None:
    try:
        ask()
    except DamagedIndexError as error:
        return error
    return None


def targets() -> Mapping[str, Target]:
    """The parsers."""
    belief = b'{"format":"doxa-beliefs","version":2}\n{"id":"b-1","concept":"c","statement":"s","scope":{"where":[]}}'
    reply = b'{"choices":[{"message":{"content":"{}","tool_calls":[]},"finish_reason":"stop"}],"usage":{}}'
    answers = (
        b'{"metadata":{"position":3,"stamp":"s","count":2},"count":2,"get":{"ids":["a","b"],"embeddings":[[1.0,0.0],'
        b'[0.0,1.0]]},"query":{"ids":[["a","b"]],"embeddings":[[[1.0,0.0],[0.6,0.8]]]}}'
    )
    return {
        "model reply": Target(lambda t: parse(t, Stance), b'{"side":"up","confidence":0.5}', (DoxaError, UnfitError)),
        "completion": Target(_completion, reply),
        "beliefs": Target(lambda t: parsed(t.splitlines()), belief),
        "json file": Target(lambda t: _json_object(t, "file"), b'{"2020-01-02":{"prices":1.5,"news":["up"]}}'),
        "csv": Target(lambda t: _table(t, "file", "A", None), b'date,price,news\n2020-01-02,1.5,"up, and on"\n'),
        "transcript": Target(read_transcript, b'[{"speaker":"Ann","text":"sell"},{"role":"Bob","content":"no"}]'),
        "journal export": Target(_export, _exported()),
        "Chroma answers": Target(_chroma, answers, (DoxaError, DamagedIndexError)),
    }


def damaged(good: bytes, rng: random.Random) -> bytes:
    """A good input with a few bytes changed, cut, repeated or put in."""
    data = bytearray(good)
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.randint(0, 12))
        match rng.randrange(4):
            case 0:
                data[at:at] = rng.choice(TOKENS) * rng.choice((1, 1, 1, 3))
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * rng.randint(1, 4)
            case _:
                data[at:end] = bytes(rng.choices(range(32, 127), k=end - at))
    return bytes(data)


def tried(target: Target, data: bytes) -> str:
    """What came of an input: ``read`` or the name of the error; anything that isn't typed is let through."""
    try:
        target.read(decode(data, "input"))
    except target.typed as error:
        return type(error).__name__
    return "read"


def guided(every: Sequence[Target]) -> None:
    """Let atheris choose the inputs, from the good ones on; the first byte says which parser they are for."""

    def one(data: bytes) -> None:
        if data:
            tried(every[data[0] % len(every)], data[1:])

    with tempfile.TemporaryDirectory() as corpus:
        for number, target in enumerate(every):
            (Path(corpus) / str(number)).write_bytes(bytes([number]) + target.good)
        atheris.Setup([sys.argv[0], *(a for a in sys.argv[1:] if a != "--atheris"), corpus], one)
        atheris.Fuzz()


def main() -> None:
    """Fuzz, and print how often what came of it."""
    if GUIDED:
        guided(list(targets().values()))
        return
    given = [each for each in sys.argv[1:] if each != "--atheris"]
    numbers = [int(each) for each in given if each.isdecimal()]
    inputs, seed = (*numbers, *(1_000_000, 0)[len(numbers) :])[:2]
    names = [each for each in given if not each.isdecimal()] or list(targets())
    if strange := [name for name in names if name not in targets()]:
        sys.exit(f"{__doc__}\nthere is no target {strange[0]!r}: choose from {', '.join(targets())}")
    print(f"a seeded mutator (seed {seed}), not atheris: {inputs:,} inputs")
    rng = random.Random(seed)  # noqa: S311  an experiment, not a secret
    for name in names:
        target, start, count = targets()[name], time.process_time(), inputs // len(names)
        came = Counter(tried(target, damaged(target.good, rng)) for _ in range(count))
        told = ", ".join(f"{what} {times:,}" for what, times in came.most_common())
        print(f"{name}: {count:,} in {time.process_time() - start:.0f} s CPU: {told}", flush=True)


if __name__ == "__main__":
    main()
