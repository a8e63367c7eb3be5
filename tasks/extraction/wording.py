"""The wording of one split: every phrase that its documents are composed of. No phrase serves two splits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """Phrases with slots; `tasks/extraction/sentences.py` lists the slots."""

    prompts: tuple[str, ...]
    """The task around `{text}`: list everything reported."""
    company_prompts: tuple[str, ...]
    """The same for one `{company}` out of several."""
    standard_prompts: tuple[str, ...]
    """The same for one `{standard}` out of two."""
    leads: tuple[str, ...]
    """How a release opens: company, standard, period."""
    flow: tuple[str, ...]
    """A figure over a period and its change."""
    stock: tuple[str, ...]
    """A figure at a date and its change."""
    flow_plain: tuple[str, ...]
    stock_plain: tuple[str, ...]
    against: tuple[str, ...]
    """A figure over a period against last year's, the change left to the reader."""
    losses: tuple[str, ...]
    quarterly: tuple[str, ...]
    """Both changes: year on year and quarter on quarter."""
    previous_quarter: tuple[str, ...]
    """Quarter on quarter only."""
    corrected: tuple[str, ...]
    """A figure that replaces an earlier, wrong one."""
    cumulative: tuple[str, ...]
    """A figure over the period and over its last quarter."""
    other_standard: tuple[str, ...]
    """The same metric under another standard."""
    traps: tuple[str, ...]
    """Forecasts, targets, last year's and restated figures: no rows."""
    noise: tuple[str, ...]
    """Reference remarks, quotations: no rows."""
    bullets: tuple[str, ...]
    """A line of a list."""
    posts: tuple[str, ...]
    """Opening of a channel post; its lines follow `post_lines`."""
    post_lines: tuple[str, ...]
    tables: tuple[str, ...]
    """Caption over a table, with `{unit}`."""
    separators: tuple[str, ...]
    """What stands between a table's columns."""
    prior_first: bool
    """Whether tables may put last year's column before this year's."""
    forecast_columns: tuple[str, ...]
    """Headings of a forecast column."""
    digests: tuple[str, ...]
    """How a round-up of companies opens."""
    digest_flow: tuple[str, ...]
    """One company's line in a round-up."""
    brief: tuple[str, ...]
    """A newswire line in which figures stand in words."""
