"""How market trends compute an effect: each case's formula against a second derivation, the rubric, the formula language."""

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from tasks.market_trends import macro, rubric
from tasks.market_trends.cases import CASES
from tasks.market_trends.verify import figures


# Each participant's result at the start and at the end, written down from the description in words and not from the
# case's formula: two derivations of one effect must agree.
def _bank(f):
    margin = f["nim"]
    return margin, margin + (f["a"] / 100 - f["l"] / 100) * (f["key1"] - f["key0"])


def _leasing(f):
    interest = lambda key: f["L"] * f["a"] / 100 * key / 100 - f["D"] * f["l"] / 100 * key / 100  # noqa: E731
    return f["P"], f["P"] + interest(f["key1"]) - interest(f["key0"])


def _escrow(f):
    def cost(cover, key):
        return f["D"] * (cover / 100 * f["s"] / 100 + (1 - cover / 100) * (key + f["m"]) / 100)

    return f["P"], f["P"] - cost(f["c1"], f["key1"]) + cost(f["c0"], f["key0"])


def _borrower(f):
    return f["P"], f["P"] + f["C"] * (f["key1"] - f["key0"]) / 100 - f["F"] * (f["key1"] - f["key0"]) / 100


def _bonds(f):
    fixed = f["q"]
    return Fraction(100), 100 - fixed + fixed * (1 - f["dur"] * (f["ofz1"] - f["ofz0"]) / 100)


def _broker(f):
    start = f["B"] * f["key0"] / 100 + f["K"]
    return f["P"], f["P"] - start + f["B"] * f["key1"] / 100 + f["K"] * (1 + f["t"] / 100)


def _insurer(f):
    invested = f["C"] * f["q"] / 100
    gain = invested * (f["key1"] - f["key0"]) / 100
    return f["P"], f["P"] + gain + f["S"] * f["p"] / 100 - f["V"] * f["g"] / 100


def _mortgage(f):
    rest = 100 - f["qs"] - f["qm"]
    subsidised = f["qs"] * (1 + f["v"] / 100)
    market = f["qm"] * (1 - f["e"] / 100 * (f["key1"] - f["key0"]))
    return Fraction(100), 100 + f["lev"] * (rest + subsidised + market - 100)


def _exporter(f):
    now = f["usd1"] / f["usd0"]
    return f["P"], f["P"] + f["E"] * now - f["E"] - (f["C"] * now - f["C"]) - (f["D"] * now - f["D"])


def _importer(f):
    dearer = f["I"] * f["cny1"] / f["cny0"] - f["I"]
    return f["P"], f["P"] - dearer + dearer * f["t"] / 100


def _airline(f):
    now = f["usd1"] / f["usd0"]
    return f["P"], f["P"] + f["R"] * now - f["R"] - f["A"] * now + f["A"] - f["F"] * f["j"] / 100


def _pharma(f):
    return f["P"], f["P"] + f["V"] * f["g"] / 100 - f["I"] * f["cny1"] / f["cny0"] + f["I"]


def _assembler(f):
    return f["P"], f["P"] + f["S"] * f["p"] / 100 - f["K"] * f["d1"] / 100 + f["K"] * f["d0"] / 100


def _oil(f):
    before, after = (f["brent0"] - f["disc0"]) * f["usd0"], (f["brent1"] - f["disc1"]) * f["usd1"]
    return Fraction(100), 100 + f["lev"] * 100 * (after - before) / before


def _coal(f):
    tonnes = f["E"] / f["coal0"] / f["usd0"]
    return f["P"], f["P"] - f["E"] + tonnes * f["coal1"] * f["usd1"] - f["T"] * f["g"] / 100


def _grain(f):
    def margin(price, cost):
        return price - Fraction(7, 10) * (price - f["base"]) - cost

    return margin(f["grain0"] * f["usd0"], f["k0"]), margin(f["grain1"] * f["usd1"], f["k1"])


def _gold(f):
    ounces = f["G"] / f["gold0"] / f["usd0"] * (1 - f["h"] / 100)
    gain = ounces * (f["gold1"] * f["usd1"] - f["gold0"] * f["usd0"])
    return f["P"], f["P"] + gain - f["K"] * f["g"] / 100


def _refiner(f):
    paid = f["Z"] if f["g"] <= f["T"] else 0
    return f["P"], f["P"] + f["V"] * f["g"] / 100 - f["K"] * f["q"] / 100 - f["Z"] + paid


def _grocer(f):
    return f["P"], f["P"] + (f["S"] * f["infl1"] - f["C"] * f["s"] - f["W"] * f["wage1"]) / 100


def _it(f):
    return f["P"], f["P"] + f["S"] * f["z"] / 100 - f["W"] * f["wage1"] / 100


def _utility(f):
    return f["P"], f["P"] + f["S"] * f["tar"] / 100 - f["F"] * f["gf"] / 100 - f["W"] * f["wage1"] / 100


def _roads(f):
    borne = f["K"] * f["g"] / 100 * (1 - f["cmp"] / 100)
    return f["P"], f["P"] + f["G"] * f["v"] / 100 * f["mg"] / 100 - borne


def _stations(f):
    return f["P"], f["P"] + f["S"] * f["infl1"] / 100 - f["C"] * f["w"] / 100


RESULTS = {
    "bank": _bank, "leasing": _leasing, "developer_escrow": _escrow, "debt_and_cash": _borrower,
    "bond_portfolio": _bonds, "broker": _broker, "insurer": _insurer, "housing_sales": _mortgage,
    "exporter": _exporter, "importer": _importer, "airline": _airline, "pharma": _pharma, "import_duty": _assembler,
    "oil": _oil, "coal": _coal, "grain": _grain, "gold": _gold, "refiner_damper": _refiner, "food_retail": _grocer,
    "it_services": _it, "regulated_tariff": _utility, "budget_contractor": _roads, "fuel_stations": _stations,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.topic)
def test_a_case_formula_agrees_with_its_result_before_and_after(case):
    rng = random.Random(7)
    agreed = 0
    while agreed < 5:
        economy = macro.values(macro.draw(rng))
        drawn = economy | {name: kind.draw(rng, Decimal(1)) for name, kind in case.figures.items()}
        if not case.possible(drawn):
            continue
        exact = {name: Fraction(value) for name, value in drawn.items()}
        before, after = RESULTS[case.topic](exact)
        written = case.formula.format(**{name: f"({value:f})" for name, value in drawn.items()})
        assert rubric.evaluate(written) == (after - before) / before * 100
        agreed += 1


@pytest.mark.parametrize(
    ("effect", "expected"),
    [("0", "нейтрально"), ("1", "нейтрально"), ("-1", "нейтрально"), ("2", None), ("-3.9", None), ("4", "позитивно"), ("-4", "негативно")],
)  # fmt: skip
def test_borderline_effects_have_no_direction(effect, expected):
    assert rubric.direction(Fraction(effect)) == expected


@pytest.mark.parametrize("formula", ["", "x", "2**9", "f(1)", "1 if 1 else 2", "'1'", "True", "1;2", "[1]", "\0"])
def test_a_formula_is_arithmetic_only(formula):
    with pytest.raises(ValueError, match="formula"):
        rubric.evaluate(formula)


def test_formulas_are_exact_and_figures_are_read_as_printed():
    assert rubric.evaluate("(7.1-7)*10") == 1
    assert figures("1 250,5 млн, −3% и 2025 г.") == {Fraction("1250.5"), Fraction(3), Fraction(2025)}
