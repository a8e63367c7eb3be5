"""Puts a borrower's figures into words: the task's text and the reference answers, in one split's wording."""

import random
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import ModuleType
from typing import Any

from tasks.authoring.russian import NBSP, counted, number, quantize
from tasks.credit_risk import rubric

LAYOUTS = ("prose", "list", "line")
SPACES = (NBSP, " ", "")

ADVICE_FOR = {
    "pdn_critical": "pdn", "pdn_elevated": "pdn", "overdue_critical": "default", "overdue_moderate": "overdue",
    "enforcement": "enforcement", "tenure_short": "tenure", "income_unconfirmed": "income",
    "ebitda_negative": "overload", "dscr_critical": "overload", "leverage_critical": "overload",
    "dscr_thin": "cashflow", "leverage_elevated": "cashflow", "net_assets_negative": "net_assets",
    "startup_uncovered": "newcomer", "startup_covered": "startup", "concentration": "concentration",
    "revenue_drop": "drop",
}  # fmt: skip
"""Sign of risk -> the table of `ADVICE` that answers it."""

Fields = dict[str, str]


def duration(months: int) -> str:
    """Months as people say them: 7 месяцев, 2 года, 2 года 5 месяцев."""
    years, rest = divmod(int(months), 12)
    parts = [counted(years, "год", "года", "лет")] if years else []
    return NBSP.join(parts + ([counted(rest, "месяц", "месяца", "месяцев")] if rest else []))


def money(millions: Decimal, space: str = NBSP, *, billions: bool = False) -> str:
    """Roubles in the unit that fits: тыс., млн, and млрд where asked for."""
    if abs(millions) < 1:
        return f"{_plain(millions * 1000, space)}{NBSP}тыс. руб."
    if billions and abs(millions) >= 1000:
        return f"{_plain(millions / 1000, space)}{NBSP}млрд руб."
    return f"{_plain(millions, space)}{NBSP}млн руб."


def _plain(value: Decimal, space: str = NBSP) -> str:
    digits = f"{value.normalize():f}"
    return number(Decimal(digits)).replace(NBSP, space)


def _with_parts(ratio: str, parts: tuple[Decimal | None, Decimal | None], space: str) -> str:
    """A ratio and the division behind it, where the profile states its parts."""
    left, right = parts
    return ratio if left is None or right is None else f"{ratio} ({_plain(left, space)} / {_plain(right, space)})"


def ratios(inputs: rubric.Inputs, space: str) -> Fields:
    """The rubric's ratios as an analysis prints them."""
    value = {key: rubric.exact(inputs[key]) for key in rubric.INPUT_KEYS}
    paid = None if value["new_payment"] is None else value["new_payment"] + (value["existing_payments"] or 0)
    fields: Fields = {}
    if (burden := rubric.pdn(inputs)) is not None:
        fields["pdn"] = _with_parts(f"{quantize(burden, 0)}%", (paid, value["income"]), space)
    if (debt := rubric.leverage(inputs)) is not None:
        fields["leverage"] = _with_parts(number(debt, 1), (value["debt"], value["ebitda"]), space)
    if (cover := rubric.dscr(inputs)) is not None:
        fields["dscr"] = _with_parts(number(cover, 2), (value["cash_flow"], value["debt_service"]), space)
    if (drop := rubric.revenue_drop(inputs)) is not None:
        fields["drop"] = f"{quantize(drop, 0)}%"
    return fields


def figures(rng: random.Random, inputs: Mapping[str, Any], segment: str) -> Fields:
    """Every stated figure of the profile as text, in one style of writing numbers."""
    space, billions = rng.choice(SPACES), rng.random() < 0.5
    style: Callable[[Decimal], str] = rng.choice(
        (
            lambda roubles: f"{_plain(roubles, space)}{NBSP}руб.",
            lambda roubles: f"{_plain(roubles / 1000, space)}{NBSP}тыс. руб.",
        )
    )
    scale = Decimal(1_000_000) if segment == "retail" else Decimal(1)
    fields: Fields = {"term": duration(inputs["months"]), "space": space}
    requested = Decimal(str(inputs["requested"])) / scale
    fields |= {"sum": money(requested, space), "reduced": money(requested * rubric.REDUCED_SHARE, space)}
    names = {"existing_payments": "existing", "new_payment": "new", "revenue_previous": "previous", "net_assets": "assets",
             "cash_flow": "flow", "debt_service": "service"}  # fmt: skip
    for key in ("income", "existing_payments", "new_payment"):
        if inputs[key] is not None:
            fields[names.get(key, key)] = style(Decimal(inputs[key]))
    for key in ("revenue", "revenue_previous", "ebitda", "debt", "net_assets", "cash_flow", "debt_service"):
        if inputs[key] is not None:
            fields[names.get(key, key)] = money(Decimal(str(inputs[key])), space, billions=billions)
    return fields | _counts(inputs)


