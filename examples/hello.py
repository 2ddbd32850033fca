"""Two analysts with a sense each, and a manager who learns whom to trust: doxa train examples/hello.py:experiment."""

from doxa import Analyst, ConceptualCritic, CVaRMonitor, EpisodeGraph, Experiment, Manager
from doxa.environments import Weather

graph = EpisodeGraph(
    agents=(
        Analyst("listener", source="almanac"),
        Analyst("watcher", source="barometer", instructions="Report only what you see."),
        Manager(),
    ),
    edges=(("listener", "manager"), ("watcher", "manager")),
    monitors=(CVaRMonitor(alpha=0.05),),
    critic=ConceptualCritic(),
)

experiment = Experiment(environment=Weather(), graph=graph, name="hello", evaluation=Weather(days=200))

if __name__ == "__main__":
    import asyncio

    from doxa import train

    run = asyncio.run(train(experiment))
    for episode in run.episodes:
        print(f"{episode.mode} {episode.number}: return {episode.value:+.1f}, {episode.beliefs} beliefs in use")
