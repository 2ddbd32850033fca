"""The clauses of a sentence, the words in them, and what a negation reaches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from . import thesaurus
from .stemming import stem

_CARRYING = frozenset(("act:take", "act:add"))
"""Acts that do to their object what they say: to drop an index is to have none."""

Role = Literal["advice", "condition", "reason", "contrast"]


@dataclass(frozen=True)
class Sense:
    """One meaning of a word.

    Attributes:
        name: Of the sense in the thesaurus, or the word's stem.
        sign: 1 or -1: which of two opposites.
        kind: ``act`` or ``state`` for a sense with an opposite, else ``word`` or ``number``.
    """

    name: str
    sign: int
    kind: Literal["act", "state", "word", "number"]


@dataclass(frozen=True)
class Mention:
    """A word where it stands.

    Attributes:
        stem: The word without its endings.
        senses: What it can mean, turned by the negation before it, if there is one.
        clause: Number of its clause.
        role: Of the clause: advice, its condition, its reason, or what it is set off from.
        rank: 1 for what is to come first or to be preferred, -1 for the other, 0 if nothing is said.
        thing: Whether it is named rather than done: "the drop", "an exit".
        negated: Whether a negation turned it round.
        carrier: Stem of the act that did so by what it does to its object: "drop" in "drop an index".
        denied: Whether its clause says no, to this word or to another.
        refused: Whether what is said in its clause as a whole is said no to: "X should be avoided", "X, so avoid it".
    """

    stem: str
    senses: tuple[Sense, ...]
    clause: int
    role: Role
    rank: int
    thing: bool
    negated: bool = False
    carrier: str = ""
    denied: bool = False
    refused: bool = False

    @property
    def negative(self) -> bool:
        """Whether it stands turned round, or for the second of two opposites."""
        return any(sense.sign < 0 for sense in self.senses)

    def turned(self) -> Mention:
        """The same, the other way round."""
        return replace(self, senses=tuple(replace(s, sign=-s.sign) for s in self.senses), negated=True)


class Clause:
    """Where in a sentence the reader is."""

    def __init__(self) -> None:
        self.number = 0
        self.role: Role = "advice"
        self.rank = 0
        self.negated = False
        self.part = 0
        self.denied: set[int] = set()
        self.refused: set[int] = set()
        self.unmet = False
        self._carrier = ""
        self._fronted = False

    @property
    def unclear(self) -> bool:
        """Whether a clause that begins with "before" or "after" has not come to its end."""
        return self._fronted

    def deny(self, *, whole: bool) -> None:
        """A negation: it reaches the next word that means something; right after another one it takes that back.

        Args:
            whole: Whether it can say no to the clause, and not only to that word.
        """
        self.negated = self.unmet = not self.negated
        self._carrier = ""
        if not self.negated:
            self.denied.discard(self.number)
        elif whole:
            self.denied.add(self.number)

    def refer(self) -> None:
        """The clause says no to what was said before: "..., so avoid it", "... should be avoided"."""
        for reached in (self.denied, self.refused):
            reached.update(range(self.number + 1))
        self.unmet = False

    def stay(self) -> None:
        """The end of a clause: a negation that met no word refers to what was said before."""
        if self.unmet:
            self.refer()

    def end(self) -> None:
        """A stop: what follows is advice again; after "Before you go," it is what comes first."""
        self.stay()
        self.begin("advice", -self.rank if self._fronted else 0)

    def begin(self, role: Role, rank: int, *, fronted: bool = False) -> None:
        """Another clause."""
        self.number, self.part = self.number + 1, self.part + 1
        self.role, self.rank, self.negated, self._fronted = role, rank, False, fronted

    def mention(self, token: str, senses: tuple[Sense, ...], *, thing: bool) -> Mention:
        """A word of this clause; a negation reaches one word, or two if the first only carries the other."""
        self.unmet = False
        if senses[0].kind == "number":
            return Mention(token, senses, self.number, self.role, self.rank, thing)
        said = Mention(stem(token), senses, self.number, self.role, self.rank, thing)
        said = replace(said.turned(), carrier=self._carrier) if self.negated else said
        carries = not thing and (said.stem in thesaurus.CARRIERS or any(s.name in _CARRYING for s in senses))
        self.negated = carries and said.negative
        self._carrier = said.stem if self.negated and not said.negated else ""
        return said
