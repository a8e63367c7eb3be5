"""The catalogue of formula families, a module a topic."""

from tasks.calculation.formula import Formula
from tasks.calculation.formulas import (
    banking,
    bonds,
    break_even,
    currency_inflation,
    deposits,
    depreciation,
    discounting,
    dynamics,
    leverage,
    liquidity,
    loans,
    portfolio,
    profitability,
    taxes,
    turnover,
    valuation,
)

CATALOGUE: tuple[Formula, ...] = (
    *profitability.FORMULAS,
    *liquidity.FORMULAS,
    *leverage.FORMULAS,
    *turnover.FORMULAS,
    *deposits.FORMULAS,
    *loans.FORMULAS,
    *bonds.FORMULAS,
    *discounting.FORMULAS,
    *valuation.FORMULAS,
    *banking.FORMULAS,
    *taxes.FORMULAS,
    *currency_inflation.FORMULAS,
    *break_even.FORMULAS,
    *depreciation.FORMULAS,
    *portfolio.FORMULAS,
    *dynamics.FORMULAS,
)
"""Every formula family; the order is part of what makes the build deterministic."""

SEEN: tuple[Formula, ...] = tuple(formula for formula in CATALOGUE if formula.train)
"""Families that training and validation use, with new figures and wordings in the test."""

UNSEEN: tuple[Formula, ...] = tuple(formula for formula in CATALOGUE if not formula.train)
"""Families that stand in the test only."""
