"""A second way to every answer: from the stored inputs alone, by other algebra than the generator's expressions.

Rational formulas are recomputed in `Fraction`; yields and rates of return are found by bisection, loans and deposits by
walking through their payments. Inputs come in base units (roubles, percent, days, pieces); money goes out in roubles,
rates in percent.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

Inputs = Mapping[str, Fraction]
Check = Callable[[Inputs], Fraction | float]


def share(part: Fraction, whole: Fraction) -> Fraction:
    """Part as percent of whole: how many hundredths of the whole fit into the part."""
    return part / (whole / 100)


def taken(amount: Fraction, rate: Fraction) -> Fraction:
    """A percentage of an amount."""
    return amount / 100 * rate


def grown(amount: Fraction, rate: Fraction, times: Fraction) -> Fraction:
    """An amount after a whole number of periods, one period after another."""
    for _ in range(int(times)):
        amount += taken(amount, rate)
    return amount


def discounted(flows: list[Fraction], rate: Fraction) -> Fraction:
    """Present value of flows at the ends of periods 1, 2, …, by Horner's scheme from the last."""
    value = Fraction(0)
    for flow in reversed(flows):
        value = (value + flow) / (100 + rate) * 100
    return value


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Zero of a falling function, by bisection."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def internal_rate(price: Fraction, flows: list[Fraction]) -> float:
    """The rate in percent at which the flows are worth the price."""
    return root(lambda rate: float(discounted(flows, Fraction(rate)) - price), -50.0, 200.0)


def annuity(loan: Fraction, rate: Fraction, months: Fraction) -> Fraction:
    """The level payment: the loan over what payments of one rouble are worth."""
    return loan / discounted([Fraction(1)] * int(months), rate / 12)


def scheduled_payment(loan: Fraction, rate: Fraction, months: Fraction, turn: Fraction) -> Fraction:
    """The payment of a given turn where the principal falls evenly, by walking through the schedule."""
    balance, payment = loan, Fraction(0)
    for _ in range(int(turn)):
        payment = loan / months + taken(balance, rate) / 12
        balance -= loan / months
    return payment


def two_asset_deviation(i: Inputs) -> float:
    """Standard deviation of two assets, as the double sum over the covariance matrix."""
    weights = (i["weight"] / 100, (100 - i["weight"]) / 100)
    deviations = (i["first"], i["second"])
    pairs = [(a, b) for a in (0, 1) for b in (0, 1)]
    correlations = {True: Fraction(1), False: i["correlation"]}
    return math.sqrt(
        sum(weights[a] * weights[b] * deviations[a] * deviations[b] * correlations[a == b] for a, b in pairs)
    )


def duration(flows: list[Fraction], rate: Fraction) -> Fraction:
    """Macaulay duration from the price's slope, by a symmetric difference (error of the order of 1e-12)."""
    step = Fraction(1, 1_000_000)
    slope = (discounted(flows, rate + step) - discounted(flows, rate - step)) / (2 * step)
    return -slope * (100 + rate) / discounted(flows, rate)


def yearly_write_off(cost: Fraction, years: Fraction, turn: Fraction) -> Fraction:
    """Sum-of-the-years'-digits depreciation of one year."""
    digits = range(int(years), 0, -1)
    return cost * digits[int(turn) - 1] / sum(digits)


def declining(cost: Fraction, years: Fraction, factor: Fraction, turn: int) -> Fraction:
    """Declining-balance depreciation of one year, by walking through the years."""
    written_off = Fraction(0)
    for _ in range(turn):
        written_off = cost / years * factor
        cost -= written_off
    return written_off


