"""Feeds inputs to a format in a process of its own: one that crashes or hangs takes only that process along.

The number of the input in hand lies in shared memory, so the one that did it is known. CPU time, not time of day: it
holds beside other work.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.fuzzing.formats import FORMATS, Format, input_of, seeds_of

HANG_S = 20.0
REPORT_EVERY = 50
REPEATS = 3  # of an input that took a quarter of what it may: the least counts, the others were the machine's


@dataclass(frozen=True)
class Fault:
    index: int
    why: str


@dataclass(frozen=True)
class Progress:
    """Inputs done since the last report."""

    done: int
    refused: int
    slowest_ms: float
    slowest_index: int
    faults: tuple[Fault, ...]


def cpu_ms(format_: Format, content: bytes, path: Path) -> tuple[float, bool]:
    """What reading an input costs, and whether it was refused."""
    if format_.needs_file:
        path.write_bytes(content)
    began = time.process_time()
    refused = format_.refused(content, path)
    return (time.process_time() - began) * 1e3, refused


def judged(format_: Format, content: bytes, path: Path) -> tuple[float, bool]:
    """As `cpu_ms`, but what took long is tried again: the least counts."""
    spent, refused = cpu_ms(format_, content, path)
    if spent > format_.limit_ms / 4:
        spent = min(spent, *(cpu_ms(format_, content, path)[0] for _ in range(REPEATS)))
    return spent, refused


def feed(name: str, seed: int, indices: range, doing: Any = None) -> Iterator[Progress]:
    """Inputs one after the other in this process; `doing.value` is the one in hand."""
    format_, seeds = FORMATS[name], seeds_of(name)
    suffix = {"picture": ".png", "video": ".mp4"}.get(name, ".toml")
    done = refused = 0
    slowest, faults = (0.0, -1), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"input{suffix}"
        for content in seeds:  # loads and compiles what is loaded and compiled at the first time
            with contextlib.suppress(Exception):
                cpu_ms(format_, content, path)
        gc.freeze()  # what is there by now is not searched while an input is timed
        for index in indices:
            if doing is not None:
                doing.value = index
            content = input_of(name, seed, index, seeds)
            try:
                spent, was_refused = judged(format_, content, path)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                where = traceback.extract_tb(error.__traceback__)[-1]
                faults.append(Fault(index, f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: "
                                           f"{error!s:.200}"))  # fmt: skip
                spent, was_refused = 0.0, False
            refused += was_refused
            done += 1
            slowest = max(slowest, (spent, index))
            if spent > format_.limit_ms:
                faults.append(Fault(index, f"{spent:.0f} ms of CPU, at most {format_.limit_ms:.0f}"))
            if done == REPORT_EVERY or index == indices[-1]:
                yield Progress(done, refused, *slowest, tuple(faults))
                done = refused = 0
                slowest, faults = (0.0, -1), []


def _work(name: str, seed: int, indices: range, doing: Any, results: Any) -> None:
    with open(os.devnull, "w") as nowhere, contextlib.suppress(BrokenPipeError):
        os.dup2(nowhere.fileno(), 2)  # decoders complain there, once for every input
        for progress in feed(name, seed, indices, doing):
            results.send(progress)


def run(name: str, seed: int, count: int) -> Iterator[Progress]:
    """As `feed`, in a process that is started anew after a crash or a hang, which is a fault of its own."""
    spawn = multiprocessing.get_context("spawn")
    at = 0
    while at < count:
        doing = spawn.Value("q", -1)
        ours, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_work, args=(name, seed, range(at, count), doing, theirs), daemon=True)
        process.start()
        theirs.close()
        last, since_s = -1, time.monotonic()
        why = ""
        while at < count:
            try:
                if ours.poll(0.5):
                    progress = ours.recv()
                    at += progress.done
                    yield progress
            except EOFError:
                process.join()
                why = f"crashed with exit code {process.exitcode}"
                break
            if doing.value != last:
                last, since_s = doing.value, time.monotonic()
            elif last >= 0 and time.monotonic() - since_s > HANG_S:
                why = f"hung for {HANG_S:.0f} s"
                process.kill()
                break
        process.join()
        ours.close()
        if why:
            bad = max(doing.value, at)
            yield Progress(bad + 1 - at, 0, 0.0, bad, (Fault(bad, why),))
            at = bad + 1
