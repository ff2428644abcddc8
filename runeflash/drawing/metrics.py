"""How wide a text is, without a font at hand: an upper bound that both kinds of picture then keep to.

An .svg file is shown with whatever font its reader has, so each text carries its width (``textLength``); a .png file
is drawn with a font whose glyphs are no wider than these. The table is the greater of the widths of two common sans
serif fonts.
"""

from __future__ import annotations

import unicodedata

# Hundredths of the font size, from space to tilde.
_WIDTHS = (
    *(30, 38, 44, 79, 60, 90, 74, 26, 37, 37, 56, 79, 30, 34, 30, 32),
    *(60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 32, 32, 79, 79, 79, 50),
    *(94, 65, 65, 70, 73, 60, 57, 73, 73, 28, 55, 62, 58, 87, 72, 74),
    *(60, 74, 66, 60, 62, 69, 65, 96, 65, 59, 65, 37, 32, 37, 79, 50),
    *(47, 58, 62, 53, 62, 58, 34, 62, 60, 27, 27, 55, 27, 92, 60, 59),
    *(62, 62, 39, 49, 37, 60, 56, 79, 56, 56, 50, 60, 32, 60, 79),
)
# Of what is not in the table: a wide character such as a Chinese one fills a square, and so may many others.
_OTHER = 100
#: Height of a line of text, from the top of its tallest letter to the bottom of its lowest, times the font size.
LINE_HEIGHT = 1.2


def text_width(text: str, size: float) -> float:
    """Return the width of a text in a font of that size; its unit is that of the size."""
    return sum(map(_width, text)) * size / 100


def _width(character: str) -> int:
    number = ord(character) - 32
    if 0 <= number < len(_WIDTHS):
        return _WIDTHS[number]
    return 0 if unicodedata.combining(character) else _OTHER
