"""The lexical leg: SQLite's FTS5 with Porter's stemmer finds the words, idf and length weigh them.

The score is BM25 with every word counted once per text (k1 = 1.2, b = 0.75): what is remembered is a sentence or two,
in which a word hardly stands twice. Words that very many texts have tell nothing and cost the most, so words are taken
from the rarest on, as long as what they occur in stays within a budget; the rest is left out.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .filters import Column, Mask
from .matrix import Rows, Scores

SCHEMA = """
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', tokenize = 'porter unicode61 remove_diacritics 2');
"""

_QUIET = """
    a am an and any are as at be been but by can could did do does for from had has have he her his how i if
    in is it its me my no not of on or our she should so that the their them there these they this those to
    us was we were what when where which who whom whose why will with would you your
"""
"""English words that a question is made with, whatever it's about; in sentences that are told, they are rare enough to
be taken for telling ones. They are left out if others are left."""
_K1, _B = 1.2, 0.75
_COMMON = 0.25
"""A word in a larger share of the texts than this is left out, if a rarer one is left to go by."""
_WORDS = 64
"""Words of a query that are looked at; more are no question any more."""


@dataclass(frozen=True)
class Lexical:
    """What a query's words found.

    Attributes:
        rows: The texts that have at least one of them.
        scores: What each got, rounded to six decimals.
        coverage: Which share of the question's words each has, the rarer ones weighing more; in [0, 1].
        words: The words that were used.
        left: Those that are too frequent, or that questions are made with whatever they are about.
    """

    rows: Rows
    scores: Scores
    coverage: Scores
    words: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Word:
    word: str
    rows: Rows
    count: int


class Lexicon:
    """The words of a library's texts."""

    def __init__(self, connection: sqlite3.Connection, *, budget: int = 20_000) -> None:
        """Use the table of ``connection``; ``budget`` is how many postings a query may cost."""
        self._connection = connection
        self._budget = budget
        self._frequent: set[str] = set()

    def add(self, first: int, texts: Sequence[str]) -> None:
        """Index a batch of texts, the first of which is row ``first``."""
        rows = ((first + offset, text) for offset, text in enumerate(texts))
        self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)

    def search(self, text: str, lengths: Column, mask: Mask, among: Mask | None = None) -> Lexical:
        """Score every row of ``mask`` that has one of the words of ``text``.

        Args:
            text: A question in plain words.
            lengths: Words per row.
            mask: The rows that may be found.
            among: The rows over which it is counted how rare a word is; all if ``None``.
        """
        texts = lengths if among is None else lengths[among]
        quiet = _QUIET.split()
        told = [word for word in words(text) if word not in quiet] or words(text)
        known = {word: self._having(word) for word in told[:_WORDS]}
        left = [word for word in words(text) if word not in told]
        left += [word for word, rows in known.items() if rows is None]
        used: list[_Word] = []
        room = self._budget
        found = [_word(word, rows, among) for word, rows in known.items() if rows is not None and len(rows)]
        rare = [word for word in found if word.count <= _COMMON * len(texts)] or found
        left += [word.word for word in found if word not in rare]
        for word in sorted(rare, key=lambda w: (w.count, w.word)):
            if any(np.array_equal(word.rows, other.rows) for other in used):  # the same stem
                continue
            if len(word.rows) > room:
                left.append(word.word)
                continue
            used.append(word)
            room -= len(word.rows)
        return _scored(used, tuple(sorted(left)), lengths, mask, texts)

    def _having(self, word: str) -> Rows | None:
        """The rows with this word; ``None`` if they are more than the budget, which they then stay."""
        if word in self._frequent:
            return None
        # as one text: reading a number per tuple takes five times as long
        sql = "SELECT group_concat(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)"
        ((found,),) = self._connection.execute(sql, (f'"{word}"', self._budget + 1))
        rows: Rows = np.fromstring(found or "", np.int64, sep=",")
        if len(rows) <= self._budget:
            return rows
        self._frequent.add(word)
        return None


def words(text: str) -> tuple[str, ...]:
    """The different words of a text, in order.

    >>> words("Rates rise; RATES fall")
    ('rates', 'rise', 'fall')
    """
    return tuple(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))


def _word(word: str, rows: Rows, among: Mask | None) -> _Word:
    return _Word(word, rows, len(rows) if among is None else int(among[rows].sum()))


def _scored(used: Sequence[_Word], left: tuple[str, ...], lengths: Column, mask: Mask, texts: Column) -> Lexical:
    found = [word.rows[mask[word.rows]] for word in used]
    rows = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    total, covered = np.zeros((2, len(rows)))
    mean = max(float(texts.mean()), 1.0) if len(texts) else 1.0
    weights = [float(np.log1p((len(texts) - w.count + 0.5) / (w.count + 0.5))) for w in used]
    for having, idf in zip(found, weights, strict=True):
        places = np.searchsorted(rows, having)
        total[places] += idf * (_K1 + 1) / (1 + _K1 * (1 - _B + _B * lengths[having] / mean))
        covered[places] += idf / sum(weights)
    return Lexical(rows, np.round(total, 6), np.round(covered, 6), tuple(w.word for w in used), left)
