"""Something to sweep over: ``doxa sweep examples/sweep.py:rain --over seed=0..9 --over days=20,40``."""

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather


def rain(seed: int = 0, days: int = 20) -> Experiment:
    """A season of weather, another one for every seed."""
    team = hierarchy(
        Manager(),
        [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
        CVaRMonitor(),
        ConceptualCritic(),
    )
    return Experiment(Weather(days=days), team, episodes=3, seed=seed, name="rain", evaluation=Weather(days=days))
