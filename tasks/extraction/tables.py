"""Tables pasted as text: columns of this and last year, figures in brackets for losses, at times a forecast column."""

from collections.abc import Sequence
from decimal import Decimal

from tasks.authoring.russian import NBSP, number
from tasks.extraction.author import Author, Document, topic
from tasks.extraction.facts import Fact, statement
from tasks.extraction.sentences import Row, row
from tasks.extraction.voice import Voice

_CHANGE_HEADINGS = ("Изм.", "Изменение", "Динамика")


def table(author: Author) -> Document:
    """A lead, a caption with the unit, and one block for the period, at times another for the balance date."""
    rng = author.rng
    voice, industry = author.setting()
    unit, flows, stocks = _statement(author, voice, industry)
    chosen = rng.sample(flows, rng.randint(2, 4))
    dated = rng.sample(stocks, rng.choice((0, 1, 2)))
    lead, number_of_lead = author.opening(voice)
    caption = author.pick(author.wording.tables, {"unit": unit, "bare": unit})
    style = _Style(author, voice)
    parts = [lead.rstrip(), caption, style.block(chosen, voice.period.tag, voice.period.prior_tag)]
    if dated:
        parts.append(style.block(dated, voice.period.dotted, voice.period.prior_dotted))
    rows = [style.row(fact) for fact in (*chosen, *dated)]
    return Document("\n".join(parts), rows, topic(industry), style.hard, f"table-{number_of_lead}")


def _statement(author: Author, voice: Voice, industry: str) -> tuple[str, list[Fact], list[Fact]]:
    """A unit and figures that it suits: over the period, and at the date."""
    while True:
        unit = author.rng.choice(("млн руб.", "млн руб.", "млрд руб.", "тыс. руб."))
        facts = [fact for fact in statement(author.rng, industry, voice.period, unit=unit) if _fits(fact)]
        flows, stocks = ([fact for fact in facts if fact.metric.kind == kind] for kind in ("flow", "stock"))
        if len(flows) >= 4 and len(stocks) >= 2:
            return unit, flows, stocks


def _fits(fact: Fact) -> bool:
    """Whether the document's unit leaves the figure at least two digits."""
    return fact.metric.unit != "money" or abs(fact.value) >= Decimal("0.1")


class _Style:
    """One document's way of printing a table."""

    def __init__(self, author: Author, voice: Voice) -> None:
        rng = author.rng
        self.voice = voice
        self.separator = rng.choice(author.wording.separators)
        self.prior_first = author.wording.prior_first and rng.random() < 0.5
        self.changes = rng.random() < 0.75
        self.bracketed = rng.random() < 0.4
        self.heading = rng.choice(_CHANGE_HEADINGS)
        self.forecast = author.frame(voice)["y1"] if rng.random() < 0.25 else ""
        self.forecast_heading = rng.choice(author.wording.forecast_columns).format(y1=self.forecast)
        self.author = author

    @property
    def hard(self) -> bool:
        return self.prior_first or bool(self.forecast) or self.bracketed

    def block(self, facts: Sequence[Fact], now: str, before: str) -> str:
        """Heading and lines; the forecast column stands only beside figures over a period."""
        columns = [before, now] if self.prior_first else [now, before]
        forecast = bool(self.forecast) and facts[0].metric.kind == "flow"
        heading = [
            "Показатель",
            *columns,
            *([self.heading] if self.changes else []),
            *([self.forecast_heading] if forecast else []),
        ]
        lines = [self.separator.join(heading)]
        lines += [self.separator.join(self._cells(fact, forecast)) for fact in facts]
        return "\n".join(lines)

    def _cells(self, fact: Fact, forecast: bool) -> list[str]:
        values = [self._figure(fact.value), self._figure(fact.prior if fact.prior is not None else fact.value)]
        cells = [self._label(fact), *(reversed(values) if self.prior_first else values)]
        if self.changes:
            cells.append(self._change(fact))
        return [*cells, self._figure(self.author.expected(fact))] if forecast else cells

    def _label(self, fact: Fact) -> str:
        name = fact.metric.nominative
        suffix = "" if fact.metric.unit == "money" else f", {fact.unit if fact.unit != 'раз' else 'x'}"
        return name[:1].upper() + name[1:] + suffix

    def _figure(self, value: Decimal) -> str:
        text = number(abs(value)).replace(NBSP, " ")
        if value >= 0:
            return text
        return f"({text})" if self.bracketed else f"{self.voice.minus}{text}"

    def _change(self, fact: Fact) -> str:
        if fact.percent is None:
            return "н/п"
        text = f"{number(abs(fact.percent))}{' п.п.' if fact.points else '%'}"
        if fact.percent >= 0:
            return f"+{text}" if fact.percent else text
        return f"({text})" if self.bracketed else f"{self.voice.minus}{text}"

    def row(self, fact: Fact) -> Row:
        """The gold row; a table without a change column states no change."""
        if not self.changes or fact.percent is None:
            return row(fact, self.voice)
        return row(fact, self.voice, fact.percent, "п.п." if fact.points else "%")
