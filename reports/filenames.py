"""Names of the pages' files: what a run's directory is called, in letters that every file system and address takes."""

import re
import unicodedata

_LONGEST = 60
_LATIN = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
        **{"ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya"},
        **dict.fromkeys("ъь", ""),
    }
)


def stem(name: str) -> str:
    """A name as lower-case Latin letters, digits and hyphens: never empty, never a path, 60 characters at most.

    Russian letters are transliterated; whatever else there is becomes a hyphen, so two names may have one stem.
    """
    # A file system may hold «й» as «и» and a breve.
    latin = unicodedata.normalize("NFC", name).lower().translate(_LATIN)
    return re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:_LONGEST].rstrip("-") or "run"
