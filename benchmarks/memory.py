"""What finding a memory costs, beside plain Chroma and LangGraph's InMemoryStore.

``python benchmarks/memory.py`` prints, all from one run, for 10,000 and 100,000 texts with given vectors: what a
query takes (p50 and p95 in ms, and p95 of its CPU time, which says more on a busy machine; without a filter, with one
that 1 % meet, with one that half meet), the share of the ten really nearest that it found, texts taken in per second,
opening and the first answer in a fresh process, and peak memory.
Every system and size runs in its own process, in turn. ``--million`` adds 1,000,000 texts, for Doxa alone.

Doxa is measured twice: ``doxa`` ranks by words, vectors and recency; ``doxa vectors`` by vectors alone, as the others
do.
Texts and vectors are drawn from a seeded generator: 24 words by Zipf's law, vectors in 384 dimensions around centres.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from doxa.memory import Predicate
from doxa.memory.embeddings import Vectors, normalized
from doxa.memory.fusion import Weights
from doxa.memory.library import Library
from doxa.memory.passages import Passage
from doxa.memory.retrieval import Retriever

WIDTH, BATCH, QUERIES, K = 384, 5_000, 100, 10
SYSTEMS = ("doxa", "doxa vectors", "chroma", "langgraph")
FILTERS = {"all": {}, "1 %": {"source": "s7"}, "50 %": {"half": "h1"}}
START = datetime(2020, 1, 1)  # noqa: DTZ001  a simulated clock


@dataclass(frozen=True)
class Batch:
    """Texts with their vectors and facts."""

    ids: list[str]
    texts: list[str]
    vectors: Vectors
    facts: list[dict[str, str]]


class Generator:
    """The same texts for everybody, a batch at a time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rng = np.random.default_rng(7)
        self._centres = self._rng.standard_normal((max(20, size // 200), WIDTH), np.float32)
        frequency = 1 / np.arange(1, 20_001)
        self._frequency = np.cumsum(frequency / frequency.sum())

    def vectors(self, n: int) -> Vectors:
        """Near the centres, of length 1."""
        near = self._centres[self._rng.integers(0, len(self._centres), n)]
        return normalized(near + 0.7 * self._rng.standard_normal((n, WIDTH), np.float32))

    def texts(self, n: int, words: int) -> list[str]:
        """Of half of ``words`` to ``words`` words."""
        drawn = np.searchsorted(self._frequency, self._rng.random((n, words)))
        return [" ".join(f"w{word}" for word in row[: words - row[0] % (words // 2)]) for row in drawn]

    def batches(self) -> Iterator[Batch]:
        """Everything, once."""
        for start in range(0, self.size, BATCH):
            n = min(BATCH, self.size - start)
            sources, halves = self._rng.integers(0, 100, n), self._rng.integers(0, 2, n)
            facts = [{"source": f"s{s}", "half": f"h{h}"} for s, h in zip(sources, halves, strict=True)]
            ids = [f"p{start + i:07d}" for i in range(n)]
            yield Batch(ids, self.texts(n, 24), self.vectors(n), facts)


class System(Protocol):
    """What is measured."""

    def add(self, batch: Batch) -> None:
        """Take a batch in."""
        ...

    def query(self, text: str, vector: Vectors, where: dict[str, str]) -> list[str]:
        """Ids of what is nearest and meets every condition."""
        ...


class Doxa:
    """A library, asked for everything or for vectors alone."""

    def __init__(self, folder: Path, *, hybrid: bool) -> None:
        self.library = Library(folder, "benchmark", WIDTH)
        self.weights = Weights() if hybrid else None

    def add(self, batch: Batch) -> None:
        """Take a batch in."""
        made = zip(batch.ids, batch.texts, batch.facts, strict=True)
        passages = [Passage(i, t, f, START + timedelta(minutes=int(i[1:]))) for i, t, f in made]
        self.library.put(passages, batch.vectors)

    def query(self, text: str, vector: Vectors, where: dict[str, str]) -> list[str]:
        """Ask."""
        conditions = [Predicate(fact=name, op="==", value=value) for name, value in where.items()]
        if self.weights is None:
            found = self.library.nearest(vector, K, self.library.mask(conditions) if where else None)
            return self.library.ids(found.rows[np.argsort(-found.scores, kind="stable")[:K]])
        retriever = Retriever(self.library, lambda _: vector[None], self.weights)
        return [hit.id for hit in retriever.search(text, K, where=conditions)]


class Chroma:
    """A collection as Chroma makes it by default, with cosine."""

    def __init__(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        self.client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        self.collection = self.client.get_or_create_collection(
            "texts", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )

    def add(self, batch: Batch) -> None:
        """Take a batch in."""
        self.collection.add(batch.ids, batch.vectors, [dict(f) for f in batch.facts], batch.texts)

    def query(self, text: str, vector: Vectors, where: dict[str, str]) -> list[str]:  # noqa: ARG002
        """Ask."""
        return self.collection.query(vector[None], n_results=K, where=dict(where) or None)["ids"][0]


class LangGraph:
    """InMemoryStore with an index; the embedding function looks the vectors up."""

    def __init__(self) -> None:
        from langgraph.store.memory import InMemoryStore

        self.known: dict[str, Vectors] = {}
        embed: Any = lambda texts: [self.known[text] for text in texts]  # noqa: E731
        self.store = InMemoryStore(index={"dims": WIDTH, "embed": embed, "fields": ["id"]})

    def add(self, batch: Batch) -> None:
        """Take a batch in."""
        from langgraph.store.base import PutOp

        self.known = dict(zip(batch.ids, batch.vectors, strict=True))
        made = zip(batch.ids, batch.texts, batch.facts, strict=True)
        self.store.batch([PutOp(("texts",), i, {"id": i, "text": t, **f}) for i, t, f in made])

    def query(self, text: str, vector: Vectors, where: dict[str, str]) -> list[str]:
        """Ask."""
        self.known = {text: vector}
        return [item.key for item in self.store.search(("texts",), query=text, filter=dict(where) or None, limit=K)]


def opened(system: str, folder: Path) -> System:
    if system == "chroma":
        return Chroma(folder)
    return LangGraph() if system == "langgraph" else Doxa(folder, hybrid=system == "doxa")


class Truth:
    """The really nearest, by filter and query, kept while the texts go by."""

    def __init__(self, queries: Vectors) -> None:
        self.queries = queries
        empty = (np.zeros((len(queries), 0)), np.zeros((len(queries), 0), dtype="U8"))
        self.best: dict[str, tuple[NDArray[Any], NDArray[Any]]] = dict.fromkeys(FILTERS, empty)

    def see(self, batch: Batch) -> None:
        """Keep the best so far."""
        scores = self.queries @ batch.vectors.T
        for name, where in FILTERS.items():
            meets = [all(f[k] == v for k, v in where.items()) for f in batch.facts]
            old, ids = self.best[name]
            both = np.hstack([old, scores[:, meets]])
            names = np.hstack([ids, np.tile(np.array(batch.ids)[meets], (len(self.queries), 1))])
            top = np.argsort(-both, axis=1)[:, :K]
            self.best[name] = (np.take_along_axis(both, top, 1), np.take_along_axis(names, top, 1))


def measured(system: str, size: int, folder: Path) -> dict[str, Any]:
    """Fill a system and ask it."""
    source = Generator(size)
    tested, texts, vectors = opened(system, folder), source.texts(QUERIES, 8), source.vectors(QUERIES)
    truth, spent = Truth(vectors), 0.0
    for batch in source.batches():
        truth.see(batch)
        started = time.perf_counter()
        tested.add(batch)
        spent += time.perf_counter() - started
    asked = QUERIES if system != "langgraph" else 10  # seconds each at 100,000
    told: dict[str, Any] = {"ingest": size / spent}
    for name, where in FILTERS.items():
        tested.query(texts[0], vectors[0], where)
        times, cpu, hits = [], [], 0
        for i in range(asked):
            started, worked = time.perf_counter(), time.process_time()
            found = tested.query(texts[i], vectors[i], where)
            times.append((time.perf_counter() - started) * 1e3)
            cpu.append((time.process_time() - worked) * 1e3)
            hits += len({*found} & {*truth.best[name][1][i].tolist()})
        told[name] = [*np.percentile(times, [50, 95]), np.percentile(cpu, 95), hits / (K * asked)]
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return told


def opening(system: str, size: int, folder: Path) -> dict[str, float]:
    """Open what was filled, and ask once."""
    vector = Generator(size).vectors(1)[0]
    started = time.perf_counter()
    opened(system, folder).query("w100 w200", vector, {})
    return {"open": time.perf_counter() - started}


def in_its_own_process(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--worker", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def compare(sizes: Sequence[int], systems: Sequence[str]) -> None:
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, BLAS threads: {threads}")
    heads = "".join(f"{f'{name}: p50':>12}{'p95':>8}{'CPU':>8}{'recall':>7}" for name in FILTERS)
    print(f"{'texts':>9} {'system':<13}{heads}{'texts/s':>9}{'open s':>8}{'peak MB':>9}")
    for size in sizes:
        for system in systems if size <= 100_000 else [s for s in systems if s.startswith("doxa")]:
            with tempfile.TemporaryDirectory() as folder:
                told = in_its_own_process("measured", system, str(size), folder)
                again = in_its_own_process("opening", system, str(size), folder) if system != "langgraph" else {}
            cells = "".join(
                f"{p50:>12.1f}{p95:>8.1f}{cpu:>8.1f}{'-' if system == 'doxa' else f'{recall:.3f}':>7}"
                for p50, p95, cpu, recall in (told[name] for name in FILTERS)
            )
            cold = f"{again['open']:.2f}" if again else "-"
            print(f"{size:>9,} {system:<13}{cells}{told['ingest']:>9,.0f}{cold:>8}{told['memory']:>9,.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true", help="add 1,000,000 texts, for Doxa alone")
    parser.add_argument("--only", choices=SYSTEMS, help="measure one system")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        task, system, size, folder = given.worker
        work: Callable[[str, int, Path], dict[str, Any]] = measured if task == "measured" else opening
        print(json.dumps(work(system, int(size), Path(folder))))
    else:
        compare([*given.sizes, *([1_000_000] if given.million else [])], [given.only] if given.only else SYSTEMS)


if __name__ == "__main__":
    main()
