"""The rubric: which signs of risk a borrower shows, and the level that follows. README.md quotes it in Russian."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

Inputs = Mapping[str, float | None]

INPUT_KEYS = (
    "income", "existing_payments", "new_payment", "pdn", "tenure_months", "income_confirmed", "enforcement",
    "age_months", "revenue", "revenue_previous", "ebitda", "debt", "leverage", "cash_flow", "debt_service", "dscr",
    "customer_share", "net_assets", "coverage", "guarantee", "overdue_days", "requested",
)  # fmt: skip
"""What a profile may state; None where it does not. Money within one item is in one unit, shares in per cent."""

THRESHOLDS = tuple(Decimal(value) for value in ("80", "50", "1", "1.3", "4", "3", "90", "30", "6", "150", "20", "12"))
"""The figures of the scale that stands in every prompt: an answer may cite them."""

SURCHARGE = Decimal(2)
"""Percentage points over the base rate at middle risk."""
REDUCED_SHARE = Decimal("0.8")
"""Part of the requested sum that is lent at middle risk."""

CRITICAL = (
    "pdn_critical", "overdue_critical", "enforcement", "ebitda_negative", "dscr_critical", "leverage_critical",
    "net_assets_negative", "startup_uncovered",
)  # fmt: skip
MODERATE = (
    "pdn_elevated", "overdue_moderate", "tenure_short", "income_unconfirmed", "dscr_thin", "leverage_elevated",
    "concentration", "revenue_drop", "startup_covered",
)  # fmt: skip


def exact(value: float | None) -> Decimal | None:
    """A stated figure as the exact decimal that was printed."""
    return None if value is None else Decimal(str(value))


def _ratio(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    return numerator / denominator if numerator is not None and denominator else None


def pdn(inputs: Inputs) -> Decimal | None:
    """Debt burden (показатель долговой нагрузки), per cent: all monthly payments over monthly income."""
    stated, new, income = (exact(inputs[key]) for key in ("pdn", "new_payment", "income"))
    if stated is not None or new is None or not income:
        return stated
    return (new + (exact(inputs["existing_payments"]) or 0)) / income * 100


def leverage(inputs: Inputs) -> Decimal | None:
    """Debt, the new loan included, over annual EBITDA; None where EBITDA is not positive."""
    stated, debt, ebitda = (exact(inputs[key]) for key in ("leverage", "debt", "ebitda"))
    if stated is not None:
        return stated
    return _ratio(debt, ebitda) if ebitda is not None and ebitda > 0 else None


def dscr(inputs: Inputs) -> Decimal | None:
    """Debt service coverage: annual cash flow before debt service over annual payments."""
    stated = exact(inputs["dscr"])
    return _ratio(exact(inputs["cash_flow"]), exact(inputs["debt_service"])) if stated is None else stated


def revenue_drop(inputs: Inputs) -> Decimal | None:
    """Fall of revenue against the year before, per cent; negative where revenue grew."""
    now, before = exact(inputs["revenue"]), exact(inputs["revenue_previous"])
    return (before - now) / before * 100 if now is not None and before else None


def _covered(inputs: Inputs) -> bool:
    return (inputs["coverage"] or 0) >= 150 and bool(inputs["guarantee"])


def signs(inputs: Inputs) -> list[str]:
    """Every sign of risk that the profile shows, critical ones first."""
    burden, debt, cover, drop = pdn(inputs), leverage(inputs), dscr(inputs), revenue_drop(inputs)
    overdue, ebitda, assets = (inputs[key] for key in ("overdue_days", "ebitda", "net_assets"))
    startup = inputs["age_months"] is not None and inputs["age_months"] < 12
    tests = {
        "pdn_critical": burden is not None and burden > 80,
        "overdue_critical": overdue is not None and overdue > 90,
        "enforcement": bool(inputs["enforcement"]),
        "ebitda_negative": ebitda is not None and ebitda < 0,
        "dscr_critical": cover is not None and cover < 1,
        "leverage_critical": debt is not None and debt > 4,
        "net_assets_negative": assets is not None and assets < 0,
        "startup_uncovered": startup and not _covered(inputs),
        "pdn_elevated": burden is not None and 50 < burden <= 80,
        "overdue_moderate": overdue is not None and 30 <= overdue <= 90,
        "tenure_short": inputs["tenure_months"] is not None and inputs["tenure_months"] < 6,
        "income_unconfirmed": inputs["income_confirmed"] == 0,
        "dscr_thin": cover is not None and 1 <= cover < Decimal("1.3"),
        "leverage_elevated": debt is not None and 3 <= debt <= 4,
        "concentration": inputs["customer_share"] is not None and inputs["customer_share"] > 50,
        "revenue_drop": drop is not None and drop > 20,
        "startup_covered": startup and _covered(inputs),
    }
    return [name for name in (*CRITICAL, *MODERATE) if tests[name]]


def level(found: list[str]) -> str:
    """One critical sign makes the risk high, any other sign middle, none low. Signs are not added up."""
    if any(sign in CRITICAL for sign in found):
        return "высокий"
    return "средний" if found else "низкий"


def deciding(found: list[str]) -> list[str]:
    """The signs that the level follows from: the critical ones where there are any, otherwise all."""
    return [sign for sign in found if sign in CRITICAL] or found


def derived(inputs: Inputs) -> list[Decimal]:
    """What an answer may compute from the profile: its figures in any unit, ratios, sums, pricing, thresholds."""
    stated = [value for key in INPUT_KEYS if (value := exact(inputs[key])) is not None]
    ratios = [value for ratio in (pdn, leverage, dscr, revenue_drop) if (value := ratio(inputs)) is not None]
    new, existing, requested = (exact(inputs[key]) for key in ("new_payment", "existing_payments", "requested"))
    money = list(stated)
    if new is not None and existing is not None:
        money.append(new + existing)
    if requested is not None:
        money += [requested * REDUCED_SHARE, requested * REDUCED_SHARE / 1000]
    thousands = [value / 1000 for value in money if abs(value) >= 1000]
    return [*money, *thousands, *ratios, SURCHARGE, REDUCED_SHARE * 100, *THRESHOLDS]


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Half up, as an analyst prints it."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
