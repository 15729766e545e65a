"""Whole sentences from what pods, nodes and the API server say."""


def ended(text: str) -> str:
    """Return the text with one full stop at its end."""
    return text.strip().rstrip(".") + "."


def sentence(text: str) -> str:
    """Return a sentence: a plain first word begins with a capital, a name stays as it is."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    whole = ended(text)
    return whole[:1].upper() + whole[1:] if first.isalpha() else whole
