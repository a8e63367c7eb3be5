"""Turns a template into one self-contained page: escaped, with its style and scripts inline and hashed."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benchmark.comparing.verdicts import MARKS
from benchmark.visible import visible
from reports.charts import shorten
from reports.numbers import Numbers
from reports.texts import Texts


@dataclass(frozen=True)
class Nav:
    """A link to another page of the site, by relative address."""

    text: str
    href: str
    lang: str = ""


def render(template: str, lang: str, *, style: str, scripts: tuple[str, ...], **values: Any) -> str:
    """The page as HTML text.

    Args:
        style: the asset that becomes the page's one style sheet.
        scripts: assets that become its scripts, in this order.
    """
    css, codes = asset(style), [asset(name) for name in scripts]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(css)}",
            f"script-src {' '.join(map(_source, codes)) or chr(39) + 'none' + chr(39)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    page = _environment().get_template(template)
    return page.render(
        lang=lang,
        t=Texts(lang),
        f=Numbers(lang),
        policy=policy,
        # Our own files, written for these places; everything else on a page is escaped.
        style=Markup(css),
        scripts=[Markup(code) for code in codes],
        **values,
    )


def fragment(**filters: Any) -> str:
    """The part of an address that opens the sample browser under these filters."""
    return "#" + urlencode({key: visible(str(value)) for key, value in filters.items()})


def inert_json(value: Any) -> Markup:
    """JSON for a `<script type="application/json">`: no `<` in it, so nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    escaped = "".join(
        _ESCAPES.get(char) or (f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char) for char in text
    )
    return Markup(escaped)


_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@cache
def asset(name: str) -> str:
    """A file from `reports/assets` as text."""
    return (files("reports") / "assets" / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["shorten"] = shorten
    environment.globals["MARKS"] = MARKS
    environment.globals["fragment"] = fragment
    return environment


def _shown(value: Any) -> Any:
    """Every value that a template prints passes here: hidden characters become visible before escaping."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
