"""The kinds of market participants, by the channel through which the economy reaches them."""

from tasks.market_trends.case import Case
from tasks.market_trends.cases import commodities, currency, demand, rates

CASES: tuple[Case, ...] = (*rates.CASES, *currency.CASES, *commodities.CASES, *demand.CASES)
"""All of them."""

HISTORICAL: tuple[Case, ...] = tuple(
    case for case in rates.CASES if not any(name in case.uses for name in ("ofz", "infl"))
)
"""Those whose result follows from the key rate and the participant's own figures alone."""
