"""A small task that needs no data: whom to believe about tomorrow's weather."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..errors import DataError
from .protocol import Choice, Environment, EnvironmentSpec, Json, Outcome, Signal, Source, View
from .rendering import item, signed, view

PRAISE = (
    "A lovely, bright day is ahead, enjoy it!",
    "Great news: tomorrow will be beautiful.",
    "Happy, glorious sunshine.",
)
GLOOM = ("A terrible, gloomy day is ahead.", "Bad news: tomorrow will be miserable.", "Awful, dreadful skies, sadly.")


@dataclass(frozen=True)
class Tomorrow:
    """One day's truth and what is said about it the day before."""

    dry: bool
    unsettled: bool
    pressure: float
    almanac: str


class Weather(Environment):
    """Every day call tomorrow dry or rain: +1 if right, -1 if wrong, 0 for unsure.

    The weather alternates between settled and unsettled spells. The barometer is right on four days of five in both.
    The almanac sounds surer; in settled spells it knows nothing, in unsettled ones it is wrong on nine days of ten. So
    there are two lessons to learn, one about an aspect and one about when it applies. Another seed is another season.

    Args:
        days: Steps of an episode, after which it terminates.
    """

    def __init__(self, days: int = 40) -> None:
        if days < 1:
            raise DataError(f"Weather: days is {days}; give 1 or more")
        self._days: list[Tomorrow] = []
        self._now = 0
        barometer = Source(
            "barometer",
            "The change of air pressure since yesterday in hPa, and whether the spell is unsettled (1) or not (0).",
            trusted=True,
            signals=(Signal("pressure_change", above="dry", below="rain", scale=3.0),),
        )
        almanac = Source(
            "almanac",
            "A printed almanac's saying about tomorrow.",
            signals=(Signal("tone", above="dry", below="rain", scale=0.5, tone=True),),
        )
        self.spec = EnvironmentSpec(
            id="weather",
            task="Say every day what tomorrow's weather will be. A right call brings +1, a wrong one -1, unsure 0.",
            sources=(barometer, almanac),
            action=Choice(("dry", "unsure", "rain")),
            reward={"call": 1.0},
            max_steps=days,
            cautious="unsure",
            tags={"domain": "weather"},
        )

    def _begin(self, rng: random.Random) -> Outcome:
        unsettled = rng.random() < 0.5
        self._days, self._now = [], 0
        for _ in range(self.spec.max_steps + 1):
            unsettled ^= rng.random() < 0.1
            self._days.append(_tomorrow(rng, unsettled=unsettled))
        return Outcome(None, self._views(), {})

    def _advance(self, action: Json) -> Outcome:
        truth = "dry" if self._days[self._now].dry else "rain"
        call = 0.0 if action == "unsure" else 1.0 if action == truth else -1.0
        self._now += 1
        terminated = self._now == self.spec.max_steps
        return Outcome(None, self._views(), {"call": call}, terminated=terminated, info={"truth": truth})

    def _views(self) -> dict[str, View]:
        day = self._days[self._now]
        readings = {"pressure_change": signed(day.pressure), "unsettled": str(int(day.unsettled))}
        return {
            "barometer": view("The barometer today.", readings),
            "almanac": view("The almanac on tomorrow.", {}, lines=[item(day.almanac, 200)]),
        }


def _tomorrow(rng: random.Random, *, unsettled: bool) -> Tomorrow:
    """Draw a day; ``random()`` alone gives the same numbers in every Python version."""
    dry = rng.random() < 0.5
    rises = dry if rng.random() < 0.8 else not dry
    praises = dry if rng.random() < (0.1 if unsettled else 0.5) else not dry
    strength = 0.5 + 4.5 * rng.random()
    sayings = PRAISE if praises else GLOOM
    saying = sayings[int(rng.random() * len(sayings))]
    return Tomorrow(dry, unsettled, strength if rises else -strength, saying)
