"""Continuing an episode in a fresh Python process.

The parent sends a pickle of the factory, the snapshot and the actions through a pipe to a child that it starts itself;
nothing is unpickled that didn't come from the caller, and the child answers in JSON. The child gets the parent's import
path but another hash seed and time zone, so an environment that depends on either is found out.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import EnvironmentContractError, SpecError
from .protocol import Environment, Json, Snapshot, StepResult, json_digest

Factory = Callable[[], Environment] | str
"""Makes the environment: a callable without arguments, or where to import one from, as ``module:name``."""


def build(make: Factory) -> Environment:
    """A new environment.

    Raises:
        SpecError: The name can't be imported.
    """
    if not isinstance(make, str):
        return make()
    module, _, name = make.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecError(f"{make!r} can't be imported ({error}); write module:name, e.g. my_task:make") from error
    environment: Environment = found()
    return environment


@dataclass(frozen=True)
class Continuation:
    """What a process is asked to play."""

    make: Factory
    snapshot: Snapshot
    actions: tuple[Json, ...]

    def run(self) -> tuple[str, ...]:
        """Restore and go on; a fingerprint per step."""
        environment = build(self.make)
        environment.restore(self.snapshot)
        return tuple(fingerprint(environment.step(action)) for action in self.actions)


def fingerprint(result: StepResult) -> str:
    """A sha256 over everything a step gave, ``info`` included."""
    body = [result.observation.digest(), result.reward, dict(result.components)]
    body += [result.terminated, result.truncated, dict(result.info)]
    return json_digest(body)


def run_fresh(continuation: Continuation, timeout: float) -> tuple[str, ...]:
    """Run a continuation in a new process.

    Raises:
        EnvironmentContractError: The factory can't be sent, or the child failed; the message carries what it said.
    """
    command = [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"]
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    hash_seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and our own code
            command,
            input=_pickled(continuation),
            capture_output=True,
            timeout=timeout,
            check=False,
            env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": hash_seed, "TZ": "<+14>-14"},
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentContractError(
            f"a fresh process took more than {timeout:g} s; give a longer timeout or fewer steps"
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EnvironmentContractError(
            f"a fresh process failed: {said[-1] if said else f'exit code {done.returncode}'} (the factory has to be "
            "importable there, and the files it reads have to be where they are here)"
        )
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def serve() -> None:
    """The child: read a continuation, run it, print the fingerprints. Whatever else prints goes to stderr."""
    answer, sys.stdout = sys.stdout, sys.stderr
    continuation: Continuation = pickle.load(sys.stdin.buffer)  # noqa: S301  sent by run_fresh
    answer.write(json.dumps(continuation.run()))


def _pickled(continuation: Continuation) -> bytes:
    make = continuation.make
    if getattr(getattr(make, "func", make), "__module__", None) == "__main__":
        raise EnvironmentContractError(
            f"{make!r} lives in the main program, where a fresh process can't find it; move it to a module, or name it "
            "as 'module:name'"
        )
    try:
        return pickle.dumps(continuation)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise EnvironmentContractError(
            f"{make!r} can't be sent to a fresh process ({error}); give a function or class of a module, a "
            "functools.partial of one, or its name as 'module:name'"
        ) from error
