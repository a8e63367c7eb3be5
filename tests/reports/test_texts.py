"""Words, numbers, cells and axes of the pages, by themselves."""

import json
import re
from pathlib import Path

import pytest
import yaml

from benchmark.visible import visible
from reports import page, texts
from reports.charts import Scale, difference_scale
from reports.numbers import LANGUAGES, NBSP, Numbers
from reports.tables import cell

ROOT = Path(__file__).parents[2]


def test_both_languages_have_the_same_keys():
    ru, en = (texts.Texts(lang).entries for lang in ("ru", "en"))
    assert ru.keys() == en.keys()
    for key in ru:
        fields = [set(re.findall(r"\{(\w+)\}", yaml.safe_dump(entry[key], allow_unicode=True))) for entry in (ru, en)]
        assert fields[0] == fields[1], key


def test_russian_plurals():
    t = texts.Texts("ru")
    assert [t("sentence.of", n=n) for n in (1, 2, 5, 21)] == ["из 1 задачи", "из 2 задач", "из 5 задач", "из 21 задачи"]
    assert [t("board.systems", n=n) for n in (1, 3, 11)] == ["1 система", "3 системы", "11 систем"]
    one, many = (t("samples.shortened", n=n, count=str(n), limit="60") for n in (1, 21))
    assert one.startswith("Один длинный текст") and many.startswith("Показана только часть 21 длинного текста")


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("data", sorted(ROOT.glob("tasks/*/data/test.jsonl")), ids=lambda path: path.parts[-3])
def test_every_part_of_the_test_data_has_a_name(data, lang):
    t = texts.Texts(lang)
    items = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    parts = {(dimension, item[dimension]) for item in items for dimension in ("topic", "difficulty", "slice")}
    assert not [part for part in sorted(parts) if not t.has(".".join(part))]


def test_numbers_as_each_language_writes_them():
    ru, en = Numbers("ru"), Numbers("en")
    assert ru.percent(0.1234) == "12,3\u00a0%" and en.percent(0.1234) == "12.3%"
    assert ru.points(-0.0561) == "\u22125,6\u00a0п.п." and en.points(0.0561) == "+5.6\u00a0pp"
    assert (
        ru.significant(2.8758e18) == "2,88\u00a0·\u00a010¹⁸"
        and en.significant(-4e-5, signed=True) == "\u22124.00\u00a0·\u00a010⁻⁵"
    )
    assert ru.significant(0.0) == "0,000" and ru.significant(999_999.0) == "999\u00a0999,0"
    assert ru.points(-0.9876) == "\u221298,8\u00a0п.п." and ru.width(0.98765) == "98,8\u00a0п.п."
    assert ru.points(-0.0001) == "0,0\u00a0п.п."
    assert ru.integer(1234567) == "1\u00a0234\u00a0567" and en.integer(1234567) == "1,234,567"
    assert ru.p_value(0.0001) == "<\u00a00,001" and ru.p_value(0.0312) == "0,031"
    assert ru.duration(3725) == "1\u00a0ч 2\u00a0мин" and en.duration(12.34) == "12.3\u00a0s"
    assert ru.memory(3 * 2**30) == "3,0\u00a0ГиБ"
    assert ru.date("2026-01-15") == "15 января 2026\u00a0г." and ru.date("?") == "?"


@pytest.mark.parametrize(
    ("count", "ru", "en"),
    [
        (70.6e9, "70,6 млрд", "70.6 B"),
        (999_999_999, "1,0 млрд", "1.0 B"),
        (268_098_176, "268 млн", "268 M"),
        (1_449_000, "1,4 млн", "1.4 M"),
        (999_600, "1,0 млн", "1.0 M"),
        (300_000, "300 тыс.", "300 K"),
        (1_290, "1,3 тыс.", "1.3 K"),
        (512, "512", "512"),
        (0, "0", "0"),
        (None, "—", "—"),
    ],
)
def test_no_model_is_so_small_that_its_size_is_nought(count, ru, en):
    assert [Numbers(lang).parameters(count).replace(NBSP, " ") for lang in LANGUAGES] == [ru, en]


def test_hidden_characters_become_visible():
    assert visible("a\u202eb\x00c\ud800\u200b") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+D800⟩⟨U+200B⟩"
    assert visible("строка\n\tвторая − 5 %\u00a0") == "строка\n\tвторая − 5 %\u00a0"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), (-0.5, -0.5), ("имя", "имя"), (None, ""), (True, True)],
)
def test_spreadsheets_run_nothing(value, expected):
    assert cell(value) == expected


def test_inert_json_cannot_end_its_element():
    assert "<" not in page.inert_json({"a": "</script><!--", "b": "\ud800\u2028"})


def test_scales_place_and_tick():
    scale = Scale(-0.1, 0.3, 0, 400)
    assert scale.x(0.0) == 100
    assert scale.ticks(4) == [-0.1, 0.0, 0.1, 0.2, 0.3]
    steps = Scale(1, 15, 0, 100)
    assert steps.ticks(6, whole=True) == [5, 10, 15] and steps.ticks(6)[0] == 2.5
    assert Scale(1, 3, 0, 100).ticks(6, whole=True) == [1, 2, 3]
    wide = difference_scale([0.2], 0.01, 0, 100)
    assert wide.low < -0.01 and wide.high > 0.2
