"""Estimated text widths; an SVG has no way to measure, and fonts differ between readers.

The figures are those of a wide sans-serif (DejaVu Sans), so that text fits in narrower ones too.
"""

ELLIPSIS = "…"
NARROW, WIDE = frozenset("iljtfrI.,:;'|!()[] /-·"), frozenset("mwMW@%")
NARROW_EM, WIDE_EM, CAPITAL_EM, OTHER_EM = 0.37, 0.93, 0.71, 0.62


def width_of(text: str, size: float) -> float:
    """Return the estimated width of one line, pixels, at a font size in pixels."""
    return size * sum(_em(char) for char in text)


def wrapped(text: str, size: float, width: float, lines: int) -> list[str]:
    """Return the text broken at spaces into at most so many lines; the last one is cut."""
    done: list[str] = []
    words = text.split()
    while words and len(done) < lines - 1:
        taken = 1
        while taken < len(words) and width_of(" ".join(words[: taken + 1]), size) <= width:
            taken += 1
        done.append(" ".join(words[:taken]))
        words = words[taken:]
    return [fitted(line, size, width) for line in [*done, *([" ".join(words)] if words else [])]]


def _em(char: str) -> float:
    if char in NARROW:
        return NARROW_EM
    if char in WIDE:
        return WIDE_EM
    return CAPITAL_EM if char.isupper() else OTHER_EM


def fitted(text: str, size: float, width: float, tail: int = 0) -> str:
    """Return the text, cut with an ellipsis where it is wider than `width` pixels.

    Args:
        text: one line.
        size: font size, pixels.
        width: room, pixels.
        tail: characters at the end that stay, for names whose end tells them apart.
    """
    if width_of(text, size) <= width:
        return text
    head, end = (text[:-tail], text[-tail:]) if tail else (text, "")
    while head and width_of(head + ELLIPSIS + end, size) > width:
        head = head[:-1]
    return head.rstrip(" -") + ELLIPSIS + end
