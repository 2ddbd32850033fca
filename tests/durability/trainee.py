"""A warm process that forks one to run the command line whenever it is told to; see ``crashing.py``.

Every order is a line of JSON: ``folder``, ``commands``, ``stop``, ``trace`` and ``environ``, and what is to fail. It
answers with the fork's pid, and when that is over with what it came to. Nothing is opened before the fork: Chroma can't
be forked.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import aiohttp  # noqa: F401  imported once, here, for all forks
import chromadb  # noqa: F401
import httpx_aiohttp  # noqa: F401
import openai
import openai.types.chat  # noqa: F401
from failpoints import Instants, watched

import doxa.graphs.training
import doxa.memory.chroma
import doxa.models.openai
import doxa.views  # noqa: F401
from doxa.cli import main
from doxa.memory import BeliefMemory, HashingEmbedder, Home, Journal

QUESTIONS = ("the barometer falls", "an unsettled spell", "what the almanac says is wrong")


def serve() -> None:
    HashingEmbedder().embed(["imports what is slow to import"])
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            try:
                obey(order)
            finally:
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(99)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def obey(order: dict[str, Any]) -> None:
    """Run the commands one after the other; leave with the first exit code that isn't 0."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has Ctrl-C ignored
    os.chdir(order["folder"])
    os.environ.update(order["environ"])
    _redirected("out", 1)
    _redirected("err", 2)
    if order["user"]:
        os.setgid(order["user"])
        os.setuid(order["user"])
    if order["bytes"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["bytes"], order["bytes"]))
    if order["clock"]:
        now = time.time
        jumps = iter(range(10**9))
        time.time = lambda: now() + (3_600.0 if next(jumps) % 2 else -7_200.0)  # type: ignore[assignment]
    if order["trace"]:
        trace = os.open(order["trace"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0o666)
        watched(Instants(order["stop"], trace), pragmas=tuple(order["pragmas"]))
    code = 0
    for command in order["commands"]:
        os.chdir(order["folder"])  # to resume is to go where the run was started
        code = code or (probe(*command[1:]) if command[0] == "probe" else ran(command))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def ran(command: list[str]) -> int:
    sys.argv = ["doxa", *command]
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def probe(home: str, run: str) -> int:
    """Say what is believed, what Chroma holds, and what a search finds."""
    with Journal.open(Home(Path(home)), write=True) as journal, BeliefMemory(journal, run) as memory:
        found = {text: [[hit.id, hit.score] for hit in memory.search(text)] for text in QUESTIONS}
        collection = memory._index._wide._collection  # type: ignore[attr-defined]
        told = {
            "beliefs": [belief.id for belief in memory.beliefs()],
            "chroma": sorted(collection.get()["ids"]),
            "found": found,
        }
    Path("probe.json").write_text(json.dumps(told, sort_keys=True))
    return 0


def _redirected(name: str, descriptor: int) -> None:
    file = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o666)
    os.dup2(file, descriptor)


if __name__ == "__main__":
    serve()
