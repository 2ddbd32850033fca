"""Public sets of injections, read from files of a user's: AgentDojo's and InjecAgent's layouts, or texts in JSON.

============  =====================================================================================================
InjecAgent    a JSON list, or JSON lines, of objects with ``Attacker Instruction``, or the whole ``Tool Response``
AgentDojo     a folder with ``injection_tasks.py`` files (read as text, never run: their ``GOAL`` strings), or an
              ``injection_vectors.yaml`` with a ``default:`` per vector
texts         a JSON list of strings, or of objects with ``text`` (and ``family``); or ``.txt``, one a line
============  =====================================================================================================

The strings have no mark of their own, so a tracer is put after each of them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import SpecError
from .attack import POSITIONS, Attack
from .attack_strings import traced

LARGEST = 50_000_000
"""Bytes that a file may have."""
LONGEST = 20_000
"""Characters of one string; the rest is left out."""
FIELDS = ("text", "Attacker Instruction", "Tool Response", "injection", "goal", "GOAL")
_VECTOR = re.compile(r"^[ \t]*default:[ \t]*(?P<text>\S.*)$", re.MULTILINE)
FORMS = "a .json, .jsonl or .txt file, an injection_vectors.yaml, or a folder with AgentDojo's injection_tasks.py"


def suite(path: str | Path) -> tuple[Attack, ...]:
    """The strings of a set, in order, each once, at the three positions in turn.

    Raises:
        SpecError: There is no such file, it can't be read, or no strings are in it.
    """
    place = Path(path)
    if not place.exists():
        raise SpecError(f"--suite {place}: there is no such file or folder; give {FORMS}")
    found = tuple(dict.fromkeys((text.strip()[:LONGEST], family) for text, family in _texts(place) if text.strip()))
    if not found:
        raise SpecError(f"--suite {place}: no injections are in it; give {FORMS}")
    return tuple(_attack(number, text, family) for number, (text, family) in enumerate(found))


def _attack(number: int, text: str, family: str) -> Attack:
    tracer = traced((text,), number)
    return Attack(f"s{number:04d}", family, (f"{text} ({tracer})",), tracer, POSITIONS[number % len(POSITIONS)])


def _texts(place: Path) -> Iterator[tuple[str, str]]:
    """Strings with their families."""
    if place.is_dir():
        for file in sorted(place.rglob("*.py")):
            if file.name.startswith("injection_task"):
                yield from ((text, file.parent.name) for text in _goals(file))
        for file in sorted(place.rglob("injection_vectors.y*ml")):
            yield from ((text, file.parent.name) for text in _vectors(file))
        return
    readers = {".json": _json, ".jsonl": _lines, ".txt": _plain, ".py": _goals, ".yaml": _vectors, ".yml": _vectors}
    if place.suffix not in readers:
        raise SpecError(f"--suite {place}: {place.suffix or 'no'} files can't be read; give {FORMS}")
    for found in readers[place.suffix](place):
        yield found if isinstance(found, tuple) else (found, place.stem)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise SpecError(f"--suite {file}: it has more than {LARGEST} bytes; split it")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"--suite {file}: it can't be read as UTF-8 text ({error})") from None


def _json(file: Path) -> Iterator[tuple[str, str]]:
    told = _parsed(_read(file), file)
    if not isinstance(told, list | dict):
        raise SpecError(f"--suite {file}: it holds a {type(told).__name__}; give a list of strings or objects")
    rows = told if isinstance(told, list) else next((v for v in told.values() if isinstance(v, list)), [])
    yield from (_row(row, number, file) for number, row in enumerate(rows))


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    lines = (line for line in _read(file).splitlines() if line.strip())
    yield from (_row(_parsed(line, file), number, file) for number, line in enumerate(lines))


def _parsed(text: str, file: Path) -> Any:  # noqa: ANN401  JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"--suite {file}: it isn't JSON ({error}); give {FORMS}") from None


def _row(row: Any, number: int, file: Path) -> tuple[str, str]:  # noqa: ANN401  JSON
    if isinstance(row, str):
        return row, file.stem
    known = row if isinstance(row, dict) else {}
    text = next((known[name] for name in FIELDS if isinstance(known.get(name), str) and known[name].strip()), None)
    if text is None:
        raise SpecError(f"--suite {file}: entry {number} has no text; give one of {', '.join(FIELDS)}")
    return text, str(known.get("family") or known.get("Attack Type") or file.stem)


def _plain(file: Path) -> Iterable[str]:
    return _read(file).splitlines()


def _vectors(file: Path) -> Iterable[str]:
    return [found["text"].strip("'\"") for found in _VECTOR.finditer(_read(file))]


def _goals(file: Path) -> Iterator[str]:
    """The strings assigned to ``GOAL`` in a module, which is parsed and never run; what it fills in is left out."""
    try:
        tree = ast.parse(_read(file))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise SpecError(f"--suite {file}: it isn't Python ({error})") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "GOAL" for t in node.targets):
            text = "".join(str(p.value) for p in ast.walk(node.value) if isinstance(p, ast.Constant))
            if text:
                yield text
