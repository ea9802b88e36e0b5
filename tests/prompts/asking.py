"""Helpers of these tests: the theme that a prompt gives by the lexicon, and how far two colours' hues are apart."""

from __future__ import annotations

import math

from reskin.palette import parse_hex, to_oklch
from reskin.prompts import prompt_theme
from reskin.themes import Theme


def theme_of(text: str, *, embedding: bool = False) -> Theme:
    return Theme.model_validate({"name": "asked", **prompt_theme(text, embedding=embedding).parameters})


def hue_gap_deg(one: str, other: str) -> float:
    first, second = (math.degrees(to_oklch(parse_hex(color))[2]) for color in (one, other))
    return abs((first - second + 180) % 360 - 180)
