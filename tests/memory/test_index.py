"""The index: whatever happens to its files, it answers the same, and nothing is embedded twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.memory import BeliefMemory, Expansion, HashingEmbedder, Home, Journal, Scope, StepRef, Weights
from doxa.memory.chroma import ChromaIndex
from doxa.memory.embeddings import Vectors
from doxa.memory.index import Hit, Progress, nearest, part_id
from doxa.memory.shelf import Shelf
from doxa.memory.vectors import VectorStore

QUERY = "momentum of prices"
STATEMENTS = [
    "Follow 21-day momentum.",
    "Momentum of prices reverses after a week.",
    "Trust the tone of the news.",
    "Reports are late by a month.",
    "Cut exposure when volatility rises.",
]


class Frozen(HashingEmbedder):
    """The offline default; embeds nothing but the question."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        assert list(texts) == [QUERY], f"embedded again: {texts}"
        return super().embed(texts)


NEAREST = Weights(lexical=0, recency=0)


def learn(memory: BeliefMemory, episode: int, statements: Sequence[str]) -> None:
    proposals = [
        Expansion(
            concept="c",
            statement=statement,
            aspect=f"source{number}",
            polarity="for",
            scope=Scope(sentence="when momentum of prices is high" if number == 3 else ""),
            steps=(StepRef(episode=0, step=0),),
            reason="because",
        )
        for number, statement in enumerate(statements)
    ]
    memory.revise(
        episode, proposals, key="critic", author="critic", known_at=None, resolves=lambda *_: True
    )  # fmt: skip


def found(home: Home, embedder: HashingEmbedder | None = None, *, write: bool = True) -> tuple[Hit, ...]:
    with Journal.open(home, write=write) as journal, BeliefMemory(journal, "run-1", embedder=embedder) as memory:
        return nearest_beliefs(memory)


