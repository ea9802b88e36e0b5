"""`reskin theme ...`: make, check, show, preview and edit theme files. What a person types, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reskin.cli_options import FILE, new_prompt_option, preset_option, preview_prompt_option
from reskin.errors import ReskinError

if TYPE_CHECKING:
    from reskin.themes import Theme

PICTURE_OR_CLIP = "A picture or a video of your own to look at. Default: the bundled demo game."
out_option = click.option("--out", type=FILE, help="A .toml file that is not there yet. Default: it is printed.")


@click.group()
def theme() -> None:
    """Make, check, show, preview and edit themes."""


@theme.command()
@click.argument("name")
@click.option("--from", "start", metavar="THEME", help="Begin with a copy of this one, its comments too.")
@new_prompt_option
def new(name: str, start: str | None, prompt: str | None) -> None:
    """Make a theme of your own to start from.

    A commented file in the folder of your own themes; one that is there already is kept.
    """
    from reskin.theme_start import hides_shipped, new_theme

    path = new_theme(name, start=start, prompt=prompt)
    if prompt:
        tell_note(prompt)
    own = path.stem
    click.echo(f"made: {path}")
    if hides_shipped(path):
        click.echo(f"It stands before the theme {own} that comes with Reskin.")
    click.echo("Next:")
    for command, what in (
        (f"reskin theme edit {own}", "change it with sliders beside a live picture"),
        (f"reskin theme preview {own}", "a picture of it, before and after"),
        (f"reskin demo --theme {own}", "play in it; saving the file changes the game at once"),
    ):
        click.echo(f"  {command:32}  {what}")


@theme.command()
@click.argument("files", nargs=-1, required=True, metavar="THEME...")
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], strict: bool) -> None:
    """Say whether theme files can be used.

    Tells every mistake's line and what was expected there, and warns of what can be used but hardly seen: things that
    look alike, ramps the wrong way round, keys that change nothing. A hint names the keys that only the Painter heeds.
    """
    from reskin.theme_check import checked

    broken = warned = 0
    for name in files:
        try:
            path, found, warnings, hint = checked(name)
        except ReskinError as error:
            broken += 1
            click.echo(str(error), err=True)
            continue
        named = len(found.material.named())
        others = "" if named == len(found.materials()) else ", the others derived"
        click.echo(f"{path}: {found.name}, {named} materials named{others}")
        for warning in warnings:
            warned += 1
            click.echo(f"  warning: {warning}", err=True)
        if hint:
            click.echo(f"  hint: {hint}")
    ctx.exit(1 if broken or (strict and warned) else 0)


@theme.command()
@click.argument("name", metavar="THEME")
def show(name: str) -> None:
    """Print a whole theme, and where every value is from.

    As TOML that can be saved and used; each line says whether it is the file's, the prompt's, a default or derived.
    """
    from reskin.cli_output import print_toml
    from reskin.theme_origins import origins_of
    from reskin.themes import find_theme

    path = find_theme(name)
    found = origins_of(path)
    counts = ", ".join(f"{count} {kind}" for kind, count in found.count().items())
    print_toml(f"# {path}\n# where the values are from: {counts}\n{found.toml()}")


@theme.command()
@click.argument("name", metavar="THEME")
@click.option("--on", "source", type=FILE, help=PICTURE_OR_CLIP)
@click.option("--out", type=FILE, help="A .png or .jpg, or a .mp4 for a clip; written over. "
              "Default: THEME-preview.png here.")  # fmt: skip
@click.option(
    "--frames",
    type=click.IntRange(min=1),
    help="Of a clip: its length. Of a still: which frame it shows, counted after the first six.",
)
@preview_prompt_option
@preset_option
def preview(
    name: str, source: Path | None, out: Path | None, frames: int | None, prompt: str | None, preset: str | None
) -> None:
    """Show a theme with no game running: before and after.

    A still, or a clip when --out names a video.
    """
    from reskin import engine_renderer
    from reskin.cli_output import render_progress
    from reskin.preview import write_preview
    from reskin.settings import load_settings
    from reskin.themes import find_theme, load_theme

    path = find_theme(name)
    chosen = load_theme(path, prompt or "")
    if prompt:
        tell_note(prompt)
    target = out or Path(f"{path.stem}-preview.png")
    with render_progress(source.name if source else "the demo game", chosen.name) as progress:
        settings = load_settings()
        renderer = engine_renderer.create(preset or settings.preset)
        done = write_preview(
            target, chosen, renderer, progress, source=source, frames=frames,
            flash_limiter=settings.safety.flash_limiter,
        )  # fmt: skip
    frames_told = "1 picture" if done.frames == 1 else f"{done.frames} frames"
    click.echo(f"{target}: {frames_told} of {done.size_px[0]}x{done.size_px[1]}, before and after, in {chosen.name}")


@theme.command()
@click.argument("name", metavar="THEME")
@click.option("--on", "source", type=FILE, help=PICTURE_OR_CLIP)
@preset_option
def edit(name: str, source: Path | None, preset: str | None) -> None:
    """Change a theme with sliders beside a live picture.

    Saves into the theme's file and keeps its comments; a theme that comes with Reskin becomes a copy of your own.
    """
    from reskin import engine_renderer
    from reskin.editor.open import edit_theme, target_of
    from reskin.settings import load_settings
    from reskin.themes import find_theme

    settings = load_settings()
    chosen = preset or settings.preset
    edit_theme(name, lambda: engine_renderer.create(chosen), source, settings.safety.flash_limiter)
    target = target_of(find_theme(name))
    if target.exists():
        click.echo(f"{target}")


@theme.command("from-image")
@click.argument("picture", type=FILE)
@click.option("--name", help="Of the theme; the file's name when left out.")
@out_option
def from_image(picture: Path, name: str | None, out: Path | None) -> None:
    """Print a theme with the colours and the light of a picture.

    `reskin theme from-image shot.png --out my.toml` makes a file to edit; its comments say what was found.
    """
    from reskin.theme_from_image import theme_from_picture
    from reskin.theme_writer import theme_toml

    found = theme_from_picture(picture, name)
    if found.doubt:
        click.echo(f"reskin: {found.doubt}", err=True)
    _print_or_write(theme_toml(found.theme, found.notes), out)


@theme.command()
@click.argument("prompt")
@out_option
def bake(prompt: str, out: Path | None) -> None:
    """Write the theme that a prompt gives as TOML, to edit.

    reskin theme bake "a warm autumn afternoon" --out autumn.toml
    """
    from reskin.prompts.bake import bake as baked
    from reskin.themes import prompted_theme

    tell_note(prompt)
    _print_or_write(baked(prompted_theme(prompt)), out)


def _print_or_write(text: str, out: Path | None) -> None:
    from reskin.theme_start import write_new

    if out is None:
        click.echo(text, nl=False)
    else:
        write_new(out, text, str(out))
        click.echo(f"made: {out}")


def tell_note(prompt: str) -> None:
    """Says what of the prompt was not understood."""
    from reskin.prompts import prompt_theme

    note = prompt_theme(prompt).note
    if note:
        click.echo(f"reskin: {note}", err=True)


def theme_or_error(path: Path) -> Theme | ReskinError:
    from reskin.themes import load_theme

    try:
        return load_theme(path)
    except ReskinError as error:
        return error
