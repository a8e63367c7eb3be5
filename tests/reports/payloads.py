"""Hostile text: markup, scripts, spreadsheet formulas, terminal escapes, text that runs backwards, paths."""

PAYLOADS = (
    "<script>window.__pwned=1</script>",
    '"><img src=x onerror="window.__pwned=2">',
    "</script><script>window.__pwned=3</script>",
    "<!--<script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:window.__pwned=4",
    '=HYPERLINK("http://evil")',
    "\u202eтекст наоборот\u202c",
    "нуль\x00внутри",
    "zero\u200bwidth\ufeff",
    "\ud800 одинокий",
    "'; alert(1); //",
    "<svg onload=window.__pwned=5>",
    "]]><style>*{display:none}</style>",
    "\x1b[2J\x1b]0;pwned\x07\x9b31m",
    "../../../../etc/passwd",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "a;=1+1\n+2\t-3",
    "$& $' %s {0} {n} [bold]",
    "constructor",
)
NAMES = tuple(text for text in PAYLOADS if not {*"/\0\ud800"} & {*text})
"""Those that a file's name can hold."""


class Poison:
    """Hostile text for the fields of one run, another for each; none where the run is an honest one."""

    def __init__(self, hostile: bool, seed: int) -> None:
        self.hostile, self.seed = hostile, seed

    def __call__(self, field: int, *, own: bool = False, texts: tuple[str, ...] = PAYLOADS) -> str:
        """The text for a field.

        Args:
            own: whether this run's text differs from another run's.
            texts: what to choose from.
        """
        return texts[(field + own * self.seed) % len(texts)] if self.hostile else ""
