"""How much of a prompt a provider's prefix cache could have kept from the step before.

``python benchmarks/prefix.py`` trains the bundled demo's team with the heuristic model, and reads the prompts back from
the journal; ``python benchmarks/prefix.py msft.json`` does the same with the FinCon example on an INVESTORBENCH file.
Consecutive prompts of one agent are compared from their beginning, messages joined in order: what they have in common
is the prefix. Tokens are counted by OpenAI's tokenizer where its vocabulary is on the machine, else as a quarter of the
bytes; neither needs a network.

Printed per agent: tokens of a prompt, the share of the tokens that repeat as a prefix, the share in lines that stand in
both prompts, which is about what the best order of the lines could make of it, and the share of beliefs. The schema of
the answer, which never changes within a run and which many providers put before the prompt, isn't counted. A critic,
who asks once per episode, has no steps to repeat and is left out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from doxa import Experiment, train
from doxa.agents.prompts import beliefs_part
from doxa.graphs import load_experiment
from doxa.memory import Home, Journal
from doxa.models.protocol import Message
from doxa.models.tokens import Measure, measure

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Prompt:
    """One call's prompt, as it was sent."""

    agent: str
    episode: int
    step: int
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """All messages in order."""
        return "\n\n".join(message.text for message in self.messages)


@dataclass(frozen=True)
class Share:
    """What an agent's prompts repeat, in tokens."""

    agent: str
    prompts: int
    tokens: int
    prefix: int
    common: int
    beliefs: int

    def line(self) -> str:
        """As it is printed."""
        per = self.tokens / self.prompts
        shares = (f"{part / self.tokens:7.1%}" for part in (self.prefix, self.common, self.beliefs))
        return f"{self.agent:10}{self.prompts:8}{per:15.0f}   {'  '.join(shares)}"


def prompts(experiment: Experiment) -> Iterator[Prompt]:
    """The prompts of a whole run, by agent and in the order of the run; a step's repairs are left out."""
    with tempfile.TemporaryDirectory() as home:
        run = asyncio.run(train(experiment, home))
        with Journal.open(Home(Path(home)), write=False) as journal:
            critic = experiment.graph.critic.name if experiment.graph.critic else None
            for event in journal.events(run.id, kind="call"):
                step, _, agent, turn = event.key.split(".")
                if turn == "0" and agent != critic:
                    messages = tuple(Message(role, journal.text(text)) for role, text in event.payload["messages"])
                    yield Prompt(agent, event.episode, int(step), messages)


def share(agent: str, found: list[Prompt], by: Measure) -> Share:
    """Compare every prompt with the one before; the first of a run repeats nothing."""
    prefix = sum(by.count(common_prefix(before.text, after.text)) for before, after in pairwise(found))
    common = sum(by.count(common_lines(before.text, after.text)) for before, after in pairwise(found))
    tokens = sum(by.count(prompt.text) for prompt in found)
    beliefs = sum(by.count(beliefs_part(message)) for prompt in found for message in prompt.messages)
    return Share(agent, len(found), tokens, prefix, common, beliefs)


def common_prefix(before: str, after: str) -> str:
    differing = (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    return before[: next(differing, min(len(before), len(after)))]


def common_lines(before: str, after: str) -> str:
    shared = Counter(before.splitlines()) & Counter(after.splitlines())
    return "\n".join(shared.elements())


def total(shares: list[Share]) -> Share:
    fields = ("prompts", "tokens", "prefix", "common", "beliefs")
    return Share("all", *(sum(getattr(share, field) for share in shares) for field in fields))


def main() -> None:
    if len(sys.argv) > 1:
        experiment = load_experiment(f"{EXAMPLES / 'fincon_stock.py'}:experiment", {"path": sys.argv[1]})
    else:
        experiment = load_experiment(f"{EXAMPLES / 'demo.py'}:experiment")
    by = measure()
    asked = sorted(prompts(experiment), key=lambda p: (p.agent, p.episode, p.step))
    shares = [share(agent, list(own), by) for agent, own in groupby(asked, key=lambda p: p.agent)]
    print(f"counted with {by.name}")
    print(f"{'agent':10}{'prompts':>8}{'tokens/prompt':>15}   {'prefix':>7}  {'common':>7}  {'beliefs':>7}")
    for line in (*shares, total(shares)):
        print(line.line())


if __name__ == "__main__":
    main()
