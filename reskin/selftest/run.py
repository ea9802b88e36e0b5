"""Goes through the checks one by one and keeps what each found. Knows nothing of how that is shown or written."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from reskin.errors import ReskinError
from reskin.frame import Frame, Region
from reskin.platforms.base import Capture
from reskin.platforms.window_info import WindowInfo
from reskin.selftest.desk import Desk, GameProcess
from reskin.status import Status

T = TypeVar("T")
Figures = dict[str, float | int | str]
_SAMPLE_EVERY_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What must be kept; the tests on a busy machine take wider ones."""

    game_fps: float = 15.0  # distinct pictures captured a second; the game draws 60
    fps: float = 23.0
    missed_share: float = 0.05
    latency_ms: float = 150.0
    clock_ms: float = 2.0
    play_s: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    name: str
    state: str  # "ok", "failed" or "skipped"
    text: str  # what was found
    do: str = ""  # what to do about it
    seconds: float = 0.0
    figures: Figures = field(default_factory=dict)


class Failed(Exception):
    """A check that did not hold: what was found, and what to do."""

    def __init__(self, text: str, do: str, figures: Figures | None = None) -> None:
        super().__init__(text)
        self.do, self.figures = do, figures or {}


@dataclass
class Session:
    """What one check leaves to the next."""

    desk: Desk
    limits: Limits
    game: GameProcess | None = None
    window: WindowInfo | None = None
    capture: Capture | None = None
    status: Status | None = None
    pictures: dict[str, np.ndarray] = field(default_factory=dict)  # (h, w, 3) BGR by what they show
    parts: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def region(self) -> Region:
        """Where the test window is now."""
        assert self.capture is not None
        region = self.soon(self.capture.locate)
        if region is None:
            raise Failed(
                "the test window cannot be seen just now",
                "Leave mouse and keyboard alone during the test; run it again",
            )
        return region

    def soon(self, sample: Callable[[], T | None], limit_s: float | None = None) -> T | None:
        """The first answer that is true, or None after a while."""
        end_s = time.monotonic() + (self.desk.soon_s if limit_s is None else limit_s)
        while True:
            found = sample()
            if found:
                return found
            if time.monotonic() >= end_s:
                return None
            time.sleep(_SAMPLE_EVERY_S)

    def frame(self, is_right: Callable[[Frame], bool], limit_s: float | None = None) -> Frame | None:
        """The first picture captured of which that is true."""

        def sample() -> Frame | None:
            assert self.capture is not None
            frame = self.capture.grab()
            return frame if frame is not None and is_right(frame) else None

        return self.soon(sample, limit_s)


@dataclass(frozen=True)
class Check:
    name: str
    needs: tuple[str, ...]
    run: Callable[[Session], tuple[str, Figures]]


def run_checks(
    checks: Sequence[Check], desk: Desk, limits: Limits, tell: Callable[[str, Outcome | None], None]
) -> tuple[list[Outcome], dict[str, np.ndarray]]:
    """Every check's outcome, and the pictures taken. `tell` hears a name when it begins, and again with its outcome."""
    session = Session(desk, limits)
    outcomes: dict[str, Outcome] = {}
    with session.parts:
        for check in checks:
            tell(check.name, None)
            lacking = [need for need in check.needs if outcomes[need].state != "ok"]
            if lacking:
                outcome = Outcome(name=check.name, state="skipped", text=f"it needs {' and '.join(lacking)}")
            else:
                outcome = _outcome(check, session)
            outcomes[check.name] = outcome
            tell(check.name, outcome)
    return list(outcomes.values()), session.pictures


def _outcome(check: Check, session: Session) -> Outcome:
    began_s = time.monotonic()

    def outcome(state: str, text: str, do: str = "", figures: Figures | None = None) -> Outcome:
        seconds = round(time.monotonic() - began_s, 2)
        return Outcome(name=check.name, state=state, text=text, do=do, seconds=seconds, figures=figures or {})

    try:
        text, figures = check.run(session)
        return outcome("ok", text, figures=figures)
    except Failed as failed:
        return outcome("failed", str(failed), failed.do, failed.figures)
    except ReskinError as error:
        return outcome("failed", str(error), "Do what this text says, then run the test again")
    except Exception as error:  # noqa: BLE001  whatever breaks on somebody's PC must reach the report
        return outcome(
            "failed", f"{type(error).__name__}: {error}", "This is a bug of Reskin's: please send the report"
        )
