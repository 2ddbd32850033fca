"""The FinCon team on one stock, from an INVESTORBENCH file: prices, news and filings, an analyst each.

doxa train examples/fincon_stock.py:experiment --set path=msft.json --set model=openai/gpt-5-mini
"""

from doxa import Experiment, Market
from doxa.graphs import FinCon, fincon_team


def experiment(
    path: str,
    model: str = "heuristic",
    train_from: str = "2020-07-01",
    train_to: str = "2020-09-30",
    test_from: str = "2020-10-01",
    test_to: str = "2021-05-05",
    episodes: int = 4,
    background: str = "",
) -> Experiment:
    """INVESTORBENCH's windows by default: warm-up 2020-07-01..2020-09-30, test 2020-10-01..2021-05-05.

    A source that the file hasn't gets no analyst; Bitcoin files no 10-K.
    """
    training = Market.from_investorbench(path, start=train_from, end=train_to)
    return Experiment(
        environment=training,
        evaluation=Market.from_investorbench(path, start=test_from, end=test_to),
        graph=fincon_team(training.spec, FinCon(background=background)),
        episodes=episodes,
        model=model,
        name="fincon-stock",
    )
