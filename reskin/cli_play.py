"""One run as a person starts it, from a command or from the launcher: its log, its warnings, and how it ended in words.

Knows nothing of what is played; whoever calls has read that from options or from a board.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from reskin.cli_engine import chosen_engine
from reskin.errors import ReskinError

if TYPE_CHECKING:
    from reskin.settings import Settings


def play(settings: Settings, *, preset: str | None = None, **options: Any) -> None:
    """Runs the app with the fields of `RunOptions`, and with those of `cli_engine`.

    ReskinError when it cannot begin, or when a sink has failed on the way; KeyboardInterrupt when it was ended from
    outside.
    """
    options["engine_address"] = chosen_engine(options, settings)
    from reskin.app import RunOptions, run
    from reskin.cli_output import print_status
    from reskin.crash_watch import log_end, recorded_run
    from reskin.flash_safety import opening_sentence, was_shown
    from reskin.gpu_presets import require_preset

    with recorded_run(asked_preset=preset, usual_preset=settings.preset) as advice:
        chosen = preset or advice.preset or settings.preset
        require_preset(chosen)  # before anything else is said
        opening = opening_sentence(settings.safety.flash_limiter)
        for warning in filter(None, (opening, *advice.warnings)):
            click.echo(f"reskin: {warning}", err=True)
        options |= {"preset": chosen, "warnings": advice.warnings}
        options |= {"opening": opening, "on_state": _tell_state, "tell": click.echo}
        status = run(RunOptions(settings=settings, **options))
        if status.shown:  # so there was a picture to say it over: a start that was refused has none
            was_shown(opening)
        log_end(status)
    print_status(status)
    if status.failures:
        raise ReskinError("; ".join(status.failures))
    if status.ended_because == "stopped":  # by Ctrl-C or SIGTERM: nothing else stops a run from outside
        raise KeyboardInterrupt


def _tell_state(text: str) -> None:
    """What is wrong, while the screen may have no place to say it."""
    from reskin.fault_states import UNSEEN

    if text.startswith(("lost", "fault")) or text.endswith(UNSEEN):
        with contextlib.suppress(OSError):  # the terminal was closed: the game is played on
            click.echo(f"reskin: {text}", err=True)
