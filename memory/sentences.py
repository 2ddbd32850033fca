"""Reads a scope's sentence into conditions, without a model.

Understood are known facts compared with numbers or values ("volatility_21 is above 0.02", "asset is AAPL or MSFT"),
known values by themselves ("only for TSLA", "in a bear regime"), several of these joined by "and" or commas, and one
exclusion at the end ("except in a bear regime"). Where other words stand among them, what is named is read alone
(:mod:`~doxa.memory.gleaning`): the rest may narrow the scope further, and the result says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .belief import Predicate, Scope
from .gleaning import gleaned
from .journal import Journal

Vocabulary = Mapping[str, frozenset[str | float]]
"""Facts that are known, each with the values it was seen to have."""

_LEAD = re.compile(r"^(?:when(?:ever)?|if|while|where|for|in|during|on|at)\b\s*", re.IGNORECASE)
_EXCEPT = re.compile(
    r"[,;]?\s*\b(?:except|unless|outside|but not|not|never)(?: (?:when|if|while|where|for|in|during|on|at)\b)?\s+",
    re.IGNORECASE,
)
_BOUND = {
    ">": r"(?:is |are )?(?:above|over|greater than|higher than|larger than|more than|exceeds)|(?:is )?>",
    "<": r"(?:is |are )?(?:below|under|less than|lower than|smaller than)|(?:is )?<",
    ">=": r"(?:is |are )?(?:at least|no less than)|(?:is )?>=",
    "<=": r"(?:is |are )?(?:at most|no more than)|(?:is )?<=",
    "!=": r"(?:is|are) not|isn't|isn’t|!=",
    "==": r"is exactly|equals|is one of|is|==?",
}
_ORDER = (">=", "<=", ">", "<", "!=", "==")
_BREAK = re.compile(
    r"(\s*;\s*|,?\s+and\b\s*|\s*,\s*|\s+(?=(?:when|whenever|if|while|where|for|during|in an?|in the)\b))", re.IGNORECASE
)
_THE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)
_NO_VALUE = frozenset(("any", "every", "each", "all", "no", "this", "that", "such", "which", "other", "same"))
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Understood:
    """What a scope's sentence came to.

    Attributes:
        scope: With the conditions, or as it was.
        told: What was understood, or that it wasn't; empty where there was nothing to read.
    """

    scope: Scope
    told: str = ""


def vocabulary(journal: Journal, run: str, episode: int) -> Vocabulary:
    """The facts that a run, up to an episode, and those it starts from resolved scopes against."""
    found: dict[str, set[str | float]] = {}
    for name, until in [*((a.run, a.seq) for a in journal.ancestors(run)), (run, 2**63 - 1)]:
        for event in journal.events(name, kind="propagation"):
            if event.seq <= until and (name != run or event.episode <= episode):
                for fact, value in event.payload["asked"]["facts"].items():
                    found.setdefault(fact, set()).add(value)
    return {fact: frozenset(values) for fact, values in found.items()}


def needed(proposals: Iterable[object], journal: Journal, run: str, episode: int) -> Vocabulary:
    """The vocabulary, if any proposal has a scope that is to be read."""
    scopes = (getattr(proposal, "scope", None) for proposal in proposals)
    return vocabulary(journal, run, episode) if any(s is not None and _unread(s) for s in scopes) else {}


def understood(scope: Scope, known: Vocabulary) -> Understood:
    """Give a scope the conditions that its sentence names, if it has none and all of the sentence is understood."""
    if not _unread(scope):
        return Understood(scope)
    if made := _read(scope.sentence, known):
        return Understood(made, f"; its scope is understood as {', '.join(made.conditions)}")
    body, *excluded = _parts(scope.sentence)
    named, barred = gleaned(body, known), [gleaned(part, known) for part in excluded]
    unless = tuple(p for part in barred for p in part.conditions)
    made = Scope(when=named.conditions, unless=unless, sentence=scope.sentence)
    if not _scoped(made) or not all(part.whole and len(part.conditions) == 1 for part in barred) or len(barred) > 1:
        return Understood(scope, "; its scope's sentence names no conditions that are understood and stays a sentence")
    rest = "" if named.whole else "; the rest of the sentence isn't understood and narrows nothing"
    return Understood(made, f"; its scope is understood as {', '.join(made.conditions)}{rest}")


def _unread(scope: Scope) -> bool:
    return bool(scope.sentence.strip()) and not _scoped(scope)


def _scoped(scope: Scope) -> bool:
    return bool(scope.when or scope.unless)


def _parts(sentence: str) -> list[str]:
    """What a sentence asks for, and what it excludes."""
    return _EXCEPT.split(_shielded(" ".join(sentence.strip().rstrip(".").split())))


def _read(sentence: str, known: Vocabulary) -> Scope | None:
    body, *excluded = _parts(sentence)
    if len(excluded) > 1:
        return None
    when = list(_clauses(body, known))
    unless = list(_clauses(excluded[0], known)) if excluded else []
    met = [p for p in when if p is not None]
    out = [p for p in unless if p is not None]
    if len(met) < len(when) or len(out) < len(unless) or len(out) != len(excluded) or not (met or out):
        return None
    chosen = [p.fact for p in met if p.op in {"==", "in"}]
    if len(set(chosen)) < len(chosen):
        return None  # "AAPL and TSLA": nothing is both
    return Scope(when=tuple(met), unless=tuple(out), sentence=sentence)


def _shielded(text: str) -> str:
    """Put what only looks like an exclusion, "is not", in another form."""
    return re.sub(r"\b(?:is|are) not\b", "isn't", text, flags=re.IGNORECASE)


def _clauses(text: str, known: Vocabulary) -> Iterator[Predicate | None]:
    """A condition for each clause; ``None`` for one that isn't understood."""
    whole: list[str] = []
    for comma, piece in _pieces(text):
        bare = _THE.sub("", _LEAD.sub("", piece)).strip()
        if whole and comma and bare == piece and all(_named(v, known) or _NUMBER.fullmatch(v) for v in _either(bare)):
            whole[-1] += f" or {bare}"  # a list goes on
        elif bare:
            whole.append(bare)
    yield from (_condition(clause, known) for clause in whole)


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a sentence, and whether a comma alone stands before each."""
    parts = _BREAK.split(re.sub(r"\b(?:only|but)\s+", "", text, flags=re.IGNORECASE).strip(" ,;"))
    yield False, parts[0]
    yield from ((parts[i].strip() == ",", parts[i + 1]) for i in range(1, len(parts) - 1, 2))


def _either(text: str) -> list[str]:
    return re.split(r"\s+or\s+", text)


def _condition(clause: str, known: Vocabulary) -> Predicate | None:
    fact = _fact(clause, known)
    if fact is None:
        return _by_value(clause, known)
    rest = clause[len(fact) :].strip()
    op = next((op for op in _ORDER if re.match(f"(?:{_BOUND[op]})(?![\\w>=<])", rest, re.IGNORECASE)), None)
    if op is None:
        return None
    said = re.sub(f"^(?:{_BOUND[op]})", "", rest, flags=re.IGNORECASE).strip()
    return _counted(fact, op, _either(said)) if _numeric(fact, known) else _chosen(fact, op, _either(said), known)


def _counted(fact: str, op: str, said: list[str]) -> Predicate | None:
    """A condition on a fact with numbers; ``None`` if something else is said of it."""
    if not all(map(_NUMBER.fullmatch, said)) or (op != "==" and len(said) > 1):
        return None
    numbers = sorted(map(float, said))
    told = {"value": numbers[0]} if len(numbers) == 1 else {"op": "in", "value": numbers}
    return Predicate.model_validate({"fact": fact, "op": op, **told})


def _chosen(fact: str, op: str, said: list[str], known: Vocabulary) -> Predicate | None:
    """A condition on a fact with texts, likewise."""
    values = [v for v in (_value(text, fact, known) for text in said if not _NUMBER.fullmatch(text)) if v]
    if len(values) < len(said) or op not in {"==", "!="} or (op == "!=" and len(values) > 1):
        return None
    return _among(fact, op, values)


def _by_value(clause: str, known: Vocabulary) -> Predicate | None:
    """Values whose fact is clear: because they name it, as "a bear regime", or because no other fact has them."""
    bare = clause
    for fact in known:
        if bare.casefold().endswith(f" {_spaced(fact)}") and not _numeric(fact, known):
            value = _value(bare[: -len(fact) - 1].strip(), fact, known)
            return Predicate(fact=fact, op="==", value=value) if value else None
    values = _either(bare)
    facts = [f for f in known if all(v.casefold() in _texts(f, known) for v in values)]
    if len(facts) != 1:
        return None
    return _among(facts[0], "==", [_texts(facts[0], known)[v.casefold()] for v in values])


def _among(fact: str, op: str, values: list[str]) -> Predicate:
    if len(values) > 1:
        return Predicate(fact=fact, op="in", value=tuple(sorted(values)))
    return Predicate(fact=fact, op="!=" if op == "!=" else "==", value=values[0])


def _fact(clause: str, known: Vocabulary) -> str | None:
    """The known fact that a clause begins with, the longest if there are more."""
    begun = [f for f in known if re.match(rf"{re.escape(_spaced(f))}(?!\w)", _spaced(clause))]
    return max(begun, key=len, default=None)


def _named(text: str, known: Vocabulary) -> bool:
    """Whether exactly one fact has this value."""
    return sum(text.casefold() in _texts(fact, known) for fact in known) == 1


def _value(text: str, fact: str, known: Vocabulary) -> str | None:
    """One word as a value of a fact: as it was seen, or as it stands."""
    unseen = text if re.fullmatch(r"[\w.\-]+", text) and text.casefold() not in _NO_VALUE else None
    return _texts(fact, known).get(text.casefold()) or unseen


def _texts(fact: str, known: Vocabulary) -> dict[str, str]:
    return {v.casefold(): v for v in known[fact] if isinstance(v, str)}


def _numeric(fact: str, known: Vocabulary) -> bool:
    return any(not isinstance(v, str) for v in known[fact])


def _spaced(text: str) -> str:
    return text.casefold().replace("_", " ")
