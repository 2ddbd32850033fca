"""Beliefs as JSON Lines, for other homes and other programs.

The first line names the format and its version; every other line is one belief as :class:`~doxa.memory.belief.Belief`
has it. What is read is checked line by line before anything is written, and taken over exactly as it stands: exporting
an empty run into which a file was imported gives that file's beliefs back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..errors import BeliefError
from .belief import Belief, Credence, Status, id_of
from .canonical import canonical, sha256
from .curation import Curation
from .disputes import opposed
from .gate import tainted_reason, unfit, worded
from .interventions import Importation
from .migrations import VERSION, upgraded
from .provenance import united
from .state import HANDED, IN_FORCE, RevisionResult
from .suspicion import suspicion

FORMAT = "doxa-beliefs"
LINE = 64 * 1024
"""Characters that a line may have."""
LINES = 1_000_000
"""Lines that a file may have."""
DEPTH = 12
"""How deep a line's JSON may be nested."""


def exported(beliefs: Iterable[Belief]) -> Iterator[str]:
    """The lines of a file with these beliefs."""
    yield canonical({"format": FORMAT, "version": VERSION})
    for belief in beliefs:
        yield canonical(belief.model_dump(mode="json"))


def parsed(lines: Iterable[str], known: Iterable[str] = ()) -> tuple[Belief, ...]:
    """Read a file's lines.

    Args:
        lines: With or without line ends; empty lines are skipped.
        known: Ids that the beliefs may refer to besides each other's.

    Raises:
        BeliefError: A line isn't right; the message has its number.
    """
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    filled = ((number, line) for number, line in numbered if line)
    version = _header(*next(filled, (1, "")))
    found: dict[str, tuple[int, Belief]] = {}
    for number, line in filled:
        belief = _belief(number, line, version)
        if belief.id in found:
            raise BeliefError(f"line {number}: {belief.id} is on line {found[belief.id][0]} already")
        found[belief.id] = (number, belief)
    allowed = {*found, *known}
    for number, belief in found.values():
        if lost := sorted({*belief.supersedes, *belief.contradicts, *belief.parents} - allowed):
            raise BeliefError(f"line {number}: {belief.id} refers to {', '.join(lost)}, which isn't in the file")
    return tuple(belief for _, belief in found.values())


def take_in(hand: Curation, lines: Sequence[str], reason: str, untrusted: str = "") -> tuple[RevisionResult, ...]:
    """Take over a file's beliefs that aren't there yet, exactly as they stand; those that are there stay as they are.

    What is in force in the file and commands, hides or sends something is held back here, as is everything in a file
    that isn't trusted.

    One that contradicts a belief in force is refused, unless the file says that they contradict each other: import into
    a run of its own then, and merge.

    Args:
        hand: On the memory that takes over.
        lines: Of the file.
        reason: Why.
        untrusted: Names the file if strangers wrote it: its beliefs are tainted with it; empty for one's own.

    Raises:
        BeliefError: A line isn't right, or contradicts what is held.
    """
    state = hand.memory.now()
    new = [_guarded(b, untrusted) for b in parsed(lines, state) if b.id not in state]
    for belief in new:
        told = (b for b in state.in_force() if b.status in HANDED)
        rivals = [b.id for b in told if opposed(b, belief) and b.id not in belief.contradicts]
        if belief.status in HANDED and rivals:
            raise BeliefError(
                f"{belief.id} contradicts {', '.join(sorted(rivals))}, in force here: import the file into a new run, "
                "and merge that, which reports the conflict"
            )
    said = Importation(digest=sha256("\n".join(lines)), reason=reason)
    results = [
        hand.result("expansion", "taken over from a file", said, b.id).model_copy(
            update={"added": b, "generation": hand.memory.generation}
        )
        for b in new
    ]
    return hand.record(results) if results else ()


def _guarded(belief: Belief, untrusted: str) -> Belief:
    """A file's belief as it comes in here: held back where it mustn't be in force without a person."""
    if untrusted:
        words = united([belief.words, [untrusted]])
        told: dict[str, Any] = {"steps": (), "rewards": (), "mean": None, "trajectory": ""}  # its own word, no support
        evidence = tuple(
            e.model_copy(update={**told, "words": united([e.words, [untrusted]])}) for e in belief.evidence
        )
        changed = {"tainted": True, "words": words, "evidence": evidence, "pinned": False, "credence": Credence()}
        belief = belief.model_copy(update=changed)
    found = suspicion(worded(belief))
    if belief.status not in IN_FORCE or not (found or untrusted):
        return belief
    why = f"suspicious: {found}" if found else tainted_reason(belief.words, "a person has to approve it")
    return belief.model_copy(update={"status": Status.QUARANTINED, "held_back": why, "pinned": False})


def _header(number: int, line: str) -> int:
    """The version that a file's first line names."""
    header = _json(number, line) if line else {}
    if header.get("format") != FORMAT:
        raise BeliefError(f'line {number}: this is no file of beliefs; its first line is {{"format":"{FORMAT}",...}}')
    version = header.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise BeliefError(
            f"line {number}: version {version!r}; this doxa reads versions 1 to {VERSION}: upgrade doxa, or export the "
            "beliefs again"
        )
    if extra := sorted(set(header) - {"format", "version"}):
        raise BeliefError(f"line {number}: unknown field {extra[0]!r}")
    return int(version)


def _belief(number: int, line: str, version: int) -> Belief:
    if number > LINES:
        raise BeliefError(f"line {number}: a file may have {LINES} lines; split it")
    data = _json(number, line)
    try:
        belief = Belief.model_validate(upgraded(data, version))
    except BeliefError as error:
        raise BeliefError(f"line {number}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise BeliefError(f"line {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    right = id_of(belief)
    if belief.id != right:
        raise BeliefError(f"line {number}: the id {belief.id!r} isn't that of what it says, which is {right}")
    if reason := unfit(belief):
        raise BeliefError(f"line {number}: {reason}")
    return belief


def _json(number: int, line: str) -> dict[str, Any]:
    if len(line) > LINE:
        raise BeliefError(f"line {number}: {len(line)} characters; a belief may have {LINE}")
    _see_shallow(number, line)
    try:
        data = json.loads(line, object_pairs_hook=_object, parse_constant=_constant)
    except ValueError as error:
        raise BeliefError(f"line {number}: this isn't JSON: {error}") from None
    if not isinstance(data, dict):
        raise BeliefError(f"line {number}: this is no JSON object")
    return data


def _see_shallow(number: int, line: str) -> None:
    """Count brackets before parsing, since a parser's stack is limited; those in texts don't count."""
    depth, quoted, escaped = 0, False, False
    for char in line:
        if quoted:
            quoted, escaped = char != '"' or escaped, char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            if depth > DEPTH:
                raise BeliefError(f"line {number}: nested deeper than {DEPTH} levels")
        elif char in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(n for n in names if names.count(n) > 1)!r} stands twice")
    return found


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
