"""Market trends: the data, the rubric behind it and the grader."""

import copy
import random
import re
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
import yaml

from tasks import ROOT
from tasks.dataset import SPLITS, read_split
from tasks.items import jsonl, read_jsonl, validate
from tasks.market_trends import generator, macro, rubric
from tasks.market_trends.cases import CASES, HISTORICAL
from tasks.market_trends.key_rate import INFLATION, KEY_RATE, periods
from tasks.market_trends.task import process_results, read
from tasks.market_trends.verify import figures, verify
from tasks.scoring.aggregate import macro_f1_pooled

FOLDER = ROOT / "market_trends"


@pytest.fixture(scope="module")
def splits():
    return {split: read_split("market_trends", split) for split in SPLITS}


@pytest.fixture(scope="module")
def built():
    return generator.build()


def sample(items, size, seed=1):
    return random.Random(seed).sample(items, size)


def lines(items):
    return [line for item in items for line in item["gold"]["directions"]]


# --- the data ---------------------------------------------------------------------------------------------------------


def test_the_files_are_what_the_generator_builds(built):
    for split in SPLITS:
        stored = (FOLDER / "data" / f"{split}.jsonl").read_text(encoding="utf-8")
        assert stored == jsonl(item.model_dump() for item in built[split])


def test_sizes_ids_and_schema(splits):
    for split, least in (("train", 800), ("validation", 60), ("test", 200)):
        rows = [{key: value for key, value in item.items() if key != "floor_reference"} for item in splits[split]]
        assert len(validate(rows, split)) >= least
        assert all(item["gold"].keys() == {"directions", "changes"} for item in rows)
    ids = [item["id"] for split in SPLITS for item in splits[split]]
    assert len(ids) == len(set(ids))
    handwritten = [item for item in splits["test"] if item["slice"] == "handwritten"]
    assert len(handwritten) >= 25
    assert len({item["template_id"] for item in handwritten}) == len(handwritten)


def test_no_direction_is_rare_or_dominant_overall_or_among_handwritten_items(splits):
    handwritten = [item for item in splits["test"] if item["slice"] == "handwritten"]
    for items in (*splits.values(), handwritten):
        counts = Counter(line["direction"] for line in lines(items))
        assert all(0.2 <= counts[label] / counts.total() <= 0.5 for label in rubric.DIRECTIONS)


def test_no_sector_has_a_constant_direction(splits):
    seen = defaultdict(Counter)
    for line in lines(splits["train"]):
        seen[line["sector"]][line["direction"]] += 1
    frequent = {sector: counts for sector, counts in seen.items() if counts.total() >= 20}
    assert len(frequent) > 20
    for counts in frequent.values():
        assert len(counts) == 3
        assert max(counts.values()) / counts.total() < 0.75


def masked(text):
    return re.sub(r"«\w+»", "«»", re.sub(r"\d+(?:[.,]\d+)?", "0", text))


def test_splits_share_no_template_prompt_company_or_reference_sentence(splits):
    kinds = {
        "template": lambda item: {item["template_id"]},
        "prompt": lambda item: {masked(item["instruction"])},
        "company": lambda item: set(re.findall(r"«(\w+)» \(", item["instruction"])),
        "reference": lambda item: {masked(reference.split("\n")[-1]) for reference in item["references"]},
    }
    for kind in kinds.values():
        sets = [set().union(*map(kind, splits[split])) for split in SPLITS]
        assert all(not one & other for one in sets for other in sets if one is not other)


def test_wordings_of_the_splits_do_not_overlap():
    for case in CASES:
        for wordings in (case.about, case.because):
            texts = [text for split in SPLITS for text in wordings[split]]
            assert len(texts) == len(set(texts))
        assert len(case.because["train"]) >= 3
        assert len(case.because["test"]) >= 3


def test_real_key_rates_are_quoted_with_their_dates():
    assert list(KEY_RATE) == sorted(KEY_RATE)
    assert all(end > start for start, end in periods())
    assert {day.year for day in KEY_RATE} >= set(INFLATION) - {2016, 2017}
    assert all("ofz" not in case.uses for case in HISTORICAL)


# --- gold -------------------------------------------------------------------------------------------------------------


def test_every_test_item_verifies(splits):
    assert {item["id"]: problems for item in splits["test"] if (problems := verify(item))} == {}


def spoiled(item, change):
    mutant = copy.deepcopy(item)
    change(mutant)
    return verify(mutant)


def test_verify_can_fail(splits):
    item = splits["test"][0]
    first = item["gold"]["directions"][0]

    def flip(mutant):
        other = rubric.NEGATIVE if first["direction"] != rubric.NEGATIVE else rubric.POSITIVE
        mutant["gold"]["directions"][0]["direction"] = other

    assert spoiled(item, flip)
    assert spoiled(item, lambda mutant: mutant["gold"]["directions"][0].update(formula=first["formula"] + "*0+1.5"))
    assert spoiled(item, lambda mutant: mutant["gold"]["directions"][0].update(formula="__import__('os')"))
    assert spoiled(item, lambda mutant: mutant["gold"]["directions"][0].update(formula="1/0"))
    assert spoiled(item, lambda mutant: mutant.update(instruction="Ничего"))
    assert spoiled(item, lambda mutant: mutant.update(references=[item["output"]]))


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


# --- the grader -------------------------------------------------------------------------------------------------------


