"""Draws borrowers whose figures fit together and lie clear of every threshold of the rubric."""

import random
from collections.abc import Sequence
from decimal import Decimal

from tasks.credit_risk import rubric

Inputs = dict[str, float | None]

# Bands that keep a distance from the thresholds, so that no two analysts would disagree about the side.
PDN = {"ok": (12, 42), "elevated": (56, 74), "critical": (85, 112)}
OVERDUE = {"ok": (0, 9), "moderate": (36, 78), "critical": (104, 215)}
DSCR = {"ok": (1.5, 2.7), "thin": (1.06, 1.21), "critical": (0.48, 0.9)}
LEVERAGE = {"ok": (0.7, 2.4), "elevated": (3.2, 3.8), "critical": (4.7, 7.0)}

RETAIL_HIGH = ("pdn_critical", "pdn_critical", "overdue_critical", "enforcement")
RETAIL_MIDDLE = ("pdn_elevated", "pdn_elevated", "overdue_moderate", "tenure_short", "income_unconfirmed")
BUSINESS_HIGH = (
    "dscr_critical", "dscr_critical", "leverage_critical", "leverage_critical", "ebitda_negative", "overdue_critical",
    "net_assets_negative", "startup_uncovered",
)  # fmt: skip
BUSINESS_MIDDLE = (
    "dscr_thin", "dscr_thin", "leverage_elevated", "leverage_elevated", "overdue_moderate", "concentration",
    "revenue_drop", "startup_covered",
)  # fmt: skip


def retail(rng: random.Random, wanted: Sequence[str]) -> Inputs:
    """A person who shows exactly the signs wanted."""
    band = "critical" if "pdn_critical" in wanted else "elevated" if "pdn_elevated" in wanted else "ok"
    while True:
        inputs = _payments(rng, band)
        if 38_000 <= (inputs["income"] or 0) <= 450_000:
            break
    inputs["tenure_months"] = rng.randint(1, 4) if "tenure_short" in wanted else rng.randint(14, 190)
    inputs["income_confirmed"] = 0 if "income_unconfirmed" in wanted else 1
    inputs["enforcement"] = 1 if "enforcement" in wanted else 0
    inputs["overdue_days"] = _overdue(rng, wanted)
    if rng.random() < 0.35:
        inputs |= {"pdn": _printed(rubric.pdn(inputs), 0), "existing_payments": None, "new_payment": None}
    return inputs


def _payments(rng: random.Random, band: str) -> Inputs:
    inputs: Inputs = dict.fromkeys(rubric.INPUT_KEYS)
    requested = rng.choice((*range(150, 1000, 50), *range(1000, 3001, 250))) * 1000
    months, monthly_rate = rng.choice((24, 36, 48, 60, 84)), rng.uniform(0.19, 0.28) / 12
    annuity = requested * monthly_rate / (1 - (1 + monthly_rate) ** -months)
    new = round(annuity / 100) * 100
    burden = rng.uniform(*PDN[band]) / 100
    part = 1.0 if rng.random() < 0.2 else rng.uniform(0.3, 0.85)
    income = round(new / part / burden / 1000) * 1000
    existing = 0 if part == 1.0 else max(round((burden * income - new) / 100) * 100, 0)
    inputs |= {"income": income, "new_payment": new, "existing_payments": existing, "requested": requested}
    return inputs | {"months": months}


def _overdue(rng: random.Random, wanted: Sequence[str]) -> int:
    for band in ("critical", "moderate"):
        if f"overdue_{band}" in wanted:
            return rng.randint(*OVERDUE[band])
    return rng.choice((0, 0, rng.randint(2, 9)))


