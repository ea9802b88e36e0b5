"""The command line: what a person types, and nothing else. Every import of weight is inside the command that needs it,
so `reskin --help` takes a fifth of a second.

Text for people goes to stdout, errors and progress to stderr. Errors that Reskin raises on purpose end as their text.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import reskin
from reskin.cli_command import ProgramCommand, program
from reskin.cli_desktop import has_desktop, launcher, selftest
from reskin.cli_options import (
    FILE,
    RegionType,
    SizeType,
    json_option,
    live_options,
    preset_option,
    prompt_option,
    theme_option,
)
from reskin.cli_play import play
from reskin.cli_profile import profile
from reskin.cli_report import report
from reskin.cli_serve import invite, serve
from reskin.cli_theme import tell_note, theme, theme_or_error
from reskin.crash_stacks import show_crashes
from reskin.errors import ReskinError
from reskin.remedies import cache_remedy

if TYPE_CHECKING:
    from reskin.frame import Region
    from reskin.settings import Settings
    from reskin.themes import Theme
    from reskin.timeline import Timeline

EXIT_CODES = """\b
Exit codes:
  0    done; `reskin serve` also when SIGTERM ended it
  1    something could not be done; the text says what and why
  2    the command was not understood
  130  ended by Ctrl-C, after cleaning up"""


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
        except RuntimeError as error:  # click's own way to exit is one too
            remedy = cache_remedy(error)
            if not remedy:
                raise
            click.echo(f"reskin: {error}{remedy}", err=True)
            ctx.exit(1)


@click.group(
    cls=ReskinGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(reskin.__version__, message="reskin %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Play any game in another world's skin, live.

    Without a command, the launcher opens.
    """
    if ctx.invoked_subcommand is None:
        if not has_desktop():
            click.echo(ctx.get_help())
            click.echo(
                "reskin: no screen for the launcher (DISPLAY is not set); `reskin demo --headless` needs none.",
                err=True,
            )
            ctx.exit(2)
        ctx.invoke(launcher)


@cli.command(cls=ProgramCommand)
@click.argument("window", required=False)
@click.option("--region", type=RegionType(), help="On Windows: a rectangle of the screen, not a window; in pixels.")
@live_options
def run(window: str | None, region: Region | None, **options: Any) -> None:
    """Reskin a running game.

    WINDOW is a part of the title of its window, its class, or its id; `reskin windows` lists them. With -- PROGRAM the
    game is started, and Reskin ends with it.
    """
    command = program()
    given = sum((window is not None, region is not None, bool(command)))
    if given != 1:
        what = "a WINDOW (`reskin windows` lists them), --region X,Y,W,H on Windows, or -- PROGRAM to start a game."
        raise click.UsageError(f"give {'only one of' if given else 'what to reskin:'} {what}")
    _play(window=window, region=region, command=command, leave_game=True, **options)


@cli.command()
@click.option(
    "--size", "size_px", type=SizeType(), default="1280x720", show_default=True, help="Of the demo game's window."
)
@click.option("--headless", is_flag=True, help="On a virtual screen of its own, also where there is a real one.")
@live_options
def demo(size_px: tuple[int, int], headless: bool, **options: Any) -> None:
    """Start the bundled game and reskin it.

    WASD to walk; it walks by itself when left alone.
    """
    game = (sys.executable, "-m", "reskin.demo.game", "--size", f"{size_px[0]}x{size_px[1]}")
    is_unseen = headless or not has_desktop()
    if is_unseen:
        click.echo(
            "reskin: playing on a virtual screen that nobody sees (DISPLAY is not set, or --headless): --shot FILE.png "
            "or --record FILE.mp4 shows it, --seconds N or Ctrl-C ends it",
            err=True,
        )
    _play(command=game, headless=is_unseen, headless_size_px=size_px, **options)


