"""Numbers as a reader of Russian or English expects them. Everything that a page prints is formatted here."""

from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from benchmark.comparing.comparison import Delta

LANGUAGES = ("ru", "en")
NBSP = "\u00a0"
MINUS = "\u2212"
DASH = "—"
_SUPERSCRIPTS = str.maketrans("0123456789\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_MEBIBYTE = 1 << 20
_SIZES = ((1e9, "B"), (1e6, "M"), (1e3, "K"))
_UNITS = {
    "ru": {
        "pp": "п.п.",
        "h": "ч",
        "min": "мин",
        "s": "с",
        "MiB": "МиБ",
        "GiB": "ГиБ",
        "K": "тыс.",
        "M": "млн",
        "B": "млрд",
    },
    "en": {"pp": "pp", "h": "h", "min": "min", "s": "s", "MiB": "MiB", "GiB": "GiB", "K": "K", "M": "M", "B": "B"},
}


class Numbers:
    """Formats numbers in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.locale = Locale.parse(lang)
        self.units = _UNITS[lang]

    def decimal(self, value: float, digits: int, *, signed: bool = False) -> str:
        """A number with a fixed count of decimals, grouped, with a true minus."""
        rounded = round(value, digits) + 0.0  # no "−0,0"
        text = str(format_decimal(abs(rounded), "#,##0" + ("." + "0" * digits if digits else ""), self.locale))
        sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
        return sign + text

    def integer(self, value: float | None) -> str:
        """A count."""
        return DASH if value is None else self.decimal(value, 0)

    def percent(self, value: float | None) -> str:
        """A share: `12,3 %` in Russian, `12.3%` in English."""
        if value is None:
            return DASH
        # Babel's own Russian pattern for one decimal drops the no-break space.
        pattern = "#,##0.0\u00a0%" if self.lang == "ru" else "#,##0.0%"
        return str(format_percent(round(value, 9) + 0.0, pattern, self.locale)).replace("-", MINUS)

    def points(self, value: float | None, *, unit: bool = True) -> str:
        """A difference of shares: `+1,2 п.п.`."""
        if value is None:
            return DASH
        return self.decimal(100 * value, 1, signed=True) + (f"{NBSP}{self.units['pp']}" if unit else "")

    def width(self, value: float | None) -> str:
        """A size without a sign, in points."""
        return DASH if value is None else f"{self.decimal(100 * value, 1)}{NBSP}{self.units['pp']}"

    def significant(self, value: float | None, *, signed: bool = False) -> str:
        """A number on no known scale, with about four significant digits."""
        if value is None:
            return DASH
        size = abs(value)
        if size and not 1e-3 <= size < 1e6:
            return self._scientific(value, signed=signed)
        digits = 1 if size >= 100 else 2 if size >= 10 else 3
        return self.decimal(value, digits, signed=signed)

    def _scientific(self, value: float, *, signed: bool) -> str:
        mantissa, _, power = f"{value:.2e}".partition("e")
        exponent = str(int(power)).replace("-", MINUS).translate(_SUPERSCRIPTS)
        return f"{self.decimal(float(mantissa), 2, signed=signed)}{NBSP}·{NBSP}10{exponent}"

    def level(self, delta: Delta, value: float | None) -> str:
        """A metric's value."""
        return self.percent(value) if delta.share else self.significant(value)

    def change(self, delta: Delta, value: float | None, *, unit: bool = True) -> str:
        """A metric's difference."""
        return self.points(value, unit=unit) if delta.share else self.significant(value, signed=True)

    def interval(self, delta: Delta) -> str:
        """The interval of a difference, without its unit."""
        if delta.ci_low is None or delta.ci_high is None:
            return DASH
        return f"[{self.change(delta, delta.ci_low, unit=False)}; {self.change(delta, delta.ci_high, unit=False)}]"

    def range(self, low: float, high: float, *, share: bool = True) -> str:
        """The interval of a level, without its unit: `46,6–51,2`."""
        ends = [self.decimal(100 * end, 1) if share else self.significant(end) for end in (low, high)]
        return "–".join(ends)

    def p_value(self, value: float | None) -> str:
        """A p-value to three decimals."""
        if value is None:
            return DASH
        return f"<{NBSP}{self.decimal(0.001, 3)}" if value < 0.001 else self.decimal(value, 3)

    def plain(self, value: float) -> str:
        """A setting such as α, with as many decimals as it needs."""
        return str(format_decimal(value, "0.####", self.locale))

    def margin(self, value: float) -> str:
        """A margin of equivalence in points, without needless decimals: `1 п.п.`."""
        return f"{self.plain(100 * value)}{NBSP}{self.units['pp']}"

    def date(self, iso: str) -> str:
        """`15 января 2026 г.`; text that is no date stays as it is."""
        try:
            return str(format_date(date.fromisoformat(iso), "long", self.locale)).replace("\u202f", NBSP)
        except ValueError:
            return iso

    def day(self, iso: str) -> str:
        """`15.01.2026`, in English `2026-01-15`; text that is no date stays as it is."""
        try:
            found = date.fromisoformat(iso)
        except ValueError:
            return iso
        return found.strftime("%d.%m.%Y") if self.lang == "ru" else iso

    def duration(self, seconds: float | None) -> str:
        """`1 ч 20 мин`, `3 мин 5 с`, `12,3 с`."""
        if seconds is None:
            return DASH
        if seconds < 60:
            return f"{self.decimal(seconds, 1)}{NBSP}{self.units['s']}"
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return f"{self.integer(hours)}{NBSP}{self.units['h']} {minutes}{NBSP}{self.units['min']}"
        return f"{minutes}{NBSP}{self.units['min']} {rest}{NBSP}{self.units['s']}"

    def memory(self, size: float | None) -> str:
        """A size in memory."""
        if size is None:
            return DASH
        mebibytes = size / _MEBIBYTE
        if mebibytes < 1024:
            return f"{self.integer(mebibytes)}{NBSP}{self.units['MiB']}"
        return f"{self.decimal(mebibytes / 1024, 1)}{NBSP}{self.units['GiB']}"

    def parameters(self, count: float | None) -> str:
        """A model's size: `7,2 млрд`, `268 млн`, `1,4 млн`, `300 тыс.`, `512`."""
        if count is None:
            return DASH
        for size, unit in _SIZES:
            if count >= 0.9995 * size:  # 999 999 are a million, not a thousand thousand
                digits = 1 if unit == "B" or count < 9.95 * size else 0
                return f"{self.decimal(count / size, digits)}{NBSP}{self.units[unit]}"
        return self.integer(count)
