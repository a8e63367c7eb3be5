"""The extraction family: its data, its check, its grading, and what cheap systems make of it."""

import copy
import json
import random
import re
from collections import Counter

import pytest

from tasks.dataset import SPLITS, read_split
from tasks.extraction.metrics import METRICS
from tasks.extraction.task import OUTCOMES, micro_precision, micro_recall, process_results
from tasks.extraction.verify import UNITS, verify
from tasks.extraction.wording_test import WORDING as TEST
from tasks.extraction.wording_train import WORDING as TRAIN
from tasks.extraction.wording_validation import WORDING as VALIDATION
from tasks.scoring.aggregate import micro_f1
from tasks.scoring.row_names import metric_name


@pytest.fixture(scope="module")
def splits():
    return {split: read_split("extraction", split) for split in SPLITS}


def field_f1(items, answers):
    graded = [process_results(item, [answer]) for item, answer in zip(items, answers, strict=True)]
    return micro_f1([result["field_f1"] for result in graded])


def masked(text):
    """A text without company names and figures."""
    return re.sub(r"\d[\d  ,.]*", "#", re.sub(r"«[^»]*»", "@", text))


class TestData:
    def test_splits_share_nothing(self, splits):
        for key in (lambda item: item["template_id"], lambda item: masked(item["instruction"])):
            seen = [set(map(key, splits[split])) for split in SPLITS]
            assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
        companies = [{row["entity"] for item in splits[split] for row in item["gold"]["rows"]} for split in SPLITS]
        assert not (companies[0] & companies[1] or companies[0] & companies[2] or companies[1] & companies[2])

    def test_wordings_share_no_phrase(self):
        def phrases(wording):
            fields = {name: value for name, value in vars(wording).items() if isinstance(value, tuple)}
            return {phrase for name, group in fields.items() for phrase in group if phrase and name != "separators"}

        sets = [phrases(wording) for wording in (TRAIN, VALIDATION, TEST)]
        assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])
        assert len(TRAIN.prompts) >= 20
        assert len(TEST.prompts) >= 10

    def test_documents_vary(self, splits):
        rows = [row for item in splits["test"] for row in item["gold"]["rows"]]
        assert {1, 2, 3, 4, 5, 6} == {len(item["gold"]["rows"]) for item in splits["test"]}
        assert len({row["metric"] for row in rows}) >= 30
        assert set(UNITS) - {row["unit"] for row in rows} <= {"т", "руб."}
        assert {"%", "п.п.", "раз", None} <= {row["change_unit"] for row in rows}
        assert sum(row["change"] is not None and row["change"].startswith("-") for row in rows) > 100
        topics = Counter(item["topic"] for item in splits["test"])
        assert topics["bank"] >= 40
        assert topics["digest"] >= 15

    def test_documents_are_short(self, splits):
        for split in SPLITS:
            assert max(len(item["instruction"]) for item in splits[split]) <= 1_200
            assert max(len(item["output"]) for item in splits[split]) <= 1_200

    def test_typography(self, splits):
        for split in SPLITS:
            for item in splits[split]:
                assert not re.search(
                    r"\.\.(?!\.)(?<!\.\.\.)|\{|  +\S*\}| ,|\bв втор|выроса", item["instruction"].replace("......", "")
                )

    def test_the_generator_names_metrics_that_the_grader_knows(self):
        for metric in METRICS.values():
            for form in filter(None, (metric.nominative, metric.genitive, metric.accusative, metric.short)):
                assert metric_name(form) == metric_name(metric.name)


class TestVerify:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("value", "987654"),
            ("change", "-77.7"),
            ("unit", "трлн руб."),
            ("unit", "млрд"),
            ("period", "2019-H1"),
            ("period", "давно"),
            ("entity", "Северлен"),
            ("metric", "число магазинов"),
        ],
    )
    def test_a_wrong_row_is_reported(self, splits, key, value):
        item = copy.deepcopy(next(item for item in splits["train"] if item["gold"]["rows"][0]["change"]))
        item["gold"]["rows"][0][key] = value
        item["references"] = [json.dumps(item["gold"]["rows"])]
        item["output"] = item["references"][0]
        assert verify(item)

    def test_a_forgotten_row_is_reported(self, splits):
        reported = []
        for item in splits["train"]:
            if len(item["gold"]["rows"]) > 1 and "release" in item["template_id"]:
                shorter = copy.deepcopy(item)
                del shorter["gold"]["rows"][0]
                shorter["references"] = [re.sub(r"\{[^{}]*\},\n", "", item["output"], count=1)]
                shorter["output"] = shorter["references"][0]
                reported.append(bool(verify(shorter)))
        assert sum(reported) / len(reported) > 0.8

    def test_a_value_from_another_column_is_reported(self, splits):
        tables = [item for item in splits["test"] if "-table-" in item["template_id"]]
        for item in tables:
            wrong = copy.deepcopy(item)
            row = wrong["gold"]["rows"][0]
            label = next(
                line
                for line in item["instruction"].split("\n")
                if row["metric"].split()[0].lower() in line.lower() and re.search(r"\d", line)
            )
            others = {text.replace(" ", "").replace(",", ".") for text in re.findall(r"\d[\d ]*(?:,\d+)?", label)}
            row["value"] = sorted(others - {row["value"], row["value"] + ".0", row["value"] + "0"})[0].rstrip(".")
            wrong["references"] = [wrong["output"]]
            assert verify(wrong)

    def test_a_stale_reference_is_reported(self, splits):
        item = copy.deepcopy(splits["test"][0])
        item["references"][1] = splits["test"][1]["output"]
        assert verify(item) == ["a reference differs from the gold"]


