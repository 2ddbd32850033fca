"""What two papers report, to stand beside one's own results.

FinCon: arXiv 2407.06567 v3, GPT-4-Turbo at temperature 0.3, median of five runs. INVESTORBENCH: arXiv 2412.18174, the
rows of buying and holding. Figures as printed: CR in per cent, Sharpe ratio, MDD in per cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """One row of a paper's table: CR and MDD in per cent."""

    cr: float
    sharpe: float
    mdd: float

    @property
    def metrics(self) -> dict[str, float | None]:
        """Under the names that markets use."""
        return {"CR %": self.cr, "Sharpe": self.sharpe, "MDD %": self.mdd}


Rows = Mapping[str, Figures]

STOCKS: Mapping[str, Rows] = {
    "TSLA": {
        "buy and hold": Figures(6.425, 0.145, 58.150),
        "FinCon": Figures(82.871, 1.972, 29.727),
        "FinMem": Figures(34.624, 1.552, 15.674),
    },
    "AMZN": {
        "buy and hold": Figures(2.030, 0.072, 34.241),
        "FinCon": Figures(24.848, 0.904, 25.889),
        "FinMem": Figures(-18.011, -0.773, 36.825),
    },
    "NIO": {
        "buy and hold": Figures(-77.210, -1.449, 63.975),
        "FinCon": Figures(17.461, 0.335, 40.647),
        "FinMem": Figures(-48.437, -1.180, 64.144),
    },
    "MSFT": {
        "buy and hold": Figures(27.856, 1.230, 15.010),
        "FinCon": Figures(31.625, 1.538, 15.010),
        "FinMem": Figures(-22.036, -1.247, 29.435),
    },
    "AAPL": {
        "buy and hold": Figures(22.315, 1.107, 20.659),
        "FinCon": Figures(27.352, 1.597, 15.266),
        "FinMem": Figures(12.397, 0.994, 11.268),
    },
    "GOOG": {
        "buy and hold": Figures(22.420, 0.891, 21.191),
        "FinCon": Figures(25.077, 1.052, 17.530),
        "FinMem": Figures(0.311, 0.018, 21.503),
    },
    "NFLX": {
        "buy and hold": Figures(57.338, 1.794, 20.926),
        "FinCon": Figures(69.239, 2.370, 20.792),
        "FinMem": Figures(-10.306, -0.478, 27.692),
    },
    "COIN": {
        "buy and hold": Figures(-21.756, -0.311, 60.187),
        "FinCon": Figures(57.045, 0.825, 42.679),
        "FinMem": Figures(0.811, 0.017, 50.390),
    },
}
PORTFOLIOS: Mapping[str, Rows] = {
    "TSLA+MSFT+PFE": {
        "FinCon": Figures(113.836, 3.269, 16.163),
        "Markowitz": Figures(12.636, 0.614, 17.842),
        "FinRL-A2C": Figures(19.461, 0.831, 26.917),
        "equal weight": Figures(9.344, 0.492, 21.223),
    },
    "AMZN+GM+LLY": {
        "FinCon": Figures(32.922, 1.371, 21.502),
        "Markowitz": Figures(10.289, 0.540, 25.099),
        "FinRL-A2C": Figures(11.589, 0.649, 15.787),
        "equal weight": Figures(15.061, 0.867, 14.662),
    },
}
ABLATIONS: Mapping[str, Mapping[str, Figures]] = {
    "GOOG": {
        "full": Figures(25.077, 1.052, 17.530),
        "without CVaR": Figures(-1.461, -0.006, 27.079),
        "without beliefs": Figures(-11.944, -0.496, 29.309),
    },
    "NIO": {
        "full": Figures(17.461, 0.335, 40.647),
        "without CVaR": Figures(-52.887, -1.002, 70.243),
        "without beliefs": Figures(8.197, 0.156, 55.688),
    },
    "TSLA+MSFT+PFE": {
        "full": Figures(113.836, 3.269, 16.163),
        "without CVaR": Figures(14.699, 1.142, 17.511),
        "without beliefs": Figures(28.432, 1.181, 27.535),
    },
}
INVESTORBENCH: Mapping[str, Rows] = {
    "MSFT": {"buy and hold": Figures(15.340, 1.039, 9.428)},
    "JNJ": {"buy and hold": Figures(13.895, 1.343, 9.847)},
    "BTC": {"buy and hold": Figures(21.822, 0.990, 20.796)},
}