def business(rng: random.Random, wanted: Sequence[str]) -> Inputs:
    """A company that shows exactly the signs wanted; money in millions of roubles."""
    inputs: Inputs = dict.fromkeys(rubric.INPUT_KEYS)
    startup = any(sign.startswith("startup") for sign in wanted)
    size = rng.choice((1, 1, 4, 20)) * rng.uniform(30, 120) / (6 if startup else 1)
    revenue = _neat(size)
    ebitda = _neat(revenue * (rng.uniform(-0.12, -0.02) if "ebitda_negative" in wanted else rng.uniform(0.08, 0.21)))
    inputs |= {"revenue": revenue, "ebitda": ebitda}
    inputs["age_months"] = rng.randint(4, 9) if startup else rng.randint(3, 24) * 12
    if not startup:
        # A firm of a few months has no payment history of two years.
        inputs["overdue_days"] = _overdue(rng, wanted)
        change = rng.uniform(-0.36, -0.24) if "revenue_drop" in wanted else rng.uniform(-0.08, 0.4)
        inputs["revenue_previous"] = _neat(revenue / (1 + change))
    _debt(rng, inputs, wanted)
    inputs["customer_share"] = rng.randint(59, 86) if "concentration" in wanted else rng.randint(7, 38)
    if "net_assets_negative" in wanted or rng.random() < 0.3:
        sign = -1 if "net_assets_negative" in wanted else 1
        inputs["net_assets"] = sign * _neat(revenue * rng.uniform(0.05, 0.3))
    covered = "startup_covered" in wanted or (not startup and rng.random() < 0.5)
    inputs["coverage"] = rng.randint(165, 260) if covered else rng.randint(30, 115)
    inputs["guarantee"] = 1 if "startup_covered" in wanted else 0 if startup else rng.randint(0, 1)
    requested = rng.uniform(0.15, 0.5) * (inputs["debt"] or revenue * 0.3)
    return inputs | {"requested": max(_round_sum(requested), 1.0), "months": rng.choice((12, 18, 24, 36, 48, 60))}


def _debt(rng: random.Random, inputs: Inputs, wanted: Sequence[str]) -> None:
    """Fill in debt and its service: what is shown must be payable at rates and terms that exist."""
    if "ebitda_negative" in wanted:
        inputs["debt"] = _neat((inputs["revenue"] or 0) * rng.uniform(0.1, 0.4))
        return
    debt_band = next((band for band in ("critical", "elevated") if f"leverage_{band}" in wanted), "ok")
    flow_band = next((band for band in ("critical", "thin") if f"dscr_{band}" in wanted), "ok")
    ebitda = inputs["ebitda"] or 0
    while True:
        times, cover = rng.uniform(*LEVERAGE[debt_band]), rng.uniform(*DSCR[flow_band])
        share = rng.uniform(0.65, 0.85)
        # A good DSCR under heavy debt would need rates that nobody lends at: such a profile shows no DSCR.
        hidden = debt_band != "ok" and flow_band == "ok"
        if hidden or 0.2 <= share / cover / times <= 0.95:
            break
    inputs["debt"] = _neat(ebitda * times)
    if not hidden:
        flow = _neat(ebitda * share)
        inputs |= {"cash_flow": flow, "debt_service": _neat(flow / cover)}
    _state_or_hide(rng, inputs, flow_band, debt_band)


def _state_or_hide(rng: random.Random, inputs: Inputs, flow_band: str, debt_band: str) -> None:
    """Some analysts' files give a ratio, some its parts, some leave a harmless one out."""
    if inputs["cash_flow"] is not None and flow_band == "ok" and rng.random() < 0.35:
        inputs |= {"cash_flow": None, "debt_service": None}
    elif inputs["cash_flow"] is not None and rng.random() < 0.35:
        inputs |= {"dscr": _printed(rubric.dscr(inputs), 2), "cash_flow": None, "debt_service": None}
    if rng.random() < 0.3:
        inputs |= {"leverage": _printed(rubric.leverage(inputs), 1), "debt": None}
    elif debt_band == "ok" and inputs["cash_flow"] is not None and rng.random() < 0.25:
        inputs["debt"] = None


def _printed(ratio: Decimal | None, decimals: int) -> float | None:
    return None if ratio is None else float(rubric.rounded(ratio, decimals))


def _neat(value: float) -> float:
    """Three significant digits or so, as a summary prints millions."""
    size = abs(value)
    return (
        round(value, 2)
        if size < 3
        else round(value, 1)
        if size < 100
        else float(round(value))
        if size < 1000
        else round(value / 10) * 10.0
    )


def _round_sum(value: float) -> float:
    step = 0.5 if value < 10 else 5 if value < 100 else 25
    return round(value / step) * float(step)
