"""A portfolio of stocks chosen from a pool for low correlation, one team, a direction for each stock every day.

doxa train examples/portfolio.py:experiment
"""

from doxa import Experiment
from doxa.environments import Fees, Portfolio, PortfolioSettings, diversified
from doxa.environments.loaders import bundled
from doxa.graphs import fincon_team

POOL = "AAPL,AMD,BAC,CVX,JNJ,JPM,KO,MRK,PFE,PG,WMT,XOM"


def experiment(
    *,
    pool: str = POOL,
    size: int = 3,
    model: str = "heuristic",
    train_from: str = "2019-01-02",
    train_to: str = "2019-12-31",
    test_from: str = "2020-01-02",
    test_to: str = "2020-12-31",
    costs_bps: float = 5.0,
    episodes: int = 4,
) -> Experiment:
    """Chosen on returns before the training window; tested on the year after it."""
    chosen = diversified([bundled(ticker) for ticker in pool.split(",")], size, before=train_from).series
    settings = PortfolioSettings(fees=Fees(costs_bps))
    training = Portfolio(chosen, start=train_from, end=train_to, settings=settings)
    return Experiment(
        environment=training,
        evaluation=Portfolio(chosen, start=test_from, end=test_to, settings=settings),
        graph=fincon_team(training.spec),
        episodes=episodes,
        model=model,
        name="portfolio",
    )
