"""Text that may stand in an XML document."""

import re
from xml.sax.saxutils import escape, quoteattr

FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters outside the Char production of XML 1.0, section 2.2."""


def content(text: str) -> str:
    """Return text for an element; characters that XML cannot hold become U+FFFD."""
    return escape(_allowed(text))


def attribute(text: str) -> str:
    """Return a quoted attribute value."""
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