@cli.command()
@click.argument("source", metavar="IN", type=FILE)
@click.argument("target", metavar="OUT", type=FILE)
@theme_option
@prompt_option
@preset_option
def render(source: Path, target: Path, theme: str | None, prompt: str | None, preset: str | None) -> None:
    """Reskin a video, with its sound, or a single picture.

    OUT is written over where it is there already.
    """
    settings = _settings()
    chosen = _chosen(theme, prompt, settings)
    from reskin import engine_renderer
    from reskin.cli_output import render_progress
    from reskin.render import render_file

    with render_progress(source.name, chosen.name) as progress:
        renderer = engine_renderer.create(preset or settings.preset)
        done = render_file(source, target, chosen, renderer, progress, settings.safety.flash_limiter)
    frames = "1 picture" if done.frames == 1 else f"{done.frames} frames"
    click.echo(f"{target}: {frames} of {done.size_px[0]}x{done.size_px[1]} in {chosen.name}")


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
    found = {path: theme_or_error(path) for path in all_themes().values()}
    if as_json:
        return print_json([theme_json(path, theme) for path, theme in found.items()])
    return print_themes(found)


cli.add_command(theme)


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
    from reskin.picture_file import read_picture, write_picture
    from reskin.views import MATERIAL_COLORS

    materials = engine_renderer.read_materials(read_picture(image))
    if out is not None:
        write_array(out, materials)
    if png is not None:
        write_picture(png, MATERIAL_COLORS[materials][..., ::-1])
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
    """Print where Reskin's files lie.

    RESKIN_HOME=FOLDER in the environment puts all of its own into that folder.
    """
    from reskin.launcher.memory import Memory
    from reskin.line_editor import history_path
    from reskin.log import log_folder
    from reskin.places import place
    from reskin.profiles import profile_folder
    from reskin.remote_engine.trust import known_servers_path
    from reskin.settings import settings_path
    from reskin.themes import shipped_theme_folder, user_theme_folder
    from reskin.web_parts.keys import key_path, serve_secret_path

    places = {
        "settings": settings_path(),
        "profiles": profile_folder(),
        "games' looks": Memory().path,
        "stream key": key_path(),
        "serve's secret": serve_secret_path(),
        "known servers": known_servers_path(),
        "own weights": place("data", "weights"),
        "own themes": user_theme_folder(),
        "shipped themes": shipped_theme_folder(),
        "screenshots": _settings().screenshot_folder(),
        "typed prompts": history_path(),
        "logs": log_folder(),
    }
    for name, path in places.items():
        click.echo(f"{name:15} {path}" + ("" if path.exists() else " (not there yet)"))


def _settings() -> Settings:
    from reskin.settings import load_settings

    return load_settings()


def _chosen(theme: str | None, prompt: str | None, settings: Settings) -> Theme:
    """What --theme and --prompt ask for: the theme's file first, the prompt for what it leaves unsaid."""
    from reskin.prompts.fill import NOTHING_UNSAID, prompt_changes
    from reskin.themes import find_theme, load_theme, prompted_theme

    if not prompt:
        return load_theme(find_theme(theme or settings.theme))
    if theme is None:
        tell_note(prompt)
        return prompted_theme(prompt)
    chosen = load_theme(find_theme(theme), prompt)
    tell_note(prompt)
    if not prompt_changes(chosen, prompt):
        click.echo(f"reskin: {NOTHING_UNSAID.format(chosen.name)}", err=True)
    return chosen


def _play(
    *, theme: str | None, prompt: str | None, preset: str | None, timeline: Timeline | None, **options: Any
) -> None:
    """Runs the app with the fields of `RunOptions`; what was not said comes from the settings."""
    if options["record_split"] and options["record"] is None:
        raise click.UsageError("--record-split says how to record; give --record FILE too.")
    settings = _settings()
    for note in timeline.notes if timeline else ():
        click.echo(f"reskin: {note}", err=True)
    _chosen(theme, prompt, settings)  # a wrong one is told before the app's second of loading
    options |= {"theme": theme or "", "prompt": prompt or ""}
    play(settings, preset=preset, timeline=timeline, **options)


cli.add_command(launcher)
cli.add_command(profile)
cli.add_command(report)
cli.add_command(selftest)
cli.add_command(serve)
cli.add_command(invite)


def main() -> None:
    show_crashes()
    cli(prog_name="reskin")
