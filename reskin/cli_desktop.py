"""The commands of a desktop: the launcher, which is also what `reskin` alone opens, and the self-test of a PC."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reskin.cli_play import play
from reskin.errors import ReskinError

if TYPE_CHECKING:
    from reskin.selftest.run import Outcome

_MARKS = {"ok": "ok", "failed": "FAILED", "skipped": "skipped"}


@click.command()
@click.option("--engine", default="reskin.engine_renderer:create_live", hidden=True)
@click.option("--seconds", type=float, hidden=True)
def launcher(engine: str, seconds: float | None) -> None:
    """Choose a window and a look by mouse, and start."""
    from reskin.launcher.run import choose
    from reskin.settings import load_settings

    settings, message = load_settings(), ""
    while (chosen := choose(settings, engine, message)) is not None:
        try:
            return play(settings, window=str(chosen.window), theme=chosen.theme, engine=engine, seconds=seconds)
        except ReskinError as error:  # told where the player looks: a double-clicked program's text is gone at once
            message = str(error)
            click.echo(f"reskin: {message}", err=True)
    return None


def has_desktop() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY"))


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The folder that the report goes to. Default: here.",
)
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=5.0, show_default=True, help="Seconds of play to measure."
)
@click.pass_context
def selftest(ctx: click.Context, out: Path, seconds: float) -> None:
    """Check on this PC that everything works.

    Opens a small test game, captures, covers and clicks it, presses a key, and plays for some seconds: hands off
    meanwhile. Says what failed and what to do, and writes reskin-selftest.json and a picture to send along.
    """
    from reskin.selftest.checks import CHECKS
    from reskin.selftest.desk import Desk
    from reskin.selftest.report import write
    from reskin.selftest.run import Limits, run_checks

    click.echo("Hands off mouse and keyboard for about half a minute, please.")
    outcomes, pictures = run_checks(CHECKS, Desk(), Limits(play_s=seconds), tell)
    told, picture = write(out, outcomes, pictures)
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    click.echo(f"\nreport: {told}" + (f"\npicture: {picture}" if picture else ""))
    click.echo("Everything works." if not failed else f"{len(failed)} of {len(outcomes)} checks failed.")
    ctx.exit(1 if failed else 0)


def tell(name: str, outcome: Outcome | None) -> None:
    """A line for each check: its name at once, its outcome when there is one."""
    if outcome is None:
        click.echo(f"{name:14} ... ", nl=False)
        return
    style = {"ok": "green", "failed": "red", "skipped": "yellow"}[outcome.state]
    click.secho(f"{_MARKS[outcome.state]:8}", fg=style, nl=False)
    click.echo(outcome.text)
    if outcome.do:
        click.echo(f"{'':18} what to do: {outcome.do}")
