"""Documents of several layouts, each with the gold rows that its text states."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from tasks.extraction.author import Author, Document, topic
from tasks.extraction.facts import Fact, statement
from tasks.extraction.figures import in_words, rounded
from tasks.extraction.periods import period
from tasks.extraction.sentences import Change, Row, change_of, fill, row, slots, words_change
from tasks.extraction.tables import table
from tasks.extraction.voice import Voice


def release(author: Author) -> Document:
    """A press release in prose."""
    voice, industry = author.setting()
    facts = author.facts(voice, industry, author.rng.randint(2, 4))
    lead, number = author.opening(voice)
    told = [author.sentence(fact, voice) for fact in facts]
    closing, hard = author.ending(facts, voice)
    body = [text for text, _ in told] + closing
    text = lead + " ".join(body)
    return Document(text, [gold for _, gold in told], topic(industry), hard, f"release-{number}")


def cumulative(author: Author) -> Document:
    """A figure for the whole period and for its last quarter."""
    voice, industry = author.setting(("H1", "9M", "FY"))
    fact = author.rng.choice([fact for fact in statement(author.rng, industry, voice.period) if _additive(fact)])
    last = {"H1": "Q2", "9M": "Q3", "FY": "Q4"}[voice.period.kind]
    quarter = period(author.rng, last, voice.period.year)
    exponent = max(-int(fact.value.as_tuple().exponent), 0)
    share = Decimal(str(round(author.rng.uniform(0.9, 1.2) * 0.25 / voice.period.share, 3)))
    part = replace(fact, value=rounded(fact.value * share, exponent), period=quarter)
    values = slots(author.rng, fact, voice, None)
    values |= {"qvalue": voice.amount(part.value, part.unit), "q_inside": quarter.inside}
    lead, number = author.opening(voice)
    template = author.rng.choice(author.wording.cumulative)
    closing, _ = author.ending([fact], voice)
    text = lead + " ".join((fill(template, values), *closing))
    return Document(text, [row(fact, voice), row(part, voice)], topic(industry), True, f"cumulative-{number}")


def two_standards(author: Author) -> Document:
    """Figures under one standard, and one under the other that is not asked for."""
    voice, industry = author.setting()
    facts = author.facts(voice, industry, author.rng.randint(2, 3))
    lead, number = author.opening(voice)
    told = [author.sentence(fact, voice) for fact in facts]
    flows = [fact for fact in facts if fact.value > 0]
    fact = author.rng.choice(flows or facts)
    values = slots(author.rng, fact, voice, None) | author.frame(voice)
    values["ovalue"] = voice.amount(author.near(fact.value), fact.unit)
    other = fill(author.rng.choice(author.wording.other_standard), values)
    text = lead + " ".join((*(text for text, _ in told), other))
    gold = [gold for _, gold in told]
    return Document(text, gold, "standards", True, f"standards-{number}", standard=voice.standard)


def bullets(author: Author) -> Document:
    """A lead and a list."""
    voice, industry = author.setting()
    lead, number = author.opening(voice)
    style = author.rng.randrange(len(author.wording.bullets))
    lines, rows, facts = [], [], author.listed(voice, industry)
    for position, fact in enumerate(facts, 1):
        change = change_of(author.rng, fact, voice)
        values = slots(author.rng, fact, voice, change) | {"n": str(position)}
        lines.append(fill(author.wording.bullets[style], values))
        rows.append(_changed_row(fact, voice, change))
    closing, hard = author.ending(facts, voice)
    text = "\n".join((lead.rstrip(), *lines, " ".join(closing))).strip()
    return Document(text, rows, topic(industry), hard, f"bullets-{style}-{number}")


def post(author: Author) -> Document:
    """A channel post, abbreviated."""
    voice, industry = author.setting()
    voice = replace(voice, rouble=author.rng.choice(("₽", "р.", "руб")))
    style = author.rng.randrange(len(author.wording.posts))
    line = author.rng.choice(author.wording.post_lines)
    lines, rows, facts = [], [], author.listed(voice, industry)
    for fact in facts:
        change = change_of(author.rng, fact, voice)
        lines.append(fill(line, slots(author.rng, fact, voice, change)))
        rows.append(_changed_row(fact, voice, change))
    closing = author.traps(facts, voice, 1) if author.rng.random() < 0.4 else []
    text = "\n".join((fill(author.wording.posts[style], author.frame(voice)), *lines, *closing)).strip()
    return Document(text, rows, topic(industry), bool(closing), f"post-{style}")


def digest(author: Author) -> Document:
    """Several companies in one text; now and then only one of them is asked for."""
    rng = author.rng
    first, _ = author.setting()
    told: dict[str, tuple[str, Row, Voice]] = {}
    for _ in range(rng.randint(2, 4)):
        speaker, industry = author.setting(when=first.period)
        told.setdefault(speaker.name, (*_digest_line(author, speaker, industry), speaker))
    style = rng.randrange(len(author.wording.digests))
    opening = fill(author.wording.digests[style], author.frame(first))
    text = "\n".join((opening, *(line for line, _, _ in told.values())))
    name = f"digest-{style}"
    if rng.random() < 0.4 and len(told) > 1:
        _, gold, speaker = rng.choice(list(told.values()))
        return Document(text, [gold], "digest", True, name, company=speaker.company)
    return Document(text, [gold for _, gold, _ in told.values()], "digest", False, name)


def _digest_line(author: Author, speaker: Voice, industry: str) -> tuple[str, Row]:
    fact = author.listed(speaker, industry)[0]
    change = change_of(author.rng, fact, speaker)
    values = slots(author.rng, fact, speaker, change) | {"company": speaker.company}
    return author.pick(author.wording.digest_flow, values), _changed_row(fact, speaker, change)


def brief(author: Author) -> Document:
    """One figure in words."""
    voice, industry = author.setting()
    facts = [fact for fact in author.listed(voice, industry) if fact.metric.unit == "money" and fact.percent]
    if not facts:
        return brief(author)
    fact, unit = facts[0], author.rng.choice(("млрд руб.", "млрд руб.", "млн руб."))
    value = Decimal(author.rng.choice((1, 3, 4, 5, 7, 8, 9, 11, 12, 15, 18, 21, 24, 32, 40, 55))) / author.rng.choice(
        (1, 1, 2)
    )
    percent = Decimal(author.rng.choice((-25, -20, -10, 5, 10, 12, 15, 18, 20, 25, 25, 30, 50, 50)))
    wvalue = in_words(value, unit)
    if not wvalue:
        return brief(author)
    by, change, change_unit = words_change(percent)
    fact = replace(fact, value=value, unit=unit, prior=None)
    values = slots(author.rng, fact, voice, Change(percent, "%", by, "", by)) | author.frame(voice)
    values |= {"wby": by, "wvalue": wvalue}
    style = author.rng.randrange(len(author.wording.brief))
    text = fill(author.wording.brief[style], values)
    remark = fill(author.rng.choice(author.wording.noise), author.frame(voice))
    return Document(
        f"{text} {remark}".strip(), [row(fact, voice, change, change_unit)], topic(industry), True, f"brief-{style}"
    )


def _changed_row(fact: Fact, voice: Voice, change: Change | None) -> Row:
    return row(fact, voice, change.amount, change.unit) if change else row(fact, voice)


def _additive(fact: Fact) -> bool:
    return fact.metric.kind == "flow" and fact.metric.unit == "money" and fact.value > 0


LAYOUTS: tuple[tuple[Callable[[Author], Document], int], ...] = (
    (release, 34),
    (bullets, 14),
    (post, 10),
    (table, 14),
    (digest, 12),
    (cumulative, 5),
    (two_standards, 6),
    (brief, 5),
)
"""Layouts and how often each is written, in per cent."""