def _counts(inputs: Mapping[str, Any]) -> Fields:
    fields: Fields = {}
    for key, name in (("tenure_months", "tenure"), ("age_months", "age")):
        if inputs[key] is not None:
            fields[name] = duration(inputs[key])
    if inputs["overdue_days"]:
        fields["days"] = counted(inputs["overdue_days"], "день", "дня", "дней")
    for key, name in (("customer_share", "share"), ("coverage", "coverage"), ("pdn", "pdn")):
        if inputs[key] is not None:
            fields[name] = f"{_plain(Decimal(str(inputs[key])))}%"
    for key, decimals in (("dscr", 2), ("leverage", 1)):
        if inputs[key] is not None:
            fields[key] = number(Decimal(str(inputs[key])), decimals)
    return fields


def shown(inputs: Mapping[str, Any], segment: str, *, pledged: bool) -> list[str]:
    """Which clauses of `FIELDS` this profile consists of; the first says who the borrower is."""
    has = {key: inputs[key] is not None for key in rubric.INPUT_KEYS}
    overdue = "overdue" if inputs["overdue_days"] else "overdue_none"
    if segment == "retail":
        burden = "pdn_stated" if has["pdn"] else "pdn_parts" if inputs["existing_payments"] else "pdn_only_new"
        return [
            "person", "job", "income_confirmed" if inputs["income_confirmed"] else "income_unconfirmed", burden, overdue,
            "enforcement" if inputs["enforcement"] else "enforcement_none", "request",
            "pledge_retail" if pledged else "pledge_none",
        ]  # fmt: skip
    optional = {overdue: has["overdue_days"], "debt": has["debt"], "leverage_stated": has["leverage"], "dscr_parts": has["cash_flow"],
                "dscr_stated": has["dscr"], "net_assets": has["net_assets"]}  # fmt: skip
    return [
        "firm", "revenue" if has["revenue_previous"] else "revenue_since_start", "ebitda", "customer", "request",
        "pledge_firm", "guarantee" if inputs["guarantee"] else "guarantee_none",
        *(name for name, stated in optional.items() if stated),
    ]  # fmt: skip


def profile(
    rng: random.Random, wording: ModuleType, names: list[str], fields: Fields, segment: str, layout: str
) -> str:
    """The profile's text: its clauses in random order after the first, with irrelevant details among them."""
    clauses = [rng.choice(wording.FIELDS[name]).format(**fields) for name in names]
    head, rest = clauses[0], clauses[1:]
    rest += [_drawn(rng, detail) for detail in rng.sample(wording.NOISE[segment], rng.choice((1, 2, 2, 3)))]
    rng.shuffle(rest)
    if layout == "line":
        return capital("; ".join([head, *rest])).removesuffix(".") + "."
    if layout == "list":
        return "\n".join(f"— {clause}" for clause in [head, *rest])
    return " ".join(capital(clause).removesuffix(".") + "." for clause in [head, *rest])


def _drawn(rng: random.Random, detail: str) -> str:
    return re.sub(r"\{(\d+)-(\d+)\}", lambda match: str(rng.randint(int(match[1]), int(match[2]))), detail)


def capital(text: str) -> str:
    """The text with its first letter raised."""
    return text[:1].upper() + text[1:]


def answer(rng: random.Random, wording: ModuleType, inputs: rubric.Inputs, fields: Fields, segment: str) -> str:
    """One reference answer: the deciding signs with their figures, what speaks on the other side, advice, terms."""
    found = rubric.signs(inputs)
    verdict, reasons = rubric.level(found), rubric.deciding(found)[:2]
    texts = fields | ratios(inputs, fields["space"])
    other = _other_side(
        rng, inputs, texts, verdict, pledged=bool(fields.get("value") or (inputs["coverage"] or 0) >= 150)
    )
    said = [rng.choice(wording.FACTS[name]).format(**texts) for name in [*reasons, *other]]
    tables = dict.fromkeys(ADVICE_FOR[name] for name in reasons) or {"none": None}
    advice = [rng.choice(wording.ADVICE[table]) for table in tables]
    terms = rng.choice(wording.TERMS[f"{segment}_{verdict}"]).format(**texts)
    return "\n".join(
        (
            "Анализ: " + " ".join(capital(clause).removesuffix(".") + "." for clause in said),
            "Рекомендации: " + "; ".join(advice) + ".",
            "Условия: " + terms.removesuffix(".") + ".",
            f"Уровень риска: {verdict}",
        )
    )


def _other_side(rng: random.Random, inputs: rubric.Inputs, texts: Fields, verdict: str, *, pledged: bool) -> list[str]:
    """One strength beside a risk (two where there is none), or that a pledge does not outweigh it."""
    found = " ".join(rubric.signs(inputs))
    if verdict == "высокий" and pledged and "startup" not in found and rng.random() < 0.6:
        return ["pledge_not_enough"]
    strengths = [f"{name}_ok" for name in ("pdn", "dscr", "leverage") if name in texts and name not in found]
    if inputs["overdue_days"] is not None and "overdue" not in found:
        strengths.append("overdue_technical" if inputs["overdue_days"] else "overdue_none")
    return rng.sample(strengths, min(len(strengths), 2 if verdict == "низкий" else 1))
