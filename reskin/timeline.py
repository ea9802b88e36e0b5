"""What is shown when: a TOML file of times, themes and prompts. themes/timelines/show.toml is one to start from.

Everything is loaded when the file is, so nothing is read or worked out at the time itself. `steps_until` is a pure
function of the time since the first painting; who asks remembers how many steps he has shown. Knows nothing of clocks,
keys or the engine.
"""

from __future__ import annotations

import itertools
import os
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from reskin.errors import ThemeError, TimelineError
from reskin.prompts import prompt_theme
from reskin.prompts.fill import NOTHING_UNSAID, prompt_changes
from reskin.strict_model import StrictModel
from reskin.theme_model import Line, Theme
from reskin.themes import find_theme, load_theme, prompted_theme
from reskin.toml_reader import read_model

# With two brackets, four "=" and two commas an entry has 8 of toml_limits.MARKS: together 960 of MAX_VALUES.
MAX_ENTRIES = 120
TIME = 'a time such as "00:30", "1:02:30" or "12.5"'


def parse_time(text: str) -> float:
    """Seconds of "MM:SS", "H:MM:SS" or "SS", with or without a fraction; ValueError for anything else."""
    match = re.fullmatch(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,3}):)?([0-9]{1,5}(?:\.[0-9]{1,3})?)", text.strip(), re.ASCII)
    if match is None:
        raise ValueError("it is no time")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if (match[2] and seconds >= 60) or (match[1] and minutes >= 60):
        raise ValueError("minutes and seconds end at 59")
    return 3600 * hours + 60 * minutes + seconds


def _checked_time(text: str) -> str:
    parse_time(text)
    return text.strip()


Time = Annotated[str, AfterValidator(_checked_time), Field(description=TIME)]


class Entry(StrictModel):
    time: Time
    theme: str = Field(default="", max_length=300, description="a theme's id, or the path of a .toml file")
    prompt: Line = ""  # alone, or filling in what the theme leaves unsaid
    fade_frames: int | None = Field(default=None, ge=0, le=240, description="a whole number from 0 to 240")

    @model_validator(mode="after")
    def _says_something(self) -> Entry:
        if not self.theme.strip() and not self.prompt.strip():
            raise ValueError("names neither a theme nor a prompt; expected one of them, or both")
        return self


class WrittenTimeline(StrictModel):
    loop: bool = Field(default=False, description="true or false")
    end: Time | None = None
    at: tuple[Entry, ...] = Field(
        strict=False, min_length=1, max_length=MAX_ENTRIES,
        description=f'1 to {MAX_ENTRIES} entries, each a table [[at]] with a time, and a theme or a prompt',
    )  # fmt: skip

    @model_validator(mode="after")
    def _is_in_order(self) -> WrittenTimeline:
        times = [entry.time for entry in self.at]
        for before, after in itertools.pairwise(times):
            if parse_time(after) <= parse_time(before):
                raise ValueError(f'at: "{after}" stands after "{before}"; expected each time to be later than the last')
        if self.loop and self.end is None:
            raise ValueError('loop: true needs an end, the time at which it begins again, such as end = "02:00"')
        if self.end is not None and parse_time(self.end) <= parse_time(times[-1]):
            raise ValueError(f'end: "{self.end}" is not later than the last entry, "{times[-1]}"')
        return self


@dataclass(frozen=True, kw_only=True)
class Step:
    at_ns: int  # from the first painting
    theme: Theme
    fade_frames: int | None  # None: as for any theme change


@dataclass(frozen=True, kw_only=True)
class Timeline:
    steps: tuple[Step, ...]  # in the order of their times
    loop_ns: int | None = None  # after which it begins again
    notes: tuple[str, ...] = ()  # what of the prompts was not understood, or changes nothing

    def steps_until(self, playing_ns: int) -> int:
        """How many steps are due, those of earlier rounds included."""
        rounds, at_ns = divmod(playing_ns, self.loop_ns) if self.loop_ns is not None else (0, playing_ns)
        return rounds * len(self.steps) + bisect_right(self.steps, at_ns, key=lambda step: step.at_ns)

    def last_of(self, count: int) -> Step:
        """The last of so many steps, 1 and more."""
        return self.steps[(count - 1) % len(self.steps)]


def load_timeline(path: Path) -> Timeline:
    """The timeline in a file with all its themes; TimelineError names the file, the time and what is wrong there."""
    written = read_model(path, WrittenTimeline, TimelineError, "timeline")
    themes: dict[tuple[str, str], Theme] = {}  # what stands in it many times is loaded once
    for entry in written.at:
        if (entry.theme, entry.prompt) not in themes:
            themes[entry.theme, entry.prompt] = _theme_of(entry, path)
    steps = tuple(
        Step(
            at_ns=round(parse_time(entry.time) * 1e9), theme=themes[entry.theme, entry.prompt],
            fade_frames=entry.fade_frames,
        )
        for entry in written.at
    )  # fmt: skip
    loop_ns = round(parse_time(written.end) * 1e9) if written.loop and written.end is not None else None
    noted = [(entry.time, _note(entry, step.theme)) for entry, step in zip(written.at, steps, strict=True)]
    notes = tuple(f"timeline {path}, at {time}: {note}" for time, note in noted if note)
    return Timeline(steps=steps, loop_ns=loop_ns, notes=notes)


def _note(entry: Entry, theme: Theme) -> str:
    """What of its prompt was not understood, or that its theme leaves nothing for it to say; "" where all is well."""
    if not entry.prompt:
        return ""
    if entry.theme.strip() and not prompt_changes(theme, entry.prompt):
        return NOTHING_UNSAID.format(theme.name)
    return prompt_theme(entry.prompt).note


def _theme_of(entry: Entry, timeline: Path) -> Theme:
    try:
        if not entry.theme.strip():
            theme = prompted_theme(entry.prompt)
        else:
            beside = timeline.parent / entry.theme
            found = beside if entry.theme.endswith(".toml") and os.path.isfile(beside) else find_theme(entry.theme)
            theme = load_theme(found, entry.prompt)
    except ThemeError as error:
        raise TimelineError(f"timeline {timeline} cannot be used: at {entry.time}: {error}") from error
    theme.style()  # worked out here and not at the time itself
    return theme
