"""A team that asks a person before it says rain, when it is unsure, and before it believes anything.

::

    doxa train examples/approval.py:experiment --ask   # asked at this terminal
    doxa train examples/approval.py:experiment         # or by the inbox: doxa inbox, doxa resume last
"""

from doxa import Analyst, ConceptualCritic, Experiment, Manager, hierarchy
from doxa.agents import Acting, Gate, Review, Unsure
from doxa.environments import Weather

team = hierarchy(
    manager=Manager(),
    analysts=[Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    critic=ConceptualCritic(),
    gates=Gate("approval", when=(Acting(("rain",)), Unsure(0.1))),
    review=Review(),
)
experiment = Experiment(Weather(days=30), team, episodes=3, name="approval")
