"""ROUGE over Russian lemmas: rouge-score's values to the last bit, on texts that rouge-score alone cannot read."""

import random
import time
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from tasks.dataset import read_split
from tasks.scoring.lemma import lemma
from tasks.scoring.rouge import MAX_TOKENS, ROUGE_TYPES, LemmaTokenizer, lemmas, rouge

WORDS = [
    "выручка", "выручки", "выросла", "на", "12,5%", "12.5", "1 250", "1\u00a0250,50", "1250.5", "млн", "руб.", "заём", "займа",
    "заемщик", "ПДН", "ROE", "EBITDA", "чистый", "долг/EBITDA", "2023", "2023 г.", "M&A", "м²", "из-за", "«Вектор»", "—", "\n",
    "Ключевая", "ставка", "ставкой", "٣", "\ud800", "", "_",
]  # fmt: skip
texts = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=40).map(" ".join)
scorer = RougeScorer(list(ROUGE_TYPES), tokenizer=LemmaTokenizer())


@settings(deadline=None, max_examples=300)
@given(texts, texts)
def test_equals_rouge_score_under_the_same_tokenizer(prediction, reference):
    expected = scorer.score(reference, prediction)
    assert rouge(prediction, reference) == {name: expected[name].fmeasure for name in ROUGE_TYPES}


@settings(deadline=None)
@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_the_best_reference_counts_for_each_value(prediction, references):
    expected = scorer.score_multi(references, prediction)
    assert rouge(prediction, references) == {name: expected[name].fmeasure for name in ROUGE_TYPES}


def test_each_value_may_have_its_own_best_reference():
    scores = rouge("рост выручки и прибыли", ["прибыли и выручки рост", "рост выручки"])
    assert scores["rouge1"] == 1
    assert scores["rougeL"] == rouge("рост выручки и прибыли", "рост выручки")["rougeL"] < 1


def test_no_reference_is_nought():
    assert rouge("рост", []) == dict.fromkeys(ROUGE_TYPES, 0.0)


def test_identical_russian_texts_score_one_where_the_stock_tokenizer_gives_nought():
    text = "Выручка компании выросла на двенадцать процентов, чистый долг снизился."
    assert rouge(text, text) == dict.fromkeys(ROUGE_TYPES, 1.0)
    assert RougeScorer(["rouge1"]).score(text, text)["rouge1"].fmeasure == 0


def test_a_shared_year_is_not_a_perfect_match():
    one, other = "В 2023 году банк нарастил капитал.", "Застройщик в 2023 году сорвал сроки."
    assert RougeScorer(["rouge1"]).score(one, other)["rouge1"].fmeasure == 1
    assert 0 < rouge(one, other)["rouge1"] < 0.6


def test_word_forms_and_order():
    scores = rouge("выручкой компаний", "компания, выручка")
    assert scores == {"rouge1": 1.0, "rouge2": 0.0, "rougeL": 0.5}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12,5", "12.5"),
        ("12,50", "12.5"),
        ("12,0", "12"),
        ("1 250", "1250"),
        ("1\u00a0250,50", "1250.5"),
        ("1\u202f250\u202f000 рублей", "1250000 рубль"),
        ("ЗАЁМ", "займа"),
        ("учёт", "учет"),
    ],
)
def test_one_token_however_it_is_written(one, other):
    assert lemmas(one) == lemmas(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("12,5", "125"), ("12,5", "1,25"), ("0,5", "5"), ("1 25", "125"), ("2023 850", "2023850"), ("100", "10"), ("1,05", "1,5")],
)  # fmt: skip
def test_different_numbers_stay_different(one, other):
    assert lemmas(one) != lemmas(other)


def test_yo_is_unified_after_lemmatizing():
    assert lemmas("Заём, учёт, ещё") == ["заем", "учет", "еще"]
    assert lemma("заем") != lemma("заём"), "before lemmatizing, «заем» is a form of «заесть»"


def test_tokens():
    assert lemmas("Н1.0 выше, долг/EBITDA = 2,3x; из-за M&A на 5 м²") == [
        "н", "1", "выше", "долг", "ebitda", "2.3", "x", "из-за", "m", "a", "на", "5", "м²",
    ]  # fmt: skip


def test_only_the_first_tokens_are_scored():
    head, tail = "рост " * MAX_TOKENS, "спад " * 500
    assert rouge(head + tail, head) == dict.fromkeys(ROUGE_TYPES, 1.0)
    assert rouge("спад " + head, tail)["rouge1"] > 0


@pytest.mark.parametrize("family", ["calculation", "credit_risk", "esg_risk", "market_trends", "statement_analysis"])
def test_no_reference_is_cut(family):
    assert max(len(lemmas(text)) for item in read_split(family, "test") for text in item["references"]) < MAX_TOKENS / 4


def test_overlong_words_are_left_as_they_are():
    assert lemma("ё-" * 100) == "е-" * 100


def test_letters_without_a_name_are_left_as_they_are():
    """pymorphy3 raises on them."""
    assert lemmas("рост \U00017000 а\U00017000") == ["рост", "\U00017000", "а\U00017000"]


def test_latin_and_mixed_words():
    assert lemmas("IT-компаний, EBITDA, Сбер-банком") == ["it-компания", "ebitda", "сбер-банк"]


def nonsense(seed):
    source = random.Random(seed)
    return " ".join("".join(source.choices("абвгдежзиклмнопрстуя-", k=source.randint(2, 60))) for _ in range(6_500))


HOSTILE = {
    "letters": "а" * 200_000,
    "hyphens": "а-" * 100_000,
    "one word": "рост " * 40_000,
    "nonsense": nonsense(1),
    "short nonsense": nonsense(2).replace("-", " "),
    "digits": "9" * 200_000,
    "groups": "999 " * 50_000,
    "separators": "1," * 100_000,
    "spaces": " " * 200_000,
    "surrogates": "\ud800\udfff" * 100_000,
    "dotted I": "İ" * 200_000,
    "marks": "е\u0301" * 100_000,
    "nulls": "\x00" * 200_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_scored_quickly(text):
    lemma("слово")  # the dictionaries load once
    started = time.process_time()
    scores = rouge(text[:200_000], "Выручка выросла на 5%.")
    assert time.process_time() - started < 0.5
    assert all(0 <= value <= 1 for value in scores.values())


def test_lemmas_join_the_forms_of_financial_words():
    lines = (Path(__file__).parents[1] / "performance" / "word_forms.txt").read_text(encoding="utf-8").splitlines()
    groups = [[lemma(form) for form in line.split()] for line in lines if line and not line.startswith("#")]
    pairs = [one == two for group in groups for one, two in combinations(group, 2)]
    assert len(groups) >= 40
    assert sum(pairs) / len(pairs) > 0.95
    assert all(set(one).isdisjoint(two) for one, two in combinations(groups, 2)), "no two words become one"
