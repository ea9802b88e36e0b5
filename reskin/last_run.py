"""Whether the run before ended as it should: a small file that is there, and locked, while Reskin plays.

The lock ends with the process however that ends, so a file without one was left by a crash or a kill. One from before
the machine was started again proves nothing (a shutdown, a power cut) and is no alarm. Several Reskins may play at
once, each with a file of its own. Knows nothing of logs or of what is done about a crash.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOOT_SLACK_S = 60.0  # the clock may have been set; a machine that slept gives another boot time, and so no alarm


@dataclass(frozen=True, kw_only=True)
class LastRuns:
    crashed: bool = False  # one since the last start
    by: str = ""  # the exception's type, where it was one
    in_a_row: int = 0  # runs that ended so, with none between that ended well


class RunMarker:
    """`begin` when the play begins, `end` when it has ended well or by an exception; a folder that refuses is fine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"running-{os.getpid()}.json"
        self._file: IO[str] | None = None

    def begin(self) -> LastRuns:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            left = [found for path in self._folder.glob("running-*.json") if (found := _take_left(path)) is not None]
            dirty = [found for found in left if _same_boot(found.get("boot"))]
            in_a_row = self._count() + 1 if dirty else self._count()
            self._keep_count(in_a_row)
            self._file = self._path.open("w", encoding="utf-8")
            _lock(self._file)
            self._write({"boot": _boot()})
        except OSError:
            return LastRuns()
        by = next((str(found["by"]) for found in dirty if found.get("by")), "")
        return LastRuns(crashed=bool(dirty), by=by, in_a_row=in_a_row)

    def end(self, *, by: str = "") -> None:
        """`by`: the type of an exception that nobody expected; "" when all went well."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            if by:
                self._write({"boot": _boot(), "by": by})
            self._file.close()
            if not by:
                self._path.unlink(missing_ok=True)
                self._keep_count(0)
        self._file = None

    def _write(self, found: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        json.dump(found, self._file)
        self._file.flush()

    def _count(self) -> int:
        try:
            return int(json.loads((self._folder / "runs.json").read_text(encoding="utf-8"))["crashed_in_a_row"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _keep_count(self, count: int) -> None:
        (self._folder / "runs.json").write_text(json.dumps({"crashed_in_a_row": count}), encoding="utf-8")


def _take_left(path: Path) -> dict[str, Any] | None:
    """What a process that is gone has left, and removes it; None while that process lives, or wrote nothing yet."""
    try:
        with path.open("r+", encoding="utf-8") as file:
            _lock(file)
            found = json.loads(file.read() or "null")
        path.unlink(missing_ok=True)
    except OSError:  # locked: it lives
        return None
    except ValueError:
        path.unlink(missing_ok=True)
        return None
    return found if isinstance(found, dict) else None


def _lock(file: IO[str]) -> None:
    """OSError when another process has it. The lock goes when the file is closed, or the process ends."""
    if sys.platform == "win32":  # not run yet: this project has no Windows machine
        import msvcrt

        file.seek(1_000_000)  # a byte that is never written: others may then still read the rest
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _boot() -> str | float:
    """Of this start of the machine: Linux's id of it, elsewhere the time when it was."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return time.time() - time.monotonic()


def _same_boot(boot: object) -> bool:
    now = _boot()
    if isinstance(boot, float) and isinstance(now, float):
        return abs(boot - now) < BOOT_SLACK_S
    return boot == now
