"""The user's settings: hotkeys, the theme and preset to start with, and how the overlay behaves.

One TOML file in the platform's configuration folder; every key has a default, so the file need not exist. Chords are
in pynput's syntax (`platforms.chords`). Knows nothing of what actions do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from engine.config import PLAYABLE
from reskin.errors import SettingsError
from reskin.flash_safety import FlashProfile
from reskin.places import place
from reskin.platforms.chords import chord_parts
from reskin.remote_engine.address import UP_MBIT, Fallback
from reskin.strict_model import StrictModel
from reskin.toml_reader import hint, parse_model, read_model
from reskin.toml_writer import toml_value, write_text

CHORD = 'a chord such as "<ctrl>+<alt>+n" or "<f9>", or "" for none'


def _checked_chord(chord: str) -> str:
    chord_parts(chord)
    return chord.strip().lower()


def _checked_preset(name: str) -> str:
    if name not in PLAYABLE:
        raise ValueError(f"no such preset{hint(name, PLAYABLE)}")
    return name


Chord = Annotated[str, AfterValidator(_checked_chord), Field(description=CHORD)]


class HotkeySettings(StrictModel):
    """Action to chord. All are heard while the game has the focus. On X11 the game hears them too; Windows keeps them
    from it."""

    next_theme: Chord = "<ctrl>+<alt>+n"
    previous_theme: Chord = "<ctrl>+<alt>+p"
    theme_1: Chord = "<ctrl>+<alt>+1"
    theme_2: Chord = "<ctrl>+<alt>+2"
    theme_3: Chord = "<ctrl>+<alt>+3"
    theme_4: Chord = "<ctrl>+<alt>+4"
    theme_5: Chord = "<ctrl>+<alt>+5"
    theme_6: Chord = "<ctrl>+<alt>+6"
    theme_7: Chord = "<ctrl>+<alt>+7"
    theme_8: Chord = "<ctrl>+<alt>+8"
    theme_9: Chord = "<ctrl>+<alt>+9"
    toggle_overlay: Chord = "<ctrl>+<alt>+o"
    strength_up: Chord = "<ctrl>+<alt>+="
    strength_down: Chord = "<ctrl>+<alt>+-"
    compare: Chord = "<ctrl>+<alt>+c"  # the game itself while held
    split: Chord = "<ctrl>+<alt>+s"
    materials: Chord = "<ctrl>+<alt>+m"
    prompt: Chord = "<ctrl>+<alt>+i"  # opens the prompt bar, and closes it again
    keep_box: Chord = "<ctrl>+<alt>+k"  # the mouse drags boxes over what stays the game's own; the key again ends it
    screenshot: Chord = "<ctrl>+<alt>+x"
    panic: Chord = "<ctrl>+<alt>+<end>"  # the game back at once, also while the engine or the loop hangs
    quit: Chord = "<ctrl>+<alt>+q"

    @model_validator(mode="after")
    def _each_chord_once(self) -> HotkeySettings:
        owner: dict[frozenset[str], str] = {}
        for action, chord in self.chords().items():
            first = owner.setdefault(chord_parts(chord), action)
            if first != action:
                raise ValueError(f'{first} and {action} both have the chord "{chord}"; change one, or set it to ""')
        return self

    def chords(self) -> dict[str, str]:
        """Action to chord, without the unbound ones."""
        return {action: chord for action in ACTIONS if (chord := getattr(self, action))}


ACTIONS = tuple(HotkeySettings.model_fields)


class OverlaySettings(StrictModel):
    note_s: float = Field(default=1.5, ge=0, le=30, description="a number from 0 to 30: seconds a note stays, 0 = none")
    fade_frames: int = Field(
        default=6,
        ge=0,
        le=240,
        description="a whole number from 0 to 240: frames from one theme to the next, 0 = a cut",
    )
    strength_step: float = Field(default=0.1, ge=0.01, le=1, description="a number from 0.01 to 1: per key press")
    only_in_front: bool = Field(
        default=True, description="true or false: on Windows, hide the overlay while another window is in front"
    )


class StreamSettings(StrictModel):
    obs: bool = Field(default=False, description="true or false: serve the pages for OBS at every run, as --obs does")
    port: int = Field(default=24024, ge=0, le=65535, description="a port, 0 to 65535; 0 takes any that is free")
    quality: int = Field(default=80, ge=30, le=95, description="30 to 95: of the JPEG pictures")


class EngineSettings(StrictModel):
    url: str = Field(
        default="", max_length=4000, description='the link of a `reskin serve` that paints, or "" for this machine'
    )
    fingerprint: str = Field(
        default="", max_length=120, description='SHA-256 of its certificate, or "" for the one it showed first'
    )
    mbit: float = Field(
        default=UP_MBIT, ge=0.5, le=100, description="0.5 to 100: of video to it, in Mbit/s at 1280x720"
    )
    fallback: Fallback = Field(
        default="local", description='while it is silent: "local" (this machine paints) or "game" (the game itself)'
    )


class SafetySettings(StrictModel):
    flash_limiter: FlashProfile = Field(
        default="broadcast",
        description='"broadcast" (flashes over a quarter of the screen), "strict" (WCAG\'s smaller window), or "off"',
    )


class Settings(StrictModel):
    theme: str = Field(
        default="elden-dusk", min_length=1, max_length=300, description="a theme's id, or the path of a .toml file"
    )
    preset: Annotated[str, AfterValidator(_checked_preset)] = Field(
        default="lite", description="one of " + ", ".join(PLAYABLE)
    )
    screenshots: str = Field(
        default="", max_length=300, description='a folder for screenshots, or "" for the pictures folder'
    )
    hotkeys: HotkeySettings = Field(default=HotkeySettings(), description="a table")
    overlay: OverlaySettings = Field(default=OverlaySettings(), description="a table")
    stream: StreamSettings = Field(default=StreamSettings(), description="a table")
    safety: SafetySettings = Field(default=SafetySettings(), description="a table")
    engine: EngineSettings = Field(default=EngineSettings(), description="a table")

    def screenshot_folder(self) -> Path:
        """Where screenshots go; may not exist yet."""
        if self.screenshots:
            return Path(self.screenshots).expanduser()
        import platformdirs

        return platformdirs.user_pictures_path() / "Reskin"


def settings_path() -> Path:
    """The settings file; may not exist. RESKIN_HOME moves it."""
    return place("config", "settings.toml")


def load_settings(path: Path | None = None) -> Settings:
    """The settings in `path`, or in the usual file where there is one, else the defaults; SettingsError if broken."""
    if path is None:
        path = settings_path()
        if not path.exists():
            return Settings()
    return read_model(path, Settings, SettingsError, "settings file")


def parse_settings(text: str) -> Settings:
    return parse_model(text, Settings, SettingsError, "settings")


def write_settings(path: Path, settings: Settings) -> None:
    """Makes the folder too; SettingsError when it cannot be written."""
    write_text(path, commented_settings(settings), SettingsError, "give RESKIN_HOME a folder that can be written")


def commented_settings(settings: Settings) -> str:
    """A settings file that says what `settings` does, each key under a comment saying what it takes."""
    blocks = ["# Settings of Reskin. A line that is taken out falls back to its default.", *_lines(settings)]
    for name in ("hotkeys", "overlay", "stream", "safety", "engine"):
        note = [f"# each is {CHORD}"] if name == "hotkeys" else []
        blocks += ["", f"[{name}]", *note, *_lines(getattr(settings, name))]
    return "\n".join(blocks) + "\n"


def _lines(part: StrictModel) -> list[str]:
    lines = []
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        if isinstance(value, StrictModel):
            continue
        lines += [f"# {field.description}"] if field.description and field.description != CHORD else []
        lines.append(f"{key} = {toml_value(value)}")
    return lines
