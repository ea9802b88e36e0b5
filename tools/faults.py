"""Causes every fault that a player can meet, for real, and reads from the X server when the untouched game was back.

    python -m tools.faults                          # all of them, some five minutes
    python -m tools.faults --only "engine dead" --times 5

Each fault has a desktop of its own (Xvfb, openbox, the bundled game, two monitors side by side) and a `reskin run` over
the game. Told is: the ms until the untouched game was seen, as tools/faults_screen.py sees it, and at most how much of
that is its own slowness (the way to the look before); the state in words, and whether they stood over the untouched
game; and the seconds until the skin was on the game again, from the cause's end, or from the cause where the app itself
must end it. Exit status 1 where a fault takes longer than its bound, 250 ms but for those that say why, or where the
skin does not come back. A table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from reskin.renderer import LIVE_ENGINE
from tools.chaos import DemoDesktop
from tools.faults_app import App
from tools.faults_causes import FAULTS, NO_ANSWER_MS, Bench, Fault, why_not
from tools.faults_screen import Screen

SIZE_PX = (640, 360)
SCREEN_PX = (1440, 480)  # two monitors of 720
SETTLED_S = 2.0  # with the skin on, before anything happens: its first paintings may be late
BACK_LIMIT_S = 60.0


@dataclass(kw_only=True)
class Outcome:
    fault: Fault
    untouched_ms: list[float] = field(default_factory=list)  # one a time; inf where it was not seen
    error_ms: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)  # likewise
    words: list[str] = field(default_factory=list)  # of the first time
    on_screen: bool = False

    @property
    def passes(self) -> bool:
        is_back = not self.fault.returns or NO_ANSWER_MS not in self.back_s
        return is_back and all(ms <= self.fault.bound_ms for ms in self.untouched_ms)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", action="append", choices=list(FAULTS), help="may be given again")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--engine", default=LIVE_ENGINE, help="as `reskin run` has it (default %(default)s)")
    options = parser.parse_args()
    outcomes, not_run = [], {}
    for name in options.only or FAULTS:
        if why := why_not(name):
            not_run[name] = why
            continue
        outcome = Outcome(fault=FAULTS[name])
        for _ in range(options.times):
            measure(outcome, options.engine)
        outcomes.append(outcome)
        print(_row(outcome), flush=True)
    for name, why in not_run.items():
        print(f"NOT RUN  {name}: {why}")
    for fault in (outcome.fault for outcome in outcomes if outcome.fault.reason):
        print(f"{fault.name}, {fault.bound_ms:g} ms: {fault.reason}")
    passes = all(outcome.passes for outcome in outcomes)
    print(json.dumps({"passes": passes, "faults": [_figures(outcome) for outcome in outcomes], "not_run": not_run}))
    return 0 if passes else 1


def measure(outcome: Outcome, engine: str) -> None:
    """Causes the fault once, on a desktop and with an app of its own, and adds what it took."""
    fault = outcome.fault
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="reskin-faults-")))
        desktop = parts.enter_context(DemoDesktop(SIZE_PX, SCREEN_PX))
        bench = parts.enter_context(Bench(desktop, folder))
        recording = bench.small_disk() / "play.mp4" if fault.fills_disk else None
        app = App(desktop.window.id, folder, engine=fault.engine or engine, recording=recording)
        bench.app = parts.enter_context(app)
        app.wait_for("active")
        bench.screen = parts.enter_context(Screen(desktop.name, desktop.window.id, pixels=fault.by_pixels))
        _settle(bench.screen)
        said_before = len(app.said)
        began_ns = fault.cause(bench)
        untouched_ms, error_ms = fault.measure(bench, began_ns)
        outcome.untouched_ms.append(untouched_ms)
        outcome.error_ms.append(error_ms)
        if fault.returns:
            outcome.back_s.append(_back_s(bench, fault, began_ns, untouched_ms))
        if not outcome.words:
            outcome.words = [text for _, text in app.said[said_before:] if text != "active"] + _besides(app, fault)
        outcome.on_screen |= any(look.is_bare and look.overlay for look in bench.screen.looks if look.at_ns > began_ns)


def _settle(screen: Screen) -> None:
    """Until the skin has been on for a while without a break."""
    after_ns = time.monotonic_ns()
    end_ns = after_ns + int(BACK_LIMIT_S * 1e9)
    while time.monotonic_ns() < end_ns:
        time.sleep(SETTLED_S)
        recent = [look for look in screen.looks if look.at_ns > time.monotonic_ns() - SETTLED_S * 1e9]
        if recent and all(look.has_skin for look in recent):
            return
    raise TimeoutError(f"waiting for the skin: it was not on for {SETTLED_S:g} s; the last look: {screen.looks[-1:]}")


def _back_s(bench: Bench, fault: Fault, began_ns: int, untouched_ms: float) -> float:
    """From the cause's end, or from the cause where the app itself ends it."""
    if untouched_ms == NO_ANSWER_MS:
        return NO_ANSWER_MS
    time.sleep(max(0.0, fault.stands_s - (time.monotonic_ns() - began_ns) / 1e9))
    ended_ns = fault.cure(bench) or began_ns
    from_ns = max(ended_ns, began_ns + int(untouched_ms * 1e6))
    back = bench.screen.first(lambda look: look.has_skin, after_ns=from_ns, limit_s=BACK_LIMIT_S)
    return (back.at_ns - ended_ns) / 1e9 if back else NO_ANSWER_MS


def _besides(app: App, fault: Fault) -> list[str]:
    """What is told elsewhere than as a state."""
    if app.process.poll() is not None:
        return app.errors.splitlines()[-1:]
    status = app.status()
    failures = [str(text) for text in status["failures"]]
    return [*failures, *([f"quality {status['quality']}"] if status["quality"] else [])]


def _row(outcome: Outcome) -> str:
    fault = outcome.fault
    since = "its end" if fault.stands_s else "the cause"
    return (
        f"{'ok  ' if outcome.passes else 'FAIL'} {fault.name:36}{_spread(outcome.untouched_ms, 0):>10} ms "
        f"(-{max(outcome.error_ms):.0f}), of {fault.bound_ms:g}; skin back {_spread(outcome.back_s, 1):>8} s "
        f"from {since}{'; said over the game' if outcome.on_screen else ''}: {' | '.join(outcome.words)}"
    )


def _spread(values: list[float], digits: int) -> str:
    """Median and worst, or the one value that there is."""
    if not values:
        return "-"
    middle, worst = (f"{value:.{digits}f}" for value in (median(values), max(values)))
    return middle if len(values) == 1 else f"{middle}, {worst}"


def _figures(outcome: Outcome) -> dict[str, object]:
    return {
        "fault": outcome.fault.name, "passes": outcome.passes, "bound_ms": outcome.fault.bound_ms,
        "untouched_ms": [round(ms, 1) for ms in outcome.untouched_ms],
        "error_ms": [round(ms, 1) for ms in outcome.error_ms],
        "back_s": [round(s, 2) for s in outcome.back_s], "words": outcome.words, "on_screen": outcome.on_screen,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
