"""How long a long episode takes to be gone on with at its last step.

``python benchmarks/resume.py`` runs one episode of 250 steps with four analysts and a manager against a loopback
server that fails at the very last call, resumes it, and prints the seconds that took and what was sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "durability"))

from crashing import answer

from doxa import Analyst, Experiment, Manager, OpenAIModel, evaluate, hierarchy
from doxa.environments import Weather
from doxa.errors import RunError
from doxa.testing import Fault, OpenAIServer

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 250
SOURCES = ("almanac", "barometer", "almanac", "barometer")
CALLS = STEPS * (len(SOURCES) + 1)


def experiment(url: str) -> Experiment:
    analysts = [Analyst(f"analyst-{number}", source=source) for number, source in enumerate(SOURCES)]
    return Experiment(Weather(days=STEPS), hierarchy(Manager(), analysts), model=OpenAIModel("gpt-x", base_url=url))


def main() -> None:
    def served(body: Mapping[str, Any]) -> dict[str, Any] | Fault:
        if len(server.requests) == CALLS:
            return Fault("refused", status=400, body=json.dumps({"error": {"message": "not now"}}))
        return answer(body)

    with tempfile.TemporaryDirectory() as folder, OpenAIServer(served) as server:
        started = time.perf_counter()
        try:
            asyncio.run(evaluate(experiment(server.url), folder))
        except RunError:
            whole = time.perf_counter() - started
        before, started = len(server.requests), time.perf_counter()
        run = asyncio.run(evaluate(experiment(server.url), folder, run="run-1"))
        seconds = time.perf_counter() - started
        print(f"{run.calls} calls of {STEPS} steps in {whole:.1f} s; {before} sent before the stop")
        print(f"resumed at the last step in {seconds:.2f} s, {len(server.requests) - before} calls sent")


if __name__ == "__main__":
    main()
