"""FinCon's team on Apple's real daily prices: trained on 2020, evaluated on 2021. It needs no key and no network."""

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Market, hierarchy

team = hierarchy(
    manager=Manager(instructions="Trade the stock day by day."),
    analysts=[Analyst("chartist", source="prices", instructions="Read the chart: momentum, volatility, drawdown.")],
    monitor=CVaRMonitor(),
    critic=ConceptualCritic(),
)

experiment = Experiment(
    environment=Market.bundled("AAPL", start="2020-01-02", end="2020-12-31"),
    evaluation=Market.bundled("AAPL", start="2021-01-04", end="2021-12-31"),
    graph=team,
    episodes=4,
    name="demo",
)
