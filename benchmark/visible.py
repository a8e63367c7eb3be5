"""Makes text from elsewhere safe to look at: what a reader cannot see is shown by its code point."""

import json
import re

# Control characters (newline and tab aside), soft hyphen, bidirectional marks and overrides, zero-width
# characters, the byte-order mark, lone surrogates, non-characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """The text with every invisible or misleading character replaced by ⟨U+XXXX⟩."""
    return _HIDDEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def escaped(json_text: str) -> str:
    """JSON text with the same characters as escapes: equal data, nothing in it that a terminal acts on."""
    return _HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], json_text)