CHECKS: Mapping[str, Check] = {
    # profitability
    "roe": lambda i: share(i["profit"], i["equity"]),
    "roa": lambda i: share(2 * i["profit"], i["assets_start"] + i["assets_end"]),
    "net_margin": lambda i: share(i["profit"], i["revenue"]),
    "gross_margin": lambda i: 100 - share(i["cost"], i["revenue"]),
    "ebitda_margin": lambda i: share(i["operating"], i["revenue"]) + share(i["depreciation"], i["revenue"]),
    "roic": lambda i: share(i["ebit"] - taken(i["ebit"], i["tax"]), i["invested"]),
    "dupont": lambda i: share(taken(i["revenue"], i["margin"]), i["equity"]),
    # liquidity
    "current_ratio": lambda i: 1 / (i["current_liabilities"] / i["current_assets"]),
    "quick_ratio": lambda i: i["current_assets"] / i["current_liabilities"] - i["inventory"] / i["current_liabilities"],
    "cash_ratio": lambda i: i["cash"] / i["current_liabilities"] + i["investments"] / i["current_liabilities"],
    "working_capital": lambda i: i["inventory"] - (i["current_liabilities"] - i["cash"] - i["receivables"]),
    "own_working_capital": lambda i: i["equity"] / i["current_assets"] - i["noncurrent"] / i["current_assets"],
    # leverage
    "debt_to_equity": lambda i: i["long_debt"] / i["equity"] + i["short_debt"] / i["equity"],
    "net_debt_ebitda": lambda i: i["debt"] / i["ebitda"] - i["cash"] / i["ebitda"],
    "interest_cover": lambda i: 1 + i["pretax"] / i["interest"],
    "dscr": lambda i: 1 / ((i["principal"] + i["interest"]) / (i["ebitda"] - i["tax"])),
    # turnover
    "receivable_days": lambda i: i["receivables"] / (i["revenue"] / 365),
    "inventory_days": lambda i: (i["start"] + i["end"]) / (2 * i["cost"] / 365),
    "cash_cycle": lambda i: i["receivable_days"] - i["payable_days"] + i["inventory_days"],
    "capital_release": lambda i: i["revenue"] * i["before"] / 365 - i["revenue"] * i["after"] / 365,
    # deposits
    "simple_interest": lambda i: i["days"] * (taken(i["principal"], i["rate"]) / 365),
    "compound_interest": lambda i: grown(i["principal"], i["rate"], i["years"]),
    "effective_rate": lambda i: grown(Fraction(100), i["rate"] / 12, Fraction(12)) - 100,
    "deposit_needed": lambda i: i["target"] * 1200 / (1200 + i["rate"] * i["months"]),
    # loans
    "annuity_payment": lambda i: annuity(i["loan"], i["rate"], i["months"]),
    "differentiated_payment": lambda i: scheduled_payment(i["loan"], i["rate"], i["months"], i["turn"]),
    "overpayment": lambda i: i["months"] * (i["payment"] - i["loan"] / i["months"]),
    "full_cost": lambda i: i["base"] / (1 / i["periods"]),
    "debt_burden": lambda i: share(i["current"], i["income"]) + share(i["new"], i["income"]),
    "loan_to_value": lambda i: 100 - share(i["downpayment"], i["value"]),
    "affordable_loan": lambda i: discounted(
        [taken(i["income"], i["limit"]) - i["current"]] * int(i["months"]), i["rate"] / 12
    ),
    # bonds
    "accrued_interest": lambda i: i["days"] * (taken(i["face"], i["coupon"]) / 365),
    "current_yield": lambda i: share(i["coupon"], i["price"]),
    "zero_coupon_price": lambda i: discounted([Fraction(0)] * (int(i["years"]) - 1) + [i["face"]], i["yield_"]),
    "simple_yield": lambda i: share(i["years"] * i["coupon"] + i["face"] - i["price"], i["price"] * i["years"]),
    "price_sensitivity": lambda i: -i["duration"] * i["shift"] * 100 / (100 + i["yield_"]),
    "bond_deal": lambda i: i["pieces"] * taken(i["face"], i["price"]) + i["pieces"] * i["accrued"],
    "two_year_yield": lambda i: internal_rate(i["price"], [i["coupon"], i["coupon"] + i["face"]]),
    "macaulay_duration": lambda i: duration([i["coupon"], i["coupon"] + i["face"]], i["yield_"]),
    # discounting
    "present_value": lambda i: discounted([Fraction(0)] * (int(i["years"]) - 1) + [i["flow"]], i["rate"]),
    "net_present_value": lambda i: discounted([i["first"], i["second"], i["third"]], i["rate"]) - i["outlay"],
    "profitability_index": lambda i: discounted([i["first"], i["second"]], i["rate"]) / i["outlay"],
    "payback": lambda i: 1 / (i["revenue"] / i["outlay"] - i["cost"] / i["outlay"]),
    "internal_rate": lambda i: internal_rate(i["outlay"], [i["first"], i["second"]]),
    # valuation
    "capm": lambda i: i["risk_free"] * (1 - i["beta"]) + i["beta"] * i["market"],
    "wacc": lambda i: (
        (i["share"] * i["equity_cost"] + (100 - i["share"]) * (i["debt_cost"] - taken(i["debt_cost"], i["tax"]))) / 100
    ),
    "gordon": lambda i: (i["dividend"] + taken(i["dividend"], i["growth"])) * 100 / (i["required"] - i["growth"]),
    "price_earnings": lambda i: i["price"] * i["shares"] / i["profit"],
    "ev_ebitda": lambda i: i["cap"] / i["ebitda"] + (i["debt"] - i["cash"]) / i["ebitda"],
    "dividend_yield": lambda i: i["payout"] * i["profit"] / (i["price"] * i["shares"]),
    "fair_share_price": lambda i: i["multiple"] * (i["ebitda"] / i["shares"]) - i["net_debt"] / i["shares"],
    # banking
    "capital_adequacy": lambda i: share(i["base"], i["weighted"]) + share(i["extra"], i["weighted"]),
    "net_interest_margin": lambda i: share(i["income"], i["assets"]) - share(i["expense"], i["assets"]),
    "cost_income": lambda i: 100 / ((i["interest"] + i["fees"]) / i["expense"]),
    "cost_of_risk": lambda i: share(i["charge"], i["loans"] / 4),
    "npl_coverage": lambda i: share(share(i["reserves"], i["loans"]), i["npl"]),
    "expected_loss": lambda i: (
        taken(i["exposure"], i["default"]) - taken(taken(i["exposure"], i["default"]), i["collateral"])
    ),
    # taxes
    "vat_included": lambda i: i["gross"] - i["gross"] * 100 / (100 + i["rate"]),
    "profit_tax": lambda i: taken(i["income"], i["rate"]) - taken(i["expense"], i["rate"]),
    "net_salary": lambda i: taken(i["salary"], 100 - i["rate"]) + taken(i["deduction"], i["rate"]),
    "deposit_income_tax": lambda i: taken(i["interest"], i["rate"]) - taken(i["exempt"], i["rate"]),
    "tax_penalty": lambda i: i["days"] * (taken(i["debt"], i["rate"]) / 300),
    "progressive_tax": lambda i: taken(i["income"], i["second"]) - taken(i["threshold"], i["second"] - i["first"]),
    # currency and inflation
    "cross_rate": lambda i: 1 / (i["yuan"] / i["dollar"]),
    "fx_revaluation": lambda i: i["position"] * i["end"] - i["position"] * i["start"],
    "real_rate": lambda i: (i["nominal"] - i["inflation"]) * 100 / (100 + i["inflation"]),
    "chain_index": lambda i: math.prod((100 + i[m]) / 100 for m in ("first", "second", "third")) * 100 - 100,
    "forward_rate": lambda i: i["spot"] * (36500 + i["ruble"] * i["days"]) / (36500 + i["dollar"] * i["days"]),
    # break-even
    "break_even_units": lambda i: 1 / (i["price"] / i["fixed"] - i["variable"] / i["fixed"]),
    "break_even_revenue": lambda i: i["fixed"] * i["revenue"] / (i["revenue"] - i["variable"]),
    "operating_leverage": lambda i: 1 + i["fixed"] / (i["revenue"] - i["variable"] - i["fixed"]),
    "target_volume": lambda i: i["fixed"] / (i["price"] - i["variable"]) + i["target"] / (i["price"] - i["variable"]),
    # depreciation
    "straight_line": lambda i: i["cost"] / i["years"] - i["salvage"] / i["years"],
    "declining_balance": lambda i: declining(i["cost"], i["years"], i["factor"], 2),
    "units_of_production": lambda i: i["cost"] * (i["made"] / i["total"]),
    "sum_of_years": lambda i: yearly_write_off(i["cost"], i["years"], i["turn"]),
    # portfolio
    "portfolio_return": lambda i: share(
        taken(i["bonds"], i["bond_return"]) + taken(i["shares"], i["share_return"]), i["bonds"] + i["shares"]
    ),
    "portfolio_risk": two_asset_deviation,
    "sharpe": lambda i: i["return_"] / i["deviation"] - i["risk_free"] / i["deviation"],
    "holding_return": lambda i: share(i["sell"] + i["dividend"], i["buy"]) - 100,
    "value_at_risk": lambda i: math.sqrt(i["days"] * taken(i["value"], i["sigma"]) ** 2) * 1.65,
    # dynamics
    "growth": lambda i: share(i["current"], i["previous"]) - 100,
    "cagr": lambda i: math.expm1(math.log(i["end"] / i["start"]) / i["years"]) * 100,
    "plan_deviation": lambda i: share(i["income"] - i["expense"] - i["plan"], i["plan"]),
    "base_before": lambda i: i["current"] - i["current"] * i["growth"] / (100 + i["growth"]),
    "price_effect": lambda i: i["after"] * i["sold"] - i["before"] * i["sold"],
    # handwritten items only
    "roe_average": lambda i: share(2 * i["profit"], i["equity_start"] + i["equity_end"]),
    "coupon_accrual": lambda i: i["coupon"] / i["period"] * i["days"],
    "two_banks_tax": lambda i: taken(i["first"] + i["second"], i["rate"]) - taken(i["exempt"], i["rate"]),
    "civil_interest": lambda i: i["days"] * (taken(i["debt"], i["rate"]) / i["year"]),
    "three_loans_burden": lambda i: share(i["mortgage"] + i["car"] + i["new"], i["income"]),
    "markup_margin": lambda i: 100 - 10_000 / (100 + i["markup"]),
    "salary_gross": lambda i: i["net"] * 100 / (100 - i["rate"]),
    "import_payment": lambda i: i["amount"] * (i["course"] + taken(i["course"], i["fee"])),
    "monthly_depreciation": lambda i: i["cost"] / i["years"] / 12,
    "simplified_tax": lambda i: taken(i["income"], i["rate"] - i["extra"]) - i["fixed"] + taken(i["limit"], i["extra"]),
    "weighted_rate": lambda i: (
        sum(i[f"loan{n}"] * i[f"rate{n}"] for n in (1, 2, 3)) / sum(i[f"loan{n}"] for n in (1, 2, 3))
    ),
    "two_discounts": lambda i: taken(taken(i["price"], 100 - i["first"]), 100 - i["second"]),
    "net_dividends": lambda i: i["pieces"] * (i["dividend"] - taken(i["dividend"], i["rate"])),
}
"""Formula id -> the answer by the second way."""
