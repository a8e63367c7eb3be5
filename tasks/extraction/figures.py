"""Figures as press releases print them: with a scale that suits them, and now and then in words."""

from decimal import ROUND_HALF_UP, Decimal

from tasks.authoring.russian import NBSP, number

_SCALES = {
    "трлн руб.": Decimal(10**6),
    "млрд руб.": Decimal(1000),
    "млн руб.": Decimal(1),
    "тыс. руб.": Decimal("0.001"),
}
"""Unit -> how many million roubles it is."""

_TENS = ("", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто")
_ONES = (
    "ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
    "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать",
    "девятнадцать",
)  # fmt: skip
_NOUNS = {
    "млрд руб.": ("миллиард", "миллиарда", "миллиардов"),
    "млн руб.": ("миллион", "миллиона", "миллионов"),
    "%": ("процент", "процента", "процентов"),
}


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Half up, as accountants round."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def in_unit(millions: Decimal, unit: str) -> Decimal:
    """Million roubles in another unit, with as many decimals as issuers print."""
    value = millions / _SCALES[unit]
    size = abs(value)
    if unit == "тыс. руб.":
        return rounded(value, 0)
    if unit == "трлн руб.":
        return rounded(value, 2)
    return rounded(value, 0 if size >= 1000 else 1 if size >= 10 else 2)


def unit_for(millions: Decimal) -> str:
    """The unit a newsroom would choose."""
    size = abs(millions)
    return "трлн руб." if size >= 1_500_000 else "млрд руб." if size >= 1_000 else "млн руб."


def amount(value: Decimal, unit: str, rouble: str = "руб.", minus: str = "\u2212") -> str:
    """«12,4 млрд руб.»; «21,3%»; «1,8x» as the unit wants it. `rouble` is how this document writes roubles."""
    digits = number(value, minus=minus)
    if unit == "%":
        return f"{digits}%"
    if unit == "раз":
        return f"{digits}x"
    return f"{digits}{NBSP}{unit.replace('руб.', rouble)}"


def in_words(value: Decimal, unit: str) -> str:
    """«двенадцать миллиардов рублей», «полтора миллиарда рублей», «два с половиной процента»; "" where nobody would."""
    nouns = _NOUNS.get(unit)
    if nouns is None or not 0 < value < 100 or (value * 2) % 1 != 0:
        return ""
    one, few, many = nouns
    tail = "" if unit == "%" else " рублей"
    if value == Decimal("0.5"):
        return "" if unit == "%" else f"пол{one}а{tail}"
    if value == Decimal("1.5"):
        return f"полтора {few}{tail}"
    whole = int(value)
    last = whole % 10
    form = many if 11 <= whole <= 19 or last == 0 or last >= 5 else one if last == 1 else few
    if value == whole:
        return f"{_count(whole)} {form}{tail}"
    # «пять с половиной миллионов»; nobody writes «двадцать один с половиной».
    return "" if form == one else f"{_count(whole)} с половиной {form}{tail}"


def _count(value: int) -> str:
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return f"{_TENS[tens]} {_ONES[ones]}" if ones else _TENS[tens]
