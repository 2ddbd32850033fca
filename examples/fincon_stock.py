"""The FinCon team on one stock, from an INVESTORBENCH file: prices, news and filings, an analyst each.

doxa train examples/fincon_stock.py:experiment --set path=msft.json --set model=openai/gpt-5-mini
"""

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Market, hierarchy
from doxa.environments import EnvironmentSpec

DUTIES = {
    "prices": Analyst("chartist", source="prices", instructions="Momentum, volatility, drawdown and CVaR."),
    "news": Analyst("reporter", source="news", instructions="What do today's news mean for tomorrow's price?"),
    "filings": Analyst("auditor", source="filings", instructions="What do the latest 10-K and 10-Q say about risk?"),
}


def experiment(
    path: str,
    model: str = "heuristic",
    train_from: str = "2020-07-01",
    train_to: str = "2020-09-30",
    test_from: str = "2020-10-01",
    test_to: str = "2021-05-05",
    episodes: int = 4,
) -> Experiment:
    """INVESTORBENCH's windows by default: warm-up 2020-07-01..2020-09-30, test 2020-10-01..2021-05-05."""
    training = Market.from_investorbench(path, start=train_from, end=train_to)
    return Experiment(
        environment=training,
        evaluation=Market.from_investorbench(path, start=test_from, end=test_to),
        graph=hierarchy(Manager(), analysts(training.spec), monitor=CVaRMonitor(), critic=ConceptualCritic()),
        episodes=episodes,
        model=model,
        name="fincon-stock",
    )


def analysts(spec: EnvironmentSpec) -> list[Analyst]:
    """An analyst for every source there is; Bitcoin files no 10-K."""
    return [DUTIES[source.name] for source in spec.sources]
