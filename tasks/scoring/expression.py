"""The arithmetic that an answer writes out, «(295 / 1340) × 100% = 25%»: found, worked out, compared with the gold."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tasks.scoring.arithmetic import MAX_TOKENS, Token, evaluate
from tasks.scoring.comparison import Target
from tasks.scoring.digits import decimal_digits
from tasks.scoring.units import unit_at

MAX_EXPRESSIONS = 400
"""Expressions looked at in one answer."""

_TOKEN = re.compile(
    r"""
    (?P<number> \d{1,3}(?P<group>[ '_])\d{3}(?:(?P=group)\d{3})*(?!\d)(?:[.,]\d+)? | \d+(?:[.,]\d+)* )
    | (?P<times> \ [xх]\ (?=[\d(]) | [×*] )
    | (?P<over> [/÷] | \ :\ (?=[\d(]) | (?<=[\d)%]):(?=[\d(]) )
    | (?P<note> \([^()\d]*\) )
    | (?P<sign> [-−+^√%()\[\]] )
    | (?P<equals> (?<![<>!=])=(?![>=])|≈ )
    | (?P<word> [^\W\d_]+ )
    | (?P<space> [ ] )
    | (?P<other> . | \n )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FRACTION = re.compile(r"(?:(\d{1,12}) )?(\d{1,12})⁄(\d{1,12})")
_SIGNS = {"−": "-", "[": "(", "]": ")"}
_WORDS = [
    (re.compile(r"(?:раз|по)?дел(?:ить|им|[её]нн\w+|ите)$", re.IGNORECASE), "/"),
    (re.compile(r"(?:у|по|пере)?множ(?:ить|им|енн\w+|аем|ьте)$|^от$|^of$", re.IGNORECASE), "×"),
    (re.compile(r"плюс$", re.IGNORECASE), "+"),
    (re.compile(r"минус$", re.IGNORECASE), "-"),
]
_NEUTRAL = (Fraction(1), Fraction(100))


@dataclass
class _Run:
    """Tokens between equals signs, or between words that end an expression."""

    chained: bool
    """Whether an equals sign joins it to the run before."""
    tokens: list[Token] = field(default_factory=list)

    @property
    def wants_operand(self) -> bool:
        return not self.tokens or (isinstance(self.tokens[-1], str) and self.tokens[-1] not in ")%")


def formula_gives(text: str, target: Target) -> bool:
    """Whether some expression in the text evaluates to the gold, whatever result the text states for it.

    An expression counts as it stands, with its chain («a / b = c × 100%» goes on from the exact a / b), and with
    earlier stated results replaced by what they should have been.
    """
    exact: dict[Fraction, Fraction] = {}
    previous: Fraction | None = None
    text = _FRACTION.sub(lambda parts: f"({parts[1] or 0}+{parts[2]}/{parts[3]})", text)
    for run in list(_runs(text))[-MAX_EXPRESSIONS:]:
        tokens = _trimmed(run.tokens)
        previous = previous if run.chained else None
        if len(tokens) == 1 and isinstance(tokens[0], Fraction):
            if previous is not None:
                exact[tokens[0]] = previous
            continue
        values = [value for variant in _variants(tokens, previous, exact) if (value := evaluate(variant)) is not None]
        if not _is_trivial(tokens, previous) and any(_gives(value, target) for value in values):
            return True
        previous = values[-1] if values else None
    return False


def _gives(value: Fraction, target: Target) -> bool:
    # In the gold's own unit («295 / 1340 × 100»), or in base units («295 / 1340», «1,5 млн × 12%»).
    return target.matches(value) or target.matches(value / target.unit.factor)


def _variants(tokens: list[Token], previous: Fraction | None, exact: dict[Fraction, Fraction]) -> Iterator[list[Token]]:
    if not any(isinstance(token, Fraction) for token in tokens):
        return
    yield tokens
    if any(isinstance(token, Fraction) and token in exact for token in tokens):
        yield [exact.get(token, token) if isinstance(token, Fraction) else token for token in tokens]
    if previous is not None and isinstance(tokens[0], Fraction):
        yield [previous, *tokens[1:]]


def _is_trivial(tokens: Sequence[Token], previous: Fraction | None) -> bool:
    """A mere change of notation, «0,22 × 100%»: whatever it gives, it was put in, unless a chain computed it."""
    numbers = [token for token in tokens if isinstance(token, Fraction)]
    if len(numbers) < 2:
        return True
    signs = [token for token in tokens if isinstance(token, str) and token in "+-×/^"]
    neutral = numbers[-1] in _NEUTRAL or ("×" in signs and numbers[0] in _NEUTRAL)
    return previous is None and len(numbers) == 2 and signs in (["×"], ["/"]) and neutral


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without signs that hang at the end and brackets that never close."""
    tokens = tokens[:]
    while tokens and isinstance(tokens[-1], str) and tokens[-1] not in ")%":
        tokens.pop()
    while tokens and tokens[0] == "(" and tokens.count("(") > tokens.count(")"):
        tokens.pop(0)
    return tokens


def _runs(text: str) -> Iterator[_Run]:
    """The expressions of a text, in order, each closed at the sign or word that cannot belong to it."""
    run, depth, position = _Run(False), 0, 0
    while match := _TOKEN.match(text, position):
        kind = match.lastgroup or ""
        token, position = _token(kind, match, text)
        if token is None and kind in ("space", "word", "note"):
            continue
        if token == ")" and depth == 0:
            token = None
        if not _fits(run, token, kind) or len(run.tokens) > MAX_TOKENS:
            if run.tokens:
                yield run
            opens = isinstance(token, Fraction) or token in ("(", "√", "-")
            run, depth = _Run(kind == "equals", [token] if opens and token is not None else []), int(token == "(")
            continue
        assert token is not None
        if token == "(" and not run.wants_operand:
            run.tokens.append("×")
        run.tokens.append(token)
        depth += (token == "(") - (token == ")")
    if run.tokens:
        yield run


def _fits(run: _Run, token: Token | None, kind: str) -> bool:
    """Whether the token can go on from the run."""
    if token is None:
        return False
    if isinstance(token, Fraction) or token in "√":
        return run.wants_operand
    if token == "(":
        return run.wants_operand or run.tokens[-1] == ")"
    return not run.wants_operand or (token in "-+" and len(run.tokens) < MAX_TOKENS)


def _token(kind: str, match: re.Match[str], text: str) -> tuple[Token | None, int]:
    """A token for the calculator, or None, and where it ends. A number takes its scale and percent along."""
    written, end = match.group(), match.end()
    if kind in ("times", "over"):
        return ("×" if kind == "times" else "/"), end
    if kind == "sign":
        return _SIGNS.get(written, written), end
    if kind == "word":
        return next((sign for pattern, sign in _WORDS if pattern.match(written)), None), end
    digits = decimal_digits(written) if kind == "number" else None
    if digits is None:
        return None, end
    unit, end = unit_at(text, end)
    return digits.value * (1 if unit.kind in ("time", "days", "mass") else unit.factor), end
