"""The command `reskin launcher`, which is also what `reskin` alone does on a desktop."""

from __future__ import annotations

import os
import sys

import click


@click.command()
@click.option("--engine", default="reskin.engine_renderer:create_live", hidden=True)
@click.option("--seconds", type=float, hidden=True)
def launcher(engine: str, seconds: float | None) -> None:
    """Choose a window and a look by mouse, and start."""
    from reskin.app import RunOptions, run
    from reskin.cli_output import print_status
    from reskin.launcher.run import choose
    from reskin.settings import load_settings

    settings = load_settings()
    chosen = choose(settings, engine)
    if chosen is None:
        return
    status = run(
        RunOptions(
            window=str(chosen.window), theme=chosen.theme, engine=engine, seconds=seconds, settings=settings,
        )
    )  # fmt: skip
    print_status(status)


def has_desktop() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY"))
