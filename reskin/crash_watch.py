"""Around a run: its log, and what the run before left behind. What `reskin run` and `reskin demo` play inside.

After a crash the player is told once, in a note and on the terminal, and nothing has to be clicked away. After three in
a row the lightest preset is taken, unless one was asked for by name; a run that ends well brings the usual one back.
"""

from __future__ import annotations

import contextlib
import logging
import platform
from collections.abc import Iterator
from dataclasses import dataclass

import reskin
from reskin.errors import CaptureError, ReskinError
from reskin.last_run import LastRuns, RunMarker
from reskin.log import app_log, log_folder
from reskin.redact import without_titles
from reskin.status import Status

SAFE_PRESET = "lite"
CRASHES_TO_SAFE = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class StartAdvice:
    """How this run shall begin."""

    preset: str  # "": as usual
    warnings: tuple[str, ...]


@contextlib.contextmanager
def recorded_run(*, asked_preset: str | None, usual_preset: str) -> Iterator[StartAdvice]:
    """An exception that is not ours, or a kill, is a crash; our own errors, Ctrl-C and SIGTERM are not."""
    with app_log():
        marker = RunMarker(log_folder())
        advice = advise(marker.begin(), asked_preset=asked_preset, usual_preset=usual_preset)
        _log.info("reskin %s begins, python %s, %s", reskin.__version__, platform.python_version(), platform.platform())
        for warning in advice.warnings:
            _log.warning("%s", warning)
        try:
            yield advice
        except ReskinError as error:
            _log.error("ended: %s: %s", type(error).__name__, error_text(error))
            marker.end()
            raise
        except Exception as error:
            _log.exception("ended by an exception that nobody expected")
            marker.end(by=type(error).__name__)
            raise
        except BaseException:  # Ctrl-C, SIGTERM
            _log.info("ended from outside")
            marker.end()
            raise
        marker.end()


def advise(last: LastRuns, *, asked_preset: str | None, usual_preset: str) -> StartAdvice:
    if not last.crashed and last.in_a_row < CRASHES_TO_SAFE:
        return StartAdvice(preset="", warnings=())
    how = f"ended by an error ({last.by})" if last.by else "did not end properly"
    told = f"Reskin {how} last time. `reskin report` makes a file about it, for an issue"
    if last.in_a_row < CRASHES_TO_SAFE or asked_preset or usual_preset == SAFE_PRESET:
        return StartAdvice(preset="", warnings=(told,) if last.crashed else ())
    safe = (
        f"Reskin {how} {last.in_a_row} times in a row: this time with the preset {SAFE_PRESET}. --preset overrules it"
    )
    return StartAdvice(preset=SAFE_PRESET, warnings=(f"{safe}. `reskin report` makes a file about it, for an issue",))


def log_end(status: Status) -> None:
    _log.info(
        "ended: %s; %d of %d ticks missed, engine died %d times and raised %d errors, quality %d, frames of %dx%d",
        without_titles(status.ended_because), status.missed, status.ticks, status.engine_deaths, status.engine_errors,
        status.quality, *status.size[::-1],
    )  # fmt: skip


def error_text(error: ReskinError) -> str:
    """Without what a window is called: those of the capture tell of nothing else."""
    return "(its text tells of windows)" if isinstance(error, CaptureError) else without_titles(str(error))
