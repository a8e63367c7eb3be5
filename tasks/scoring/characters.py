"""One spelling for the many ways to write the same characters: spaces, dashes, digits, LaTeX, Markdown, HTML.

A blanket NFKC would be shorter and wrong: it turns 10⁶ into 106 and 2½ into 21⁄2.
"""

import html
import re
import unicodedata

BOX_OPEN, BOX_CLOSE = "\x02", "\x03"
r"""What `\boxed{` and its brace become, so that the box can be found after LaTeX is gone."""

_SUPERSCRIPTS = {"⁰": "0", "¹": "1", "²": "2", "³": "3"} | {chr(0x2070 + n): str(n) for n in range(4, 10)}
_SUPERSCRIPTS |= {"⁻": "-", "⁺": "+"}
_SUPERSCRIPT_RUN = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for code in range(0x80, 0x20000):  # the planes that hold characters of these kinds
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Nd":
            table[code] = str(unicodedata.decimal(character))
        elif category == "Zs":
            table[code] = " "
        elif category == "Cf" or 0xFE00 <= code <= 0xFE0F:
            table[code] = None  # zero-width characters, soft hyphens, direction marks, emoji variants
        elif category == "No" and unicodedata.decomposition(character).startswith("<fraction>"):
            # A fraction slash, not a slash: one number, which no operator before it may tear apart.
            table[code] = " " + unicodedata.normalize("NFKC", character)
    table |= dict.fromkeys(map(ord, "‐‑‒–—―﹣－"), "-") | {ord("−"): "−"}
    table |= dict.fromkeys(map(ord, "·⋅∙✕✖╳"), "×") | dict.fromkeys(map(ord, "≃≅≒"), "≈")
    table |= dict.fromkeys(map(ord, "’‘ʼ´"), "'") | {ord("∕"): "/", ord("\t"): "  ", ord("\r"): "\n", ord("\x0b"): " "}
    table |= {0xFF01 + offset: chr(0x21 + offset) for offset in range(94) if not chr(0x21 + offset).isdigit()}
    # Control characters mark boxes here; they cannot come from a model.
    return table | {ord(BOX_OPEN): None, ord(BOX_CLOSE): None, ord("－"): "-"}


_TABLE = _table()

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,10} ?/?>")
_MATH_DOLLARS = re.compile(r"(?<!\\)\$(?=\S)([^$\n]{1,300})(?<![\s\\])\$(?!\d)")
_TEXT_COMMAND = re.compile(r"\\(?:text|mathrm|mbox|textrm|textbf)\s*\{[^{}]*\}")
_LATEX_SYMBOLS = [
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\[dtc]?frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}|\\[dtc]?frac\s*(\d)\s*(\d)"), r" \1\3⁄\2\4 "),
    (re.compile(r"\\(?:[,;:! ]|q?quad\b|left\b|right\b|displaystyle\b|limits\b)"), " "),
    (re.compile(r"\\(?:times|cdot|ast)\b"), "×"),
    (re.compile(r"\\div\b"), "÷"),
    (re.compile(r"\\(?:approx|simeq|sim)\b"), "≈"),
    (re.compile(r"\\leq?\b"), "≤"),
    (re.compile(r"\\geq?\b"), "≥"),
    (re.compile(r"\\pm\b"), "±"),
    (re.compile(r"\\([%$#&_])"), r"\1"),
    (re.compile(r"\\\\|\\n(?![a-z])"), "\n"),
    (re.compile(r"\\[()\[\]]"), " "),
]
_LATEX_TOKEN = re.compile(r"\\[A-Za-z]+\s*|[{}]")

_POWER_STARS = re.compile(r"(?<=\d)\*\*(?=\d)")
_TIMES_STAR = re.compile(r"(?<=[\w)%.])(?: \* |\*)(?=[\d(√])")
_EMPHASIS = re.compile(r"\*+|`+|(?<![^\W_])_+|_+(?![^\W_])")


def plain(text: str) -> str:
    """The text with one kind of space, digit, dash and multiplication sign, without LaTeX, Markdown and HTML.

    All dashes become `-`, except U+2212, which is a minus and nothing else. Superscripts become `^n`, fractions keep
    a fraction slash. Takes time linear in the length.
    """
    if "&" in text:
        text = html.unescape(text)
    text = _SUPERSCRIPT_RUN.sub(lambda run: "^" + "".join(_SUPERSCRIPTS[sign] for sign in run.group()), text)
    text = text.translate(_TABLE)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "$" in text:
        text = _MATH_DOLLARS.sub(_undollar, text.replace("$$", " "))
    if "\\" in text or "{" in text:
        text = _unlatex(text)
    text = text.replace("~", " ")
    text = _TIMES_STAR.sub(" × ", _POWER_STARS.sub("^", text))
    return _EMPHASIS.sub("", text)


def _undollar(match: re.Match[str]) -> str:
    """Mathematics without its dollars; a pair of currency signs with words between them is left alone."""
    inner = match.group(1)
    is_math = not re.search("[А-Яа-яЁё]", _TEXT_COMMAND.sub("", inner))
    return f" {inner} " if is_math else match.group()


def _unlatex(text: str) -> str:
    for pattern, replacement in _LATEX_SYMBOLS:
        text = pattern.sub(replacement, text)
    pieces: list[str] = []
    closers: list[tuple[str, str]] = []  # what a brace becomes, and what the next group is
    command, position = "", 0
    for token in _LATEX_TOKEN.finditer(text):
        between = text[position : token.start()]
        if between.strip():
            command = "^" if between.endswith("^") else ""
        pieces.append(between)
        position = token.end()
        if token.group() == "{":
            opener, closer, follows = _GROUPS.get(command, (" ", " ", ""))
            pieces.append(opener)
            closers.append((closer, follows))
            command = ""
        elif token.group() == "}":
            closer, command = closers.pop() if closers else (" ", "")
            pieces.append(closer)
        else:
            command = token.group().strip()
            pieces.append("√" if command == r"\sqrt" else " ")
    return "".join(pieces) + text[position:]


_GROUPS = {
    r"\frac": ("((", ")/(", "denominator"),
    r"\dfrac": ("((", ")/(", "denominator"),
    r"\tfrac": ("((", ")/(", "denominator"),
    "denominator": ("", "))", ""),
    r"\sqrt": ("(", ")", ""),
    "^": ("(", ")", ""),
    r"\boxed": (BOX_OPEN, BOX_CLOSE, ""),
    r"\fbox": (BOX_OPEN, BOX_CLOSE, ""),
}
"""Command before a group: what its opening and closing brace become, and what the group after it is."""
