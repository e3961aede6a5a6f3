"""Texts on a terminal."""

import unicodedata


def columns(text: str) -> int:
    """How many ``text`` takes: two for each Korean, Chinese or Japanese letter."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
