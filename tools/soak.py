"""Plays the demo for a long time and fails when anything grows: memory, handles, threads, latency.

    python -m tools.soak --minutes 120 --chaos-every 20
    python -m tools.soak --minutes 4 --plant-leak 60      # the gate itself: must fail
    python -m tools.soak --minutes 8 --chaos-every 5 --trace   # where it grows

Sampled once a second: resident memory of the app (with what it shares) and of the engine's process, which begins anew
with each of its lives; open handles and threads of both together; and the grab-to-shown latency: the median of that
second and the p95 of the last ten. Of all that Status keeps, 85 s, it would hold the frames of a chaos action in every
sample; and of the ten seconds, what came before the settling does not count. Each is judged by its slope towards the
end (tools/soak_gate.py); what cannot be measured fails, and so does a soak that ends before its time. Samples within a
few seconds of a chaos action, or while the skin is not on the game, do not count. A missed tick is explained after a
chaos action, in a second in which the host or another process took the CPU (tools/soak_host.py), or after a change of
quality (tools/soak_misses.py); each explanation is counted by itself.
A report for people, then one line of JSON; exit status 1 for a fail.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from reskin.app import RunOptions, run
from reskin.renderer import LIVE_ENGINE
from reskin.settings import Settings
from reskin.status import PlayState, Status
from reskin.supervisor import Supervisor
from tools.chaos import ACTIONS, Chaos, DemoDesktop
from tools.soak_gate import Verdict, judge
from tools.soak_host import HostLoad
from tools.soak_misses import UNEXCUSED, Misses
from tools.soak_trace import Growth

SAMPLE_S = 1.0
RECENT = 24  # frames whose median latency is a sample: a second of them, where none is missed
MOST_P95 = 240  # frames whose p95 is one: ten seconds; RECENT at least, after a chaos action
SETTLE_S = 6.0  # after a chaos action: restarts, refills, what is compiled
WHOLE = 0.98  # of the minutes asked for: a soak that ends before proves nothing
TOLD_EVERY_S = 600.0  # where there is no chaos to tell of
FIGURES = (
    ("memory of the app", "MB"), ("memory of its engine", "MB"), ("handles", ""), ("threads", ""),
    ("latency, median of a second", "ms"), ("latency, p95 of ten seconds", "ms"),
)  # fmt: skip


class Samples:
    """Of a run of so many minutes, in memory that is there from the start: lists grew by 0.6 MB an hour themselves."""

    def __init__(self, minutes: float) -> None:
        most = int(minutes * 60 / SAMPLE_S * 1.2) + 600  # starting and ending take time, too
        self._table = np.full((1 + len(FIGURES), most), np.nan)
        self._count = 0
        self.worst_back_s = 0.0  # after a chaos action, until the skin was on the game again

    def add(self, at_s: float, figures: tuple[float, ...]) -> None:
        """In the order of `FIGURES`; NaN where none is to be taken."""
        if self._count < self._table.shape[1]:
            self._table[:, self._count] = (at_s, *figures)
            self._count += 1

    @property
    def minutes(self) -> float:
        """Of which there are samples."""
        return float(self._table[0, self._count - 1]) / 60 if self._count else 0.0

    def verdicts(self, limits: tuple[float, ...]) -> list[Verdict]:
        times_s, *series = self._table[:, : self._count]
        return [
            judge(name, unit, times_s.tolist(), values.tolist(), limit)
            for (name, unit), values, limit in zip(FIGURES, series, limits, strict=True)
        ]


class Watcher(threading.Thread):
    """Samples, leaks where it is told to, and does chaos, until `done`."""

    def __init__(self, status: Status, desktop: DemoDesktop, options: argparse.Namespace) -> None:
        super().__init__(daemon=True)
        self.engine: Supervisor | None = None
        self.done = threading.Event()
        self.samples = Samples(options.minutes)
        self.misses = Misses()
        self.chaos_done: list[str] = []
        self.error: BaseException | None = None
        self._status = status
        self._options = options
        self._chaos = Chaos(desktop, lambda: self.engine.pid if self.engine else None, options.seed)
        self._leak: list[bytearray] = []
        self._chaos_s = -math.inf
        self._was_missed_by: Counter[str] = Counter()
        self._settled_at = 0  # of all latencies, the first that counts: none from before the settling
        self._host = HostLoad()

    def run(self) -> None:
        try:
            self._watch()
        except BaseException as error:  # noqa: BLE001  raised again in the main thread
            self.error = error
            self.done.set()
        finally:
            self._host.close()

    def _watch(self) -> None:
        began_s = before_s = time.monotonic()
        actions: Iterator[str] = itertools.cycle(ACTIONS)
        next_chaos_s = began_s + (self._options.chaos_every or math.inf)
        while not self.done.wait(SAMPLE_S):
            now_s = time.monotonic()
            self._sample(now_s - began_s, after_chaos=before_s - self._chaos_s <= SETTLE_S)
            if now_s // TOLD_EVERY_S > before_s // TOLD_EVERY_S and not self._options.chaos_every:
                print(f"{time.strftime('%H:%M:%S')} {(now_s - began_s) / 60:.0f} minutes", file=sys.stderr)
            before_s = now_s
            if self._options.plant_leak:
                self._leak.append(bytearray(os.urandom(int(self._options.plant_leak * 1e6 * SAMPLE_S / 60))))
            if now_s >= next_chaos_s and self._status.state is PlayState.ACTIVE and self.engine is not None:
                self._act(next(actions))
                next_chaos_s = time.monotonic() + self._options.chaos_every

    def _act(self, name: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {name}", file=sys.stderr)
        self.chaos_done.append(name)
        self._chaos_s = time.monotonic()
        ACTIONS[name](self._chaos)
        ended_s = time.monotonic()
        end_s = ended_s + self._options.back_s
        self.done.wait(0.3)
        while self._status.state is not PlayState.ACTIVE and not self.done.is_set():
            if time.monotonic() > end_s:
                raise TimeoutError(
                    f"{name}: the skin was not back after {self._options.back_s:g} s: {self._status.why}"
                )
            self.done.wait(0.05)
        self.samples.worst_back_s = max(self.samples.worst_back_s, time.monotonic() - ended_s)
        self._chaos_s = time.monotonic()

    def _sample(self, at_s: float, *, after_chaos: bool) -> None:
        status = self._status
        is_active = status.state is PlayState.ACTIVE
        why = self.misses.explain(
            time.monotonic(), missed=status.missed, stood_still=status.stood_still, deaths=status.engine_deaths,
            quality=status.quality, is_active=is_active, after_chaos=after_chaos, taken=(taken := self._host.sample()),
        )  # fmt: skip
        if why in UNEXCUSED:
            slow = ", ".join(status.missed_by - self._was_missed_by) or "not known yet"
            line = f"missed, {why}, slow was: {slow}; {status.summary()} {taken}"
            print(time.strftime("%H:%M:%S"), line, file=sys.stderr)
        self._was_missed_by = status.missed_by.copy()
        counts = is_active and not after_chaos
        self.samples.add(at_s, self._figures() if counts else (math.nan,) * len(FIGURES))
        if not counts:
            self._settled_at = status.latency_ms.added

    def _figures(self) -> tuple[float, ...]:
        pid = self.engine.pid if self.engine else None
        if pid is None:
            return (math.nan,) * len(FIGURES)
        try:
            folders = [Path(f"/proc/{number}") for number in (os.getpid(), pid)]
            (app_kb, shared_kb), (engine_kb, _) = (held_kb(folder) for folder in folders)
            handles, threads = (sum(len(os.listdir(folder / part)) for folder in folders) for part in ("fd", "task"))
        except (OSError, KeyError):  # it has just ended: a dead process holds nothing
            return (math.nan,) * len(FIGURES)
        app_mb, engine_mb = (kb * 1024 / 1e6 for kb in (app_kb + shared_kb, engine_kb))  # what is shared is there once
        latency = self._status.latency_ms
        settled = min(MOST_P95, latency.added - self._settled_at)
        p95 = latency.recent(settled, 95) if settled >= RECENT else math.nan
        return app_mb, engine_mb, float(handles), float(threads), latency.recent(RECENT), p95


def held_kb(process: Path) -> tuple[int, int]:
    """What a process under /proc holds in memory by itself and what it shares with others, in KiB."""
    held = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    anonymous, of_files, shared = (int(held[name].split()[0]) for name in ("RssAnon", "RssFile", "RssShmem"))
    return anonymous + of_files, shared


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30, help="for how long it plays (default %(default)s)")
    parser.add_argument("--chaos-every", type=float, default=0, metavar="S", help="0: none")
    parser.add_argument("--plant-leak", type=float, default=0, metavar="MB", help="a minute, to check the gate")
    parser.add_argument("--engine", default=LIVE_ENGINE, help="as `reskin run` has it (default %(default)s)")
    parser.add_argument("--preset", default="lite", help="likewise (default %(default)s)")
    parser.add_argument("--trace", action="store_true", help="tell whose allocations in the app grew; slows it down")
    parser.add_argument("--seed", type=int, default=1, help="of what is random in the chaos (default %(default)s)")
    parser.add_argument("--back-s", type=float, default=30, help="the skin must be back so soon after each action")
    parser.add_argument("--memory", type=float, default=1, metavar="MB", help="growth allowed in an hour")
    parser.add_argument("--handles", type=float, default=2, metavar="N", help="likewise (default %(default)s)")
    parser.add_argument("--threads", type=float, default=2, metavar="N", help="likewise (default %(default)s)")
    parser.add_argument("--latency", type=float, default=5, metavar="MS", help="of the median, likewise")
    parser.add_argument("--latency-p95", type=float, default=5, metavar="MS", help="likewise (default %(default)s)")
    parser.add_argument("--missed", type=int, default=0, help="ticks missed without an explanation")
    options = parser.parse_args()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    growth = Growth(options.minutes) if options.trace else None
    if growth is not None:
        growth.start()
    status = Status()
    with tempfile.TemporaryDirectory(prefix="reskin-soak-") as folder, DemoDesktop() as desktop:
        os.environ["RESKIN_HOME"] = folder
        watcher = Watcher(status, desktop, options)
        watcher.start()
        settings = Settings.model_validate({"screenshots": f"{folder}/shots"})
        run(
            RunOptions(
                window=str(desktop.window.id), engine=options.engine, preset=options.preset, settings=settings,
                seconds=options.minutes * 60,
            ),
            status=status, stop=watcher.done.is_set, on_warm=lambda engine: setattr(watcher, "engine", engine),
        )  # fmt: skip
        watcher.done.set()
        watcher.join()
    if growth is not None:
        print(growth.report())
    return _report(watcher, status, options)


def _report(watcher: Watcher, status: Status, options: argparse.Namespace) -> int:
    samples = watcher.samples
    verdicts = samples.verdicts((
        options.memory, options.memory, options.handles, options.threads, options.latency, options.latency_p95,
    ))  # fmt: skip
    missed, deaths = watcher.misses.unexcused, watcher.misses.deaths_unasked
    verdicts += [
        Verdict(
            name="missed", passes=missed <= options.missed, slope=missed, trend=missed, error=0, limit=options.missed,
            text=f"missed ticks: {missed} not explained, of {status.ticks}; {watcher.misses.told()}",
        ),
        Verdict(
            name="deaths", passes=deaths == 0, slope=deaths, trend=deaths, error=0, limit=0,
            text=f"the engine died {deaths} times that no action caused, of {status.engine_deaths}",
        ),
        Verdict(
            name="whole", passes=samples.minutes >= WHOLE * options.minutes,
            slope=samples.minutes, trend=samples.minutes, error=0, limit=options.minutes,
            text=f"it ran for {samples.minutes:.1f} of {options.minutes:g} minutes",
        ),
    ]  # fmt: skip
    if watcher.error is not None:
        print(f"FAIL {watcher.error!r}")
    for verdict in verdicts:
        print(f"{'ok  ' if verdict.passes else 'FAIL'} {verdict.text}")
    print(f"ended: {status.ended_because}; {len(watcher.chaos_done)} chaos actions")
    print(f"after an action the skin was back within {samples.worst_back_s:.1f} s")
    passes = watcher.error is None and all(verdict.passes for verdict in verdicts)
    figures = {
        "passes": passes, "minutes": round(samples.minutes, 2), "chaos": watcher.chaos_done,
        "error": str(watcher.error or ""),
        "missed": dict(watcher.misses.by), "engine_deaths": status.engine_deaths, "engine_errors": status.engine_errors,
        "worst_back_s": round(samples.worst_back_s, 2), "status": status.summary(),
        "verdicts": [{k: None if v != v else v for k, v in asdict(verdict).items()} for verdict in verdicts],
    }  # fmt: skip
    print(json.dumps(figures))
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
