"""A sentence to a look: `prompt_theme("a warm autumn afternoon")` gives the parameters of a theme.

    clean -> reading (words) -> look -> parameters

Where the sentence embedding is installed (an extra), the mapper adds to the reading what the words leave open, and the
look is moved to what people expect of such sentences (expectation).

Deterministic, no file or network but the lexicon and the weights beside it, and never in the hot loop: a prompt is
evaluated when a theme is loaded. The whole of it needs numpy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TRY = "try English words for a place, a time, a colour"
NOTHING = f"nothing in the prompt was understood, so its look is a plain one; {_TRY}"
UNHEARD = f"Nothing of it was understood; {_TRY}"  # where the look stays as it was
UNKNOWN = "not understood: {}"
TOO_LONG = "the prompt is long, and only its first {} characters count"
WORDS_ALONE = "it was read by its words alone, since {}"
LONGEST_PROMPT = 300  # characters
MOST_TOLD, LONGEST_TOLD = 4, 24  # words that were not understood, and characters of each


@dataclass(frozen=True, kw_only=True)
class Prompted:
    """What a prompt gives: `parameters` in the shape of a theme's TOML (treat as read-only), and a `note` or ""."""

    text: str  # as it was understood: one line, cut to length
    parameters: dict[str, Any]
    note: str


@lru_cache(maxsize=128)  # more than a timeline's 120, which asks for each twice
def prompt_theme(text: str, *, embedding: bool = True) -> Prompted:
    """The look of any text. `embedding=False` leaves the sentence embedding out even where it is installed."""
    from reskin.prompts.expectation import meet
    from reskin.prompts.look import compose
    from reskin.prompts.parameters import parameters
    from reskin.prompts.reading import clean, read
    from reskin.prompts.sentence import embed, is_installed, refused

    line = clean(text)
    reading = read(line)
    unknown = list(dict.fromkeys(word[:LONGEST_TOLD] for word in reading.unknown))[:MOST_TOLD]
    expected, not_used = None, ""
    is_open = reading.unread > 0 or reading.is_empty  # else neither would change anything, for 10 to 300 ms
    asks = embedding and is_open and any(char.isalpha() for char in line) and is_installed()
    if asks and not (not_used := refused()):
        from reskin.prompts.expectation import expectation
        from reskin.prompts.mapper import join, mapper

        felt = embed(line)
        expected = expectation()(felt)
        reading, unknown = join(reading, mapper()(felt)), []  # it makes something of any word
    look = compose(reading)
    if expected is not None:
        meet(look, expected, reading.unread)
    notes = [NOTHING] if reading.is_empty else [UNKNOWN.format(", ".join(unknown))] if unknown else []
    if not_used:
        notes.append(WORDS_ALONE.format(not_used))
    if len(text.strip()) > LONGEST_PROMPT:
        notes.append(TOO_LONG.format(LONGEST_PROMPT))
    return Prompted(text=line, parameters=parameters(look), note="; ".join(notes))
