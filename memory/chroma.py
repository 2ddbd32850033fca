"""Chroma, embedded, as an index. Importing this imports chromadb; nothing else in the package does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import numpy as np
from chromadb import Collection, EmbeddingFunction, Embeddings, PersistentClient
from chromadb.api.client import Client
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.api.types import Embeddable
from chromadb.config import Settings
from chromadb.errors import ChromaError

from ..errors import HomeError
from .canonical import sha256
from .embeddings import Vectors
from .home import Home
from .index import DamagedIndexError, Hit, Metadata, Progress, nearest, writable

_EXACT = 100_000
"""Up to so many candidates an exact scan beats Chroma's filtered search, by far."""
_BROKEN = (ChromaError, AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError)
"""What Chroma raises over files that it can't make sense of."""


class _NoFunction(EmbeddingFunction[Embeddable]):
    """Vectors are given; without a function of one's own Chroma would download a model."""

    def __init__(self) -> None:
        pass

    def __call__(self, input: Embeddable) -> Embeddings:  # noqa: A002  Chroma's name for it
        raise HomeError(f"doxa's collections take vectors, not texts: query_embeddings=... for {input!r}")

    @staticmethod
    def name() -> str:
        return "doxa"

    def get_config(self) -> dict[str, Any]:
        return {}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> EmbeddingFunction[Embeddable]:
        del config
        return _NoFunction()


class ChromaIndex:
    """One collection per embedding generation, in the home's ``chroma`` folder; only for who holds the home's lock.

    A folder that is gone, stale or damaged is made anew, empty. Chroma doesn't notice all damage - over some files it
    crashes the process - so what it wrote is compared with a list of its files before it's opened.
    """

    def __init__(self, home: Home, generation: str) -> None:
        self._folder = home.chroma
        self._generation = generation
        self._name = f"beliefs-{sha256(generation)[:16]}"
        self._client: Client | None = None
        self._collection = self._opened()

    @property
    def progress(self) -> Progress:
        """How far it has applied the journal."""
        told = self._note()["collections"].get(self._name, {})
        return Progress(told.get("position", 0), told.get("stamp", ""))

    def add(self, ids: Sequence[str], vectors: Vectors, metadata: Sequence[Metadata]) -> None:
        """Put vectors in, or others in their place; a belief that two runs added is in it once."""
        rows = {i: row for row, i in enumerate(ids)}
        kept = list(rows.values())
        with _sound():
            self._collection.upsert(
                ids=list(rows),
                embeddings=vectors[kept],
                metadatas=[{k: v for k, v in metadata[row].items() if k != "text"} for row in kept],
                documents=[metadata[row]["text"] for row in kept],
            )

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those ids that are there."""
        with _sound():
            found = self._collection.get(ids=list(ids), include=["embeddings"])
            return _by_id(found["ids"], found["embeddings"])

    def search(self, vector: Vectors, k: int, ids: Sequence[str] | None = None) -> tuple[Hit, ...]:
        """The ``k`` nearest: up to 100,000 candidates are all scored, more are first narrowed down by Chroma."""
        if ids is not None and len(ids) <= _EXACT:
            return nearest(vector, self.get(ids), k) if ids else ()
        wanted, n = None if ids is None else set(ids), max(64, 4 * k)
        with _sound():
            total = self._collection.count()
            while True:
                found = self._collection.query(query_embeddings=vector[None], n_results=n, include=["embeddings"])
                rows = _by_id(found["ids"][0], found["embeddings"][0] if found["embeddings"] else None)
                kept = {i: row for i, row in rows.items() if wanted is None or i in wanted}
                if len(kept) >= k or n >= total:
                    return nearest(vector, kept, k)
                n *= 4

    def mark(self, progress: Progress) -> None:
        """Remember how far the journal is applied, and what the folder looks like now."""
        with _sound():
            told = {"position": progress.position, "stamp": progress.stamp, "count": self._collection.count()}
            self._write({**self._note()["collections"], self._name: told})

    def clear(self) -> None:
        """Delete the folder and start with an empty one."""
        with _sound():
            self._wipe()
            self._collection = self._open()

    def close(self) -> None:
        """Let go of the folder."""
        if self._client is not None:
            self._client.close()
            self._client = None
            with suppress(OSError):  # no room for the note: without it the folder is made anew next time
                self._write(self._note()["collections"])

    # -- inside ---------------------------------------------------------------------------------------------------

    def _opened(self) -> Collection:
        try:
            with _sound():
                if self._note()["files"] != self._files():
                    self._wipe()
                return self._open()
        except DamagedIndexError:
            with writable(), _sound():
                self._wipe()
                return self._open()

    def _open(self) -> Collection:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        settings = Settings(
            _env_file=None,  # Chroma would read its settings from whatever .env lies in the working directory
            chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
            anonymized_telemetry=False,
        )
        self._client = cast("Client", PersistentClient(str(self._folder.absolute()), settings))
        collection = self._client.get_or_create_collection(
            self._name,
            embedding_function=_NoFunction(),
            metadata={"generation": self._generation},
            configuration={"hnsw": {"space": "l2", "ef_construction": 400, "ef_search": 400, "max_neighbors": 32}},
        )
        some = collection.get(limit=1, include=["embeddings"])["embeddings"]
        if some is not None and len(some):
            collection.query(
                query_embeddings=np.asarray(some, np.float32), n_results=1
            )  # reads the files that are read late
        if collection.count() < self._note()["collections"].get(self._name, {}).get("count", 0):
            raise ValueError("there is less in it than was put in")
        return collection

    def _wipe(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        # Chroma keeps a client that failed to start, and would hand it out again for this folder
        SharedSystemClient._identifier_to_system.pop(str(self._folder.absolute()), None)  # noqa: SLF001
        if self._folder.is_dir():
            shutil.rmtree(self._folder)
        else:
            self._folder.unlink(missing_ok=True)

    def _files(self) -> dict[str, list[int]]:
        """Size and time of everything that Chroma maps into memory; its SQLite file is checked by SQLite."""
        found = sorted(path for path in self._folder.glob("*/*") if path.is_file())
        return {str(p.relative_to(self._folder)): [p.stat().st_size, p.stat().st_mtime_ns] for p in found}

    def _note(self) -> dict[str, Any]:
        try:
            note = json.loads((self._folder / "doxa.json").read_text())
            return {"files": dict(note["files"]), "collections": dict(note["collections"])}
        except (OSError, ValueError, KeyError, TypeError):
            return {"files": {}, "collections": {}}

    def _write(self, collections: Mapping[str, Any]) -> None:
        draft = self._folder / "doxa.json.new"
        draft.write_text(json.dumps({"files": self._files(), "collections": collections}))
        draft.replace(self._folder / "doxa.json")


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise DamagedIndexError(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which is no Exception and can't be imported
            raise
        raise DamagedIndexError(str(error)) from error


def _by_id(ids: Sequence[str], vectors: Any) -> dict[str, Vectors]:  # noqa: ANN401  Chroma's own type is a union of all
    return dict(zip(ids, np.asarray(vectors, np.float32), strict=True)) if len(ids) else {}
