"""From a SPEC on the command line to an experiment. A SPEC is code: loading one runs it."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from ..errors import DoxaError, SpecError, options
from .experiment import Experiment

T = TypeVar("T")

FORM = "a SPEC is path/to/file.py:name or package.module:name, where name is an Experiment or a function returning one"


def load_experiment(spec: str, settings: Mapping[str, str] | None = None) -> Experiment:
    """Load a SPEC.

    Args:
        spec: ``path.py:name`` or ``module:name``; the name is that of an ``Experiment`` or of a function returning one.
        settings: Arguments for the function, as text; converted to ``int`` or ``float`` where it is annotated so.

    Raises:
        SpecError: The SPEC can't be found, can't be run, or is no experiment.
    """
    return loader(spec)(settings or {})


def loader(spec: str) -> Callable[[Mapping[str, str]], Experiment]:
    """Run a SPEC's code once; what is returned makes an experiment of it for given settings, as often as is needed.

    Raises:
        SpecError: The SPEC can't be found or can't be run; later, that it is no experiment with these settings.
    """
    place, colon, name = spec.rpartition(":")
    if not colon or not place.strip("./") or not name:
        raise SpecError(f"{spec!r} isn't a SPEC: {FORM}")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_module(place)
    public = [key for key, value in vars(module).items() if isinstance(value, Experiment) or _is_own(value, module)]
    if not hasattr(module, name):
        raise SpecError(f"{place} has no {name!r}: {options(name, public)}")
    named = getattr(module, name)

    def load(settings: Mapping[str, str]) -> Experiment:
        found = named
        if callable(found) and not isinstance(found, Experiment | type):
            found = _called(found, spec, settings)
        elif settings:
            raise SpecError(f"{spec} takes no settings, {', '.join(sorted(settings))} given: make {name!r} a function")
        if not isinstance(found, Experiment):
            raise SpecError(f"{spec} is {_sort(found)}, not an Experiment: {FORM}")
        return found

    return load


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SpecError(f"there is no file {path}; {FORM}")
    name = f"doxa_spec_{path.stem}"
    loader = SourceFileLoader(name, str(path.resolve()))
    module = ModuleType(name)
    module.__file__ = str(path.resolve())
    sys.modules[name] = module
    _guarded(lambda: loader.exec_module(module), str(path))
    return module


def _from_module(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = _guarded(lambda: importlib.import_module(name), name)
    finally:
        sys.path.pop(0)
    return found


def _sort(found: object) -> str:
    """What something is instead, in words."""
    return f"the class {found.__name__}" if isinstance(found, type) else f"of the type {type(found).__name__}"


def _called(function: Any, spec: str, settings: Mapping[str, str]) -> Any:  # noqa: ANN401
    parameters = inspect.signature(function).parameters
    for key in settings:
        if key not in parameters:
            raise SpecError(f"{spec} takes no setting {key!r}: {options(key, parameters)}")
    missing = [p.name for p in parameters.values() if p.default is p.empty and p.name not in settings]
    if missing:
        raise SpecError(
            f"{spec} needs a value for {', '.join(missing)}: add " + " ".join(f"--set {m}=..." for m in missing)
        )
    given = {key: _converted(text, str(parameters[key].annotation), key) for key, text in settings.items()}
    return _guarded(lambda: function(**given), spec)


def _converted(text: str, annotation: str, key: str) -> str | int | float:
    whole = annotation in {"int", "<class 'int'>"}
    kind = "a whole number" if whole else "a number"
    try:
        if whole:
            return int(text)
        return float(text) if annotation in {"float", "<class 'float'>"} else text
    except ValueError:
        raise SpecError(f"--set {key}={text}: {text!r} isn't {kind}; {key} takes nothing else") from None


def _guarded(load: Callable[[], T], what: str) -> T:
    """Run someone's code, and turn what it raises into one message with its place."""
    try:
        return load()
    except DoxaError:
        raise
    except ModuleNotFoundError as error:
        raise SpecError(f"{what} can't be loaded: {error}; {FORM}") from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = f" ({last[0].filename}, line {last[0].lineno})" if last else ""
        raise SpecError(f"{what} can't be loaded: {type(error).__name__}: {error}{where}") from error


def _is_own(value: object, module: ModuleType) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__ and not value.__name__.startswith("_")
