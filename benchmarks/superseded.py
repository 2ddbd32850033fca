"""Whether the newer of two statements is found first, beside plain Chroma and LangGraph's InMemoryStore.

``python benchmarks/superseded.py`` writes, for each of ten seeds, twenty subjects of which something is said twice, at
two times and in two wordings, among four hundred statements about other subjects that share words with them. It asks
"what is the ... now" and prints in how many of these 200 questions the newer statement stands before the older one
among the ten found: where the newer one is said to supersede the older, and where nothing but the time tells.
The others know neither links nor time; what they get right is chance and wording.
``--embedder onnx:FOLDER`` takes a model's vectors in place of the hashed words.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from doxa.memory import Embedder, Library, Passage, Retriever, embedder
from doxa.memory.embeddings import Vectors

START = datetime(2024, 1, 1, tzinfo=UTC)
YEAR, FOUND, SEEDS = 365, 10, 10
OBJECTS, ASPECTS = ("copper", "harbour", "turbine", "orchard", "ledger"), ("fee", "limit", "rota", "yield")
SUBJECTS = tuple(f"{a} {b}" for a in OBJECTS for b in ASPECTS)
NOUNS = ("ship", "bird", "cloud", "river", "steel", "garden", "market", "signal", "copper", "harbour", "fee", "limit")
TEMPLATES = (
    "The {s} is {n}.",
    "We set the {s} to {n} after the meeting.",
    "{n} is what the {s} stands at.",
    "For the {s}, use {n} from here on.",
)
Ask = Callable[[str], Sequence[str]]
"""A question to the ids of what is found, the best first."""


def told(seed: int, *, linked: bool) -> list[Passage]:
    """Two statements about each subject, ``s7.1`` newer than ``s7.0``, and many about others."""
    rng = random.Random(seed)  # noqa: S311  a seeded set
    passages = []
    for number, subject in enumerate(SUBJECTS):
        when = sorted(rng.sample(range(YEAR - 5), 2))
        for age, template in enumerate(rng.sample(TEMPLATES, 2)):
            text = template.format(s=subject, n=rng.randrange(10, 99))
            older = (f"s{number}.0",) if linked and age else ()
            passages.append(Passage(f"s{number}.{age}", text, {}, START + timedelta(days=when[age]), older))
    for i in range(400):
        text = rng.choice(TEMPLATES).format(s=" ".join(rng.sample(NOUNS, 2)), n=rng.randrange(99))
        passages.append(Passage(f"x{i}", text, {}, START + timedelta(days=rng.randrange(YEAR - 5))))
    return passages


def right(ask: Ask) -> int:
    """For how many subjects the newer statement is found, and before the older one."""
    hits = 0
    for number, subject in enumerate(SUBJECTS):
        found = [name for name in ask(f"what is the {subject} now") if name.startswith(f"s{number}.")]
        hits += found[:1] == [f"s{number}.1"]
    return hits


def doxa(passages: Sequence[Passage], vectors: Vectors, embed: Embedder) -> int:
    """A library with the default weights."""
    with Library.temporary(embed.name, embed.dimension) as library:
        library.put(passages, vectors)
        retriever, now = Retriever(library, embed.embed), START + timedelta(days=YEAR)
        return right(lambda text: [hit.id for hit in retriever.search(text, FOUND, as_of=now)])


def chroma(passages: Sequence[Passage], vectors: Vectors, embed: Embedder) -> int:
    """A collection in memory, with cosine."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.EphemeralClient(Settings(_env_file=None, anonymized_telemetry=False))
    collection = client.create_collection(
        "superseded", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    try:
        collection.add([p.id for p in passages], vectors, documents=[p.text for p in passages])
        return right(lambda text: collection.query(embed.embed([text]), n_results=FOUND)["ids"][0])
    finally:
        client.delete_collection("superseded")


def langgraph(passages: Sequence[Passage], vectors: Vectors, embed: Embedder) -> int:
    """InMemoryStore with an index over the text."""
    from langgraph.store.memory import InMemoryStore

    known = {p.text: row for p, row in zip(passages, vectors, strict=True)}
    vectorise: Any = lambda texts: [known[t] if t in known else embed.embed([t])[0] for t in texts]  # noqa: E731
    store = InMemoryStore(index={"dims": embed.dimension, "embed": vectorise, "fields": ["text"]})
    for p in passages:  # a batch with the same text twice is refused
        store.put(("told",), p.id, {"text": p.text})
    return right(lambda text: [item.key for item in store.search(("told",), query=text, limit=FOUND)])


def share(system: Callable[[Sequence[Passage], Vectors, Embedder], int], embed: Embedder, *, linked: bool) -> float:
    """Of the questions of all seeds, those that a system gets right."""
    hits = 0
    for seed in range(SEEDS):
        passages = told(seed, linked=linked)
        hits += system(passages, embed.embed([p.text for p in passages]), embed)
    return hits / (SEEDS * len(SUBJECTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", help="as for doxa run; hashed words if not given")
    embed = embedder(parser.parse_args().embedder)
    print(f"newer statement first, {SEEDS * len(SUBJECTS)} questions, vectors: {embed.name}")
    print(f"{'system':<16}{'superseded':>12}{'recency alone':>15}")
    for name, system in (("doxa", doxa), ("chroma", chroma), ("InMemoryStore", langgraph)):
        linked, alone = (share(system, embed, linked=linked) for linked in (True, False))
        print(f"{name:<16}{linked:>11.1%} {alone:>14.1%}", flush=True)


if __name__ == "__main__":
    main()