def nearest_beliefs(memory: BeliefMemory) -> tuple[Hit, ...]:
    hits = memory.search(QUERY, 4, weights=NEAREST, explain=True)
    return tuple(Hit(hit.id, hit.parts["dense"]) for hit in hits)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Journal.open(home, write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        learn(memory, 0, STATEMENTS[:2])
    shutil.copytree(home.chroma, tmp_path / "backup")
    shutil.copytree(home.library, tmp_path / "library")
    with Journal.open(home, write=True) as journal, BeliefMemory(journal, "run-1") as memory:
        learn(memory, 1, STATEMENTS)
    assert (home.chroma / "chroma.sqlite3").is_file()
    return home


def expected(home: Home) -> tuple[Hit, ...]:
    """The ranking by definition, from the journal alone."""
    with Journal.open(home, write=False) as journal:
        beliefs = BeliefMemory(journal, "run-1").beliefs()
    embed = HashingEmbedder().embed
    query = embed([QUERY])[0].astype(float)
    scores = {
        b.id: max(float(row.astype(float) @ query) for row in embed([b.statement, *filter(None, [b.scope.sentence])]))
        for b in beliefs
    }
    ranked = sorted(scores, key=lambda i: (-round(scores[i], 6), i))
    return tuple(Hit(i, round(scores[i], 6)) for i in ranked[:4])


def deleted(home: Home) -> None:
    shutil.rmtree(home.chroma)


def database_gone(home: Home) -> None:
    (home.chroma / "chroma.sqlite3").unlink()


def note_gone(home: Home) -> None:
    (home.chroma / "doxa.json").unlink()


def note_garbled(home: Home) -> None:
    (home.chroma / "doxa.json").write_text('{"files": 3')


def garbage(home: Home) -> None:
    for path in home.chroma.rglob("*"):
        if path.is_file():
            path.write_bytes(random.Random(0).randbytes(max(path.stat().st_size, 100)))


def garbage_in_the_database(home: Home) -> None:
    path = home.chroma / "chroma.sqlite3"
    path.write_bytes(random.Random(0).randbytes(path.stat().st_size))


def half_a_database(home: Home) -> None:
    path = home.chroma / "chroma.sqlite3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def a_damaged_segment(home: Home) -> None:
    path = next(home.chroma.glob("*/data_level0.bin"))
    path.write_bytes(random.Random(0).randbytes(path.stat().st_size))


def vectors_lost(home: Home) -> None:
    with sqlite3.connect(home.chroma / "chroma.sqlite3") as connection:
        connection.execute("DELETE FROM embeddings WHERE id IN (SELECT id FROM embeddings LIMIT 2)")
    connection.close()


def stale(home: Home) -> None:
    """As it was before the last critique."""
    shutil.rmtree(home.chroma)
    shutil.copytree(home.path.parent / "backup", home.chroma)


def of_another_journal(home: Home) -> None:
    """The folder of a home in which just as much was learned, but something else."""
    other = Home(home.path.parent / "other")
    with Journal.open(other, write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        learn(memory, 0, [f"{statement}!" for statement in STATEMENTS[:2]])
        learn(memory, 1, [f"{statement}!" for statement in STATEMENTS])
    shutil.rmtree(home.chroma)
    shutil.copytree(other.chroma, home.chroma)


@pytest.mark.parametrize(
    "damage",
    [
        deleted,
        database_gone,
        note_gone,
        note_garbled,
        garbage,
        garbage_in_the_database,
        half_a_database,
        a_damaged_segment,
        vectors_lost,
        stale,
        of_another_journal,
    ],
)
def test_a_damaged_chroma_is_made_anew_without_embedding_again(
    home: Home, damage: Callable[[Home], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doxa.memory.retrieval._EXACT", 0)  # so that Chroma is asked
    wanted = expected(home)
    assert found(home) == wanted
    damage(home)
    assert found(home, Frozen()) == wanted
    assert held(home) == 6
    assert found(home, Frozen()) == wanted, "and stays so"


def held(home: Home) -> int:
    """How many statements and scopes Chroma has."""
    with Journal.open(home, write=False) as journal, BeliefMemory(journal, "run-1") as memory:
        ids = [part_id(b.id, part) for b in memory.beliefs() for part in ("statement", "scope")]
    index = ChromaIndex(home, HashingEmbedder().name)
    try:
        return len(index.get(ids))
    finally:
        index.close()


@pytest.mark.parametrize("name", ["chroma/chroma.sqlite3", "library/*/library.sqlite3"])
def test_damage_done_while_it_is_open_is_repaired(home: Home, name: str) -> None:
    wanted = expected(home)
    with Journal.open(home, write=True) as journal, BeliefMemory(journal, "run-1") as memory:
        assert nearest_beliefs(memory) == wanted
        for path in home.path.glob(f"{name}*"):
            path.write_bytes(random.Random(0).randbytes(path.stat().st_size))
        learn(memory, 2, ["Zzz."])
        assert nearest_beliefs(memory) == wanted


def library_deleted(home: Home) -> None:
    shutil.rmtree(home.library)


def library_garbled(home: Home) -> None:
    for path in home.library.glob("*/library.sqlite3*"):
        path.write_bytes(random.Random(0).randbytes(max(path.stat().st_size, 100)))


def vectors_garbled(home: Home) -> None:
    """As many bytes as before, of which one is another."""
    path = next(home.library.glob("*/vectors.exact"))
    data = bytearray(path.read_bytes())
    data[11] ^= 1
    path.write_bytes(data)


def vectors_cut(home: Home) -> None:
    path = next(home.library.glob("*/vectors.small"))
    path.write_bytes(path.read_bytes()[:-1])


def library_stale(home: Home) -> None:
    shutil.rmtree(home.library)
    shutil.copytree(home.path.parent / "library", home.library)


def library_of_another_journal(home: Home) -> None:
    other = Home(home.path.parent / "other")
    with Journal.open(other, write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        learn(memory, 0, [f"{statement}!" for statement in STATEMENTS[:2]])
        learn(memory, 1, [f"{statement}!" for statement in STATEMENTS])
    shutil.rmtree(home.library)
    shutil.copytree(other.library, home.library)


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    "damage",
    [library_deleted, library_garbled, vectors_garbled, vectors_cut, library_stale, library_of_another_journal],
)
def test_answers_are_the_same_to_the_last_digit_whatever_happens_to_the_library(
    home: Home, damage: Callable[[Home], None], *, write: bool
) -> None:
    def everything() -> str:
        with (
            Journal.open(home, write=write) as journal,
            BeliefMemory(journal, "run-1", embedder=Frozen()) as memory,
        ):
            return repr(memory.search(QUERY, 5, explain=True))

    wanted = everything()
    damage(home)
    files = sorted(home.library.rglob("*"))
    assert everything() == wanted
    if write:
        assert len(sorted(home.library.rglob("*"))) >= 5
    else:
        assert sorted(p for p in home.library.rglob("*") if p.suffix[-4:] not in {"-wal", "-shm"}) == [
            p for p in files if p.suffix[-4:] not in {"-wal", "-shm"}
        ], "a reader leaves it alone"
    assert everything() == wanted


def test_a_home_that_cannot_be_written_is_searched_as_it_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = found(home)
    before = {path: path.stat().st_mtime_ns for path in home.path.rglob("*")}
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    monkeypatch.setattr(Shelf, "_temporary", None)  # what lies there is used
    assert found(home, Frozen(), write=False) == wanted
    assert {path: path.stat().st_mtime_ns for path in home.path.rglob("*")} == before


def test_a_reader_sees_what_was_there_when_it_began(home: Home) -> None:
    with (
        Journal.open(home, write=False) as reader,
        BeliefMemory(reader, "run-1") as reading,
    ):
        wanted = nearest_beliefs(reading)
        with Journal.open(home, write=True) as journal, BeliefMemory(journal, "run-1") as memory:
            learn(memory, 2, [f"{QUERY} number {n}" for n in range(30)])
            assert nearest_beliefs(memory) != wanted
        assert nearest_beliefs(reading) == wanted


def test_questions_are_not_kept(home: Home) -> None:
    with Journal.open(home, write=True) as journal:
        before = journal.database.rows("SELECT count(*) FROM vectors")
        with BeliefMemory(journal, "run-1") as memory:
            memory.search("something that was never asked")
            learn(memory, 2, STATEMENTS[:1])
        assert journal.database.rows("SELECT count(*) FROM vectors") == before


def test_readers_leave_the_index_alone(home: Home) -> None:
    wanted = found(home)
    deleted(home)
    assert found(home, Frozen(), write=False) == wanted
    assert not home.chroma.exists()


def test_readers_never_import_chroma(home: Home) -> None:
    script = (
        "import sys; from pathlib import Path; from doxa.memory import *\n"
        "with Journal.open(Home(Path(sys.argv[1])), write=False) as j, BeliefMemory(j, 'run-1') as m:\n"
        "    print(len(m.beliefs()), m.history(m.beliefs()[0].id)[0].op, 'chromadb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home.path)], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["5", "expansion", "False"]


def test_a_run_finds_only_what_it_believes(home: Home) -> None:
    with Journal.open(home, write=True) as journal, BeliefMemory(journal, journal.begin("run")) as memory:
        assert memory.search(QUERY) == ()
        learn(memory, 0, ["Zzz."])
        assert [hit.id for hit in memory.search(QUERY)] == [b.id for b in memory.beliefs()]


def test_generations_have_a_collection_each(home: Home) -> None:
    with Journal.open(home, write=True) as journal:
        with BeliefMemory(journal, journal.begin("run"), embedder=HashingEmbedder(256)) as memory:
            learn(memory, 0, STATEMENTS)
            assert len(memory.search(QUERY)) == 5
        with BeliefMemory(journal, "run-1") as memory:
            assert nearest_beliefs(memory) == expected(home)


PLAIN = """
import json, sys, chromadb
client = chromadb.PersistentClient(sys.argv[1], settings=chromadb.Settings(anonymized_telemetry=False))
(collection,) = client.list_collections()
got = client.get_collection(collection.name).get(include=["documents", "metadatas", "embeddings"])
print(json.dumps([got["documents"], got["metadatas"], len(got["embeddings"][0])]))
"""


def test_a_plain_chroma_client_can_read_it(home: Home) -> None:
    done = subprocess.run([sys.executable, "-c", PLAIN, str(home.chroma)], capture_output=True, check=True, text=True)
    documents, metadatas, dimension = json.loads(done.stdout)
    assert {*STATEMENTS, "when momentum of prices is high"} == set(documents)
    assert {m["part"] for m in metadatas} == {"statement", "scope"}
    assert set(metadatas[0]) == {"belief", "aspect", "polarity", "part"}
    assert dimension == 512


# -- the protocol -----------------------------------------------------------------------------------------------------

tables = st.lists(
    st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=3, max_size=3), min_size=0, max_size=9
)  # fmt: skip


@given(tables, st.integers(1, 4), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_ranking_is_exact_and_ties_go_by_id(table: list[list[float]], k: int, random: random.Random) -> None:
    query = np.array([1.0, 0.5, 0.0], np.float32)
    items = [(f"id{n}", np.array(row, np.float32)) for n, row in enumerate(table)]
    shuffled = list(items)
    random.shuffle(shuffled)
    ranked = sorted(items, key=lambda item: (-float(item[1] @ query), item[0]))
    assert [hit.id for hit in nearest(query, dict(shuffled), k)] == [i for i, _ in ranked[:k]]


def test_both_indexes_keep_the_same_promises(tmp_path: Path) -> None:
    ids = [f"b{n:03d}" for n in range(150)]
    rows = HashingEmbedder().embed([f"lesson {n} on momentum {n % 7}" for n in range(150)])
    about = [{"text": i, "belief": i} for i in ids]
    with Journal.open(Home(tmp_path), write=True) as journal:
        shelf = Shelf(journal.home, VectorStore(journal.database, HashingEmbedder()), write=True)
    chroma, exact = ChromaIndex(Home(tmp_path).create(), "g"), shelf
    for index in (chroma, exact):
        index.add(ids[:100], rows[:100], about[:100])
        index.add([*ids[50:], ids[149]], rows[[*range(50, 150), 149]], [*about[50:], about[149]])
        assert index.progress == Progress()
        index.mark(Progress(7, "abc"))
        assert index.progress == Progress(7, "abc")
        got = index.get([ids[3], "nobody"])
        assert list(got) == [ids[3]]
        assert np.array_equal(got[ids[3]], rows[3])
        assert index.search(rows[0], 2, []) == ()
    for number in (0, 60, 149):
        everything = exact.search(rows[number], 12)
        assert everything[0] == Hit(ids[number], 1.0)
        assert chroma.search(rows[number], 12) == everything
        assert chroma.search(rows[number], 3, ids[40:]) == exact.search(rows[number], 3, ids[40:])
    for index in (chroma, exact):
        index.clear()
        assert index.progress == Progress()
        assert index.search(rows[0], 3) == ()
        index.close()


def test_more_candidates_than_are_scored_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doxa.memory.collection._EXACT", 5)
    ids = [f"b{n:03d}" for n in range(400)]
    rows = HashingEmbedder(64).embed([f"lesson {n} on momentum {n % 7}" for n in range(400)])
    chroma = ChromaIndex(Home(tmp_path).create(), "g")
    chroma.add(ids, rows, [{"text": i, "belief": i} for i in ids])
    wanted = ids[300:330]
    assert chroma.search(rows[0], 10, wanted) == nearest(rows[0], chroma.get(wanted), 10)
    chroma.close()


@pytest.mark.parametrize("name", ["data_level0.bin", "link_lists.bin", "length.bin"])
def test_damage_that_chroma_overlooks_or_crashes_over_is_seen_before_it_is_opened(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path).create()
    ids = [f"b{n:04d}" for n in range(1200)]  # from 1,000 on, vectors are mapped into memory from a file of their own
    rows = HashingEmbedder(16).embed(ids)
    chroma = ChromaIndex(home, "g")
    chroma.add(ids, rows, [{"text": i, "belief": i} for i in ids])
    chroma.mark(Progress(1, "abc"))
    chroma.close()
    sound = ChromaIndex(home, "g")
    assert (sound.progress, len(sound.get(ids))) == (Progress(1, "abc"), 1200)
    sound.close()
    path = next(home.chroma.glob(f"*/{name}"))
    path.write_bytes(random.Random(0).randbytes(max(path.stat().st_size, 100)))
    damaged = ChromaIndex(home, "g")
    assert (damaged.progress, damaged.get(ids)) == (Progress(), {})
    damaged.close()
