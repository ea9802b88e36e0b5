"""The options that several commands share, and the values that click does not know: sizes and regions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.config import PLAYABLE
from reskin.cli_engine import engine_options

if TYPE_CHECKING:
    from reskin.frame import Region
    from reskin.timeline import Timeline


class FileType(click.Path):
    """A file, there or not yet; an empty name is told as one, where a path would make the folder "." of it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; expected the name of a file", param, ctx)
        return super().convert(value, param, ctx)


FILE = FileType()


class SizeType(click.ParamType):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        parts = str(value).lower().split("x")
        if len(parts) != 2 or not all(part.isdigit() and 16 <= int(part) <= 8192 for part in parts):
            self.fail(f"got {value!r}, expected a width and a height from 16 to 8192, such as 1280x720", param, ctx)
        return int(parts[0]), int(parts[1])


class RegionType(click.ParamType):
    name = "X,Y,W,H"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Region:
        from reskin.frame import Region

        try:
            x, y, w, h = (int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"got {value!r}, expected four whole numbers in pixels, such as 0,0,1280,720", param, ctx)
        if w < 1 or h < 1:
            self.fail(f"got a region of {w}x{h} pixels, expected a width and a height of at least 1", param, ctx)
        return Region(x, y, w, h)


def theme_option(command: Any) -> Any:
    return _theme_option(command, "from the settings")


def _theme_option(command: Any, default: str) -> Any:
    text = f"A theme's id or a .toml file. Default: {default}."
    return click.option("--theme", metavar="NAME", help=text)(command)


def live_theme_option(command: Any) -> Any:
    return _theme_option(command, "the game's profile's, else from the settings")


def prompt_option(command: Any) -> Any:
    beside = "With --theme it fills in what that theme leaves unsaid: what a theme's file says wins."
    return _prompt_option(command, beside)


def new_prompt_option(command: Any) -> Any:
    return _prompt_option(command, "With --from it fills in what that theme leaves unsaid; comments are lost then.")


def preview_prompt_option(command: Any) -> Any:
    return _prompt_option(command, "It fills in what THEME leaves unsaid.")


def _prompt_option(command: Any, beside: str) -> Any:
    text = f'The look in a sentence, such as "a warm autumn afternoon". {beside}'
    return click.option("--prompt", metavar="TEXT", help=text, callback=_not_blank)(command)


def _not_blank(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter('it is empty; expected a look in a sentence, such as "a warm autumn afternoon"')
    return value


PRESET_HELP = (
    "lite reads the picture and paints by rule, nano adds a small diffusion network; small and base need a GPU and "
    "weights. Default: from the settings."
)


def preset_option(command: Any) -> Any:
    presets = click.Choice(PLAYABLE)
    return click.option("--preset", type=presets, help=PRESET_HELP)(command)


def fade_option(command: Any) -> Any:
    text = "Frames, 24 a second, in which one theme becomes the next; 0 is a cut. Default: from the settings."
    return click.option("--fade", "fade_frames", type=click.IntRange(0, 240), metavar="FRAMES", help=text)(command)


def timeline_option(command: Any) -> Any:
    text = (
        "Change themes by a .toml file of times, such as themes/timelines/show.toml: "
        '[[at]] time = "00:30" theme = "neon-rain", [[at]] time = "01:00" prompt = "a stormy night" fade_frames = 48.'
    )
    return click.option("--timeline", type=FILE, help=text, callback=_loaded_timeline)(command)


def _loaded_timeline(ctx: click.Context, param: click.Parameter, value: Path | None) -> Timeline | None:
    if value is None:
        return None
    from reskin.timeline import load_timeline

    return load_timeline(value)


def live_options(command: Any) -> Any:
    """What `run` and `demo` share."""
    seconds = click.FloatRange(min=0, min_open=True)
    for option in (
        click.option("--virtual-camera", is_flag=True, help="Be a webcam too. Needs reskin[camera], which is GPL-2."),
        click.option("--output-window", is_flag=True, help="A second, ordinary window with what is shown, to capture."),
        click.option("--record-split", is_flag=True, help="With --record: the game itself beside what is shown."),
        click.option("--obs", is_flag=True, help="Serve OBS and a control page, here alone; prints the links."),
        click.option("--record", type=FILE, help="Write what is shown into a video (.mp4, .mkv), over an old one."),
        click.option("--shot", type=FILE, help="Write the last picture shown into a .png file, over an old one."),
        click.option("--seconds", type=seconds, help="End after so many seconds of play. Default: run until you quit."),
        click.option("--strength", type=click.FloatRange(0, 1), help="0 the game as it is, 1 the theme alone. Default: "
                     "the game's profile's, else the theme's own."),
        timeline_option,
        fade_option,
        preset_option,
        engine_options,
        prompt_option,
        live_theme_option,
    ):  # fmt: skip
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