class TestGrading:
    def test_a_neighbours_answer_is_wrong(self, splits):
        items = splits["test"]
        assert field_f1(items, [item["output"] for item in items[1:] + items[:1]]) < 0.15

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            ("[]", "wrong"),
            ("Чистая прибыль выросла.", "invalid_json"),
            ("[{", "truncated"),
            ("<think>", "truncated"),
            ("Я не могу ответить на этот вопрос.", "refusal"),
            ("", "empty"),
            (None, "empty"),
            (float("nan"), "empty"),
            ({"metric": "выручка"}, "empty"),
            ("\ud83d" * 100, "invalid_json"),
            ("я" * 2_000_000, "invalid_json"),
            ('[{"metric": {"a": [1]}, "value": {}, "period": 2024, "entity": []}]', "wrong"),
        ],
    )
    def test_outcomes(self, splits, answer, outcome):
        result = process_results(splits["test"][0], [answer])
        assert [name for name in OUTCOMES if result[f"outcome_{name}"]] == [outcome]
        assert result["field_f1"][0] == 0

    def test_some_fields_are_partial(self, splits):
        item = splits["test"][0]
        answer = json.dumps([item["gold"]["rows"][0] | {"period": "1999"}])
        assert process_results(item, [answer])["outcome_partial"] == 1

    def test_pooled_precision_and_recall(self):
        assert micro_precision([[3, 4, 6], [0, 2, 4]]) == 0.5
        assert micro_recall([[3, 4, 6], [0, 2, 4]]) == 0.3
        assert micro_precision([[0, 0, 4]]) == micro_recall([[0, 1, 0]]) == 0


class TestBaselines:
    """Systems without a model; each must stay under 60%."""

    FACT = re.compile(r"(\d[\d\s ]*(?:,\d+)?)[\s ]*((?:млрд|млн|тыс\.)[\s ](?:руб\.?|рублей|₽|т)|%|x|чел\.)")
    CHANGE = re.compile(r"([+−–-]|на )(\d[\d,]*)[\s ]?(%|п\.п\.)")
    NAMES = sorted(METRICS, key=len, reverse=True)

    def extract(self, text):
        """What a few regular expressions and the list of metric names can do."""
        company, year = re.search(r"«([^»]+)»", text), re.search(r"20\d\d", text)
        part = "-9M" if re.search(r"9 мес|9М|сентябре", text) else "-H1" if re.search(r"полугод|6М|июне", text) else ""
        rows = []
        for line in re.split(r"\n|(?<=[.;])\s", text):
            name = next((name for name in self.NAMES if name.lower()[:-1] in line.lower()), None)
            change = self.CHANGE.search(line)
            values = [found for found in self.FACT.finditer(line) if not change or found.start() != change.start(2)]
            if name and values:
                sign = "-" if change and (change[1] in "−–-" or "сни" in line) else ""
                rows.append(
                    {
                        "metric": name,
                        "value": values[0][1],
                        "unit": values[0][2],
                        "period": (year[0] if year else "") + part,
                        "change": change and sign + change[2],
                        "change_unit": change and change[3],
                        "entity": company and company[1],
                    }
                )
        return json.dumps(rows, ensure_ascii=False)

    def test_regular_expressions(self, splits):
        items = splits["test"]
        assert 0.2 < field_f1(items, [self.extract(item["instruction"]) for item in items]) < 0.6

    def test_copying_the_prompt(self, splits):
        items = splits["test"]
        assert field_f1(items, [item["instruction"] for item in items]) == 0

    def test_a_random_training_answer(self, splits):
        rng = random.Random(7)
        items = splits["test"]
        assert field_f1(items, [rng.choice(splits["train"])["output"] for _ in items]) < 0.15