def test_references_score_one_and_support_their_figures(splits):
    for item in splits["test"] + sample(splits["train"], 40):
        metrics = process_results(item, [item["output"]])
        assert metrics["score"] == metrics["all_correct"] == metrics["outcome_correct"] == 1, item["id"]
        assert metrics["unsupported_numbers"] == 0, item["id"]


def test_free_answers_score_one(splits):
    items = {item["id"]: item for item in splits["test"]}
    answers = read_jsonl(FOLDER / "free_answers.jsonl")
    assert len(answers) >= 20
    scores = {answer["id"]: process_results(items[answer["id"]], [answer["answer"]])["score"] for answer in answers}
    assert set(scores.values()) == {1.0}, scores


def test_a_neighbours_answer_scores_low(splits):
    items = sample(splits["test"], 40)
    scores = [process_results(item, [item["floor_reference"]])["score"] for item in items]
    assert sum(scores) / len(scores) < 0.1


def test_the_rule_of_thumb_fails(built):
    misses = sum(item.difficulty == "hard" for item in built["test"])
    assert misses > len(built["test"]) / 2


def constant(item, label):
    return "\n".join(f"{line['sector']}: {label}" for line in item["gold"]["directions"])


@pytest.mark.parametrize("label", rubric.DIRECTIONS)
def test_one_direction_for_everybody_scores_low(splits, label):
    items = sample(splits["test"], 60)
    assert sum(process_results(item, [constant(item, label)])["score"] for item in items) / len(items) < 0.5


@pytest.fixture
def item():
    return {
        "instruction": "Ставка 16 → 19%. Банки: 70% и 48%, маржа 4,5%. «Витимар» (МФО): 20 и 900 млн руб. ИТ-услуги: 5 и 5.",
        "references": ["Банки: позитивно"],
        "floor_reference": "Розница: негативно",
        "gold": {
            "directions": [
                {"sector": "Банки", "direction": "позитивно", "formula": "(70-48)*(19-16)/4.5"},
                {"sector": "Витимар", "direction": "нейтрально", "formula": "-20*(19-16)/900"},
                {"sector": "ИТ-услуги", "direction": "негативно", "formula": "-5*5"},
            ],
            "changes": [],
        },
    }


RIGHT = "Банки: позитивно\nВитимар: нейтрально\nИТ-услуги: негативно\nПрогноз: ставка 19%."


@pytest.mark.parametrize(
    ("answer", "score", "reached"),
    [
        (RIGHT, 1, "correct"),
        (RIGHT + " Банки — переоценивается 70% активов. Витимар — почти ничего.", 1, "correct"),
        (RIGHT.replace("Витимар", "МФО «Витимар»"), 1, "correct"),
        (RIGHT.replace("позитивно", "негативно"), 2 / 3, "partial"),
        (RIGHT.replace("Банки: позитивно\n", ""), 2 / 3, "partial"),
        ("Банки: нейтрально\nВитимар: позитивно\nИТ-услуги: позитивно", 0, "wrong"),
        ("Банки: позитивно или негативно\nВитимар: позитивно или негативно\nИТ-услуги: позитивно или негативно", 0, "hedged"),
        ("Ставка выросла.", 0, "unparsed"),
        ("Я не могу оценить этот сценарий: недостаточно данных.", 0, "refusal"),
        ("", 0, "empty"),
        ("<think>Банки: позитивно", 0, "truncated"),
    ],
)  # fmt: skip
def test_outcomes(item, answer, score, reached):
    metrics = process_results(item, [answer])
    assert metrics["direction_accuracy"] == metrics["score"] == pytest.approx(score)
    assert [name for name, value in metrics.items() if name.startswith("outcome_") and value] == [f"outcome_{reached}"]


def test_invented_figures_are_counted(item):
    assert process_results(item, [RIGHT])["unsupported_numbers"] == 0
    assert process_results(item, [f"{RIGHT} Маржа прибавит 15%, разрыв 22 п.п."])["unsupported_numbers"] == 0
    assert process_results(item, [f"{RIGHT} Прибыль 777 млрд."])["unsupported_numbers"] == 0.5


def test_macro_f1_pools_the_lines_of_all_items(item):
    pairs = process_results(item, [RIGHT])["macro_f1"]
    assert pairs == [["позитивно"] * 2, ["нейтрально"] * 2, ["негативно"] * 2]
    assert macro_f1_pooled([pairs, pairs]) == 1
    assert macro_f1_pooled([pairs, [["позитивно", None]]]) == pytest.approx((2 / 3 + 1 + 1) / 3)


@pytest.mark.parametrize(
    "results",
    [[], [None], [5], [["Банки"]], ["\ud800 Банки: \udfff"], ["Банки: " * 40_000], ["(" * 200_000], ["\n" * 100_000], ["0" * 300_000]],
    ids=range(9),
)  # fmt: skip
def test_hostile_results_never_raise(item, results):
    assert process_results(item, results)["score"] == 0


def test_metrics_and_yaml_agree(item):
    text = (FOLDER / "market_trends.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(re.sub(r"!function ([\w.]+)", r"'\1'", text.replace("{{instruction}}", "")))
    listed = {metric["metric"] for metric in config["metric_list"]}
    assert listed == set(process_results(item, [RIGHT]))
    assert config["metadata"]["headline"] in listed


def test_a_direction_is_read_per_name():
    answer = "Страхование: позитивно\nАвтострахование: негативно"
    assert read(answer, "Страхование").label == "позитивно"
    assert read(answer, "Автострахование").label == "негативно"
