"""The sign of a number: a minus, or a dash that only looks like one."""


def sign_before(text: str, begin: int) -> tuple[int | None, int]:
    """The sign written before a number, and where it begins.

    A dash glued to the number is a minus, unless a digit stands before it: that is a range. A dash apart from the
    number is punctuation, unless an equals sign or a bracket makes it mathematics or it is U+2212.
    """
    window = text[max(0, begin - 10) : begin]
    last = window[-1:]
    if last in ("-", "−"):
        before = window[-2:-1]
        return (None, begin) if before.isalnum() or before in (")", "%", "-") else (-1, begin - 1)
    if last == "+":
        return 1, begin - 1
    if last == " " and window[-2:-1] in ("-", "−"):
        before = window[:-2].rstrip(" ")[-1:]
        if before in ("=", "≈", "(") or (window[-2] == "−" and before in ("", ":", "\n", ">")):
            return -1, begin - 2
    for word, sign in (("минус ", -1), ("плюс ", 1)):
        if window.lower().endswith(word):
            return sign, begin - len(word)
    return None, begin
