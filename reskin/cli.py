"""The command line: what a person types, and nothing else. Every import of weight is inside the command that needs it,
so `reskin --help` takes a fifth of a second.

Text for people goes to stdout, errors and progress to stderr. Errors that Reskin raises on purpose end as their text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import reskin
from engine.config import PRESETS
from reskin.errors import ReskinError

if TYPE_CHECKING:
    from reskin.frame import Region
    from reskin.settings import Settings
    from reskin.status import Status
    from reskin.themes import Theme

EXIT_CODES = """\b
Exit codes:
  0    done
  1    something could not be done; the text says what and why
  2    the command was not understood
  130  ended by Ctrl-C, after cleaning up"""

FILE = click.Path(dir_okay=False, path_type=Path)


class ReskinGroup(click.Group):
    """Turns our own errors, and Ctrl-C, into exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ReskinError as error:
            click.echo(f"reskin: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            ctx.exit(130)


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
    return click.option("--theme", metavar="NAME", help="A theme's id or a .toml file. Default: from the settings.")(
        command
    )


def preset_option(command: Any) -> Any:
    presets = click.Choice(list(PRESETS))
    return click.option("--preset", type=presets, help="The engine's size. Default: from the settings.")(command)


def live_options(command: Any) -> Any:
    """What `run` and `demo` share."""
    seconds = click.FloatRange(min=0, min_open=True)
    for option in (
        click.option("--record", type=FILE, help="Write what is shown into a video, such as out.mp4."),
        click.option("--shot", type=FILE, help="Write the last picture shown into a .png file."),
        click.option("--seconds", type=seconds, help="End after so long. Default: run until you quit."),
        click.option("--strength", type=click.FloatRange(0, 1), help="0 the game as it is, 1 the theme alone."),
        preset_option,
        theme_option,
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(cls=ReskinGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(reskin.__version__, message="reskin %(version)s")
def cli() -> None:
    """Play any game in another world's skin, live."""


@cli.command()
@click.argument("window", required=False)
@click.option("--region", type=RegionType(), help="A rectangle of the screen in pixels, instead of a window.")
@live_options
def run(window: str | None, region: Region | None, **options: Any) -> None:
    """Reskin a running game.

    WINDOW is a part of the title of its window, its class, or its id; `reskin windows` lists them.
    """
    if (window is None) == (region is None):
        raise click.UsageError("give either a WINDOW (`reskin windows` lists them) or --region X,Y,W,H.")
    from reskin.app import RunOptions
    from reskin.app import run as run_app

    settings = _settings()
    _say_status(
        run_app(RunOptions(window=window, region=region, settings=settings, **_with_defaults(options, settings)))
    )


@cli.command()
@click.option("--size", type=SizeType(), default="1280x720", show_default=True, help="Of the demo game's window.")
@click.option("--headless", is_flag=True, help="On a virtual screen of its own, also where there is a real one.")
@live_options
def demo(size: tuple[int, int], headless: bool, **options: Any) -> None:
    """Start the bundled game and reskin it.

    WASD to walk; it walks by itself when left alone.
    """
    settings = _settings()
    options = _with_defaults(options, settings)
    from reskin.demo import run_demo

    _say_status(run_demo(size=size, headless=headless, settings=settings, **options))


@cli.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("target", metavar="OUT", type=FILE)
@theme_option
@preset_option
def render(source: Path, target: Path, theme: str | None, preset: str | None) -> None:
    """Reskin a video, with its sound, or a single picture."""
    settings = _settings()
    chosen = _theme(theme or settings.theme)
    from reskin import engine_renderer
    from reskin.cli_output import render_progress
    from reskin.render import render_file

    with render_progress(source.name, chosen.name) as progress:
        done = render_file(source, target, chosen, engine_renderer.create(preset or settings.preset), progress)
    frames = "1 picture" if done.frames == 1 else f"{done.frames} frames"
    click.echo(f"{target}: {frames} of {done.size[0]}x{done.size[1]} in {chosen.name}")


@cli.command()
@json_option
def windows(as_json: bool) -> None:
    """List the windows that can be reskinned."""
    from reskin.cli_output import print_json, window_json
    from reskin.platforms import list_windows

    found = list_windows()
    if as_json:
        return print_json([window_json(window) for window in found])
    for window in found:
        click.echo(str(window))
    if not found:
        click.echo("There are no windows; start the game first, in a window or borderless.")
    return None


@cli.command()
@click.argument("name", required=False)
@json_option
def themes(name: str | None, as_json: bool) -> None:
    """List the themes, or show one in full."""
    from reskin.cli_output import print_json, print_theme, print_themes, theme_json
    from reskin.themes import all_themes, find_theme, load_theme

    if name is not None:
        path = find_theme(name)
        theme = load_theme(path)
        return print_json(theme_json(path, theme)) if as_json else print_theme(path, theme)
    found = {path: _theme_or_error(path) for path in all_themes().values()}
    if as_json:
        return print_json([theme_json(path, theme) for path, theme in found.items()])
    return print_themes(found)


@cli.group()
def theme() -> None:
    """Work on theme files."""


@theme.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Say whether theme files can be used.

    Tells every mistake's line and what was expected there.
    """
    broken = 0
    for path in files:
        found = _theme_or_error(path)
        if isinstance(found, ReskinError):
            broken += 1
            click.echo(str(found), err=True)
        else:
            named = len(found.material.named())
            click.echo(f"{path}: {found.name}, {named} materials named, the others derived")
    ctx.exit(1 if broken else 0)


@cli.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what works here, and why not faster.

    What was chosen for capture, overlay, hotkeys and engine, and what stood against the faster choice.
    """
    from reskin.cli_output import print_json, print_report, report_json
    from reskin.doctor import report

    found = report()
    return print_json(report_json(found)) if as_json else print_report(found)


@cli.command()
@click.argument("image", type=FILE)
@click.option("--out", type=FILE, help="An (h, w) uint8 .npy array of indices into engine.config.MATERIALS.")
@click.option("--png", type=FILE, help="The same as a picture, one colour a material.")
def read(image: Path, out: Path | None, png: Path | None) -> None:
    """Say what the engine sees in a picture.

    Which material every pixel is, as an array, as a picture, and as shares.
    """
    if out is None and png is None:
        raise click.UsageError("give --out materials.npy, --png materials.png, or both.")
    from reskin import engine_renderer
    from reskin.cli_output import print_shares, write_array
    from reskin.render import read_picture, write_picture

    materials = engine_renderer.read_materials(read_picture(image))
    if out is not None:
        write_array(out, materials)
    if png is not None:
        write_picture(png, engine_renderer.MATERIAL_COLORS[materials][..., ::-1])
    print_shares(materials)


@cli.command()
@click.option("--write", is_flag=True, help="Write a commented settings file, if there is none yet.")
def settings(write: bool) -> None:
    """Print the settings in effect and their file."""
    from reskin.settings import commented_settings, settings_path, write_settings

    path = settings_path()
    if write and not path.exists():
        write_settings(path, _settings())
        click.echo(f"# written: {path}")
    else:
        click.echo(f"# {path}" + ("" if path.exists() else " (not there; these are the defaults)"))
    click.echo(commented_settings(_settings()), nl=False)


@cli.command()
def paths() -> None:
    """Print where Reskin's files lie."""
    from reskin.settings import settings_path
    from reskin.themes import shipped_theme_folder, user_theme_folder

    places = {
        "settings": settings_path(),
        "own themes": user_theme_folder(),
        "shipped themes": shipped_theme_folder(),
        "screenshots": _settings().screenshot_folder(),
    }
    for name, path in places.items():
        click.echo(f"{name:15} {path}" + ("" if path.exists() else " (not there yet)"))


def _settings() -> Settings:
    from reskin.settings import load_settings

    return load_settings()


def _theme(name: str) -> Theme:
    from reskin.themes import find_theme, load_theme

    return load_theme(find_theme(name))


def _theme_or_error(path: Path) -> Theme | ReskinError:
    from reskin.themes import load_theme

    try:
        return load_theme(path)
    except ReskinError as error:
        return error


def _with_defaults(options: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The options with what was not said taken from the settings; a wrong theme is told before anything starts."""
    theme = options["theme"] or settings.theme
    _theme(theme)
    return options | {"theme": theme, "preset": options["preset"] or settings.preset}


def _say_status(status: Status) -> None:
    from reskin.cli_output import print_status

    print_status(status)


def main() -> None:
    cli(prog_name="reskin")
