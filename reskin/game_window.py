"""The game's window: one that is named, or that of a program that is started; and the same game's when it comes again.

A game that changes its mode closes its window and opens another. Only a window of the same program with the same name
is taken for it: the player has not named any other that happens to match, such as a browser's tab about the game.
Knows nothing of what is done with the pictures.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial

from reskin import platforms
from reskin.errors import CaptureError
from reskin.platforms.base import Capture, CaptureState
from reskin.platforms.window_info import WindowInfo, choose_window
from reskin.seeking_capture import SEEK_S, SeekingCapture

START_LIMIT_S = 60.0  # until the window of a game that was started is there
END_LIMIT_S = 3.0
_POLL_S = 0.1


def open_named(query: str, *, seek_s: float = SEEK_S) -> Capture:
    """The window that `query` means, and after it the same game's; CaptureError if there is not exactly one."""
    first = choose_window(platforms.list_windows(), query)
    return SeekingCapture(
        platforms.open_window(str(first.id)),
        lambda: platforms.open_window(str(same_again(platforms.list_windows(), first, query).id)), seek_s=seek_s,
    )  # fmt: skip


def same_again(windows: list[WindowInfo], first: WindowInfo, query: str) -> WindowInfo:
    """The one of `windows` that is the game of `first`, which `query` had named; CaptureError while there is none."""
    of_program = [window for window in windows if window.wm_class == first.wm_class]
    for matches in (
        [window for window in of_program if window.title == first.title],
        [window for window in of_program if window.wm_class and query.strip().lower() in window.title.lower()],
    ):
        if len(matches) == 1:
            return matches[0]
    raise CaptureError(f'looking for "{first.title}" again: it is not there, or more than once.')


@contextlib.contextmanager
def started(command: tuple[str, ...], *, leave: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A game that begins with us, and ends with us unless it is left; Ctrl-C reaches us alone, not its session."""
    own_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # what Windows has for a session
    try:
        game = subprocess.Popen(command, start_new_session=True, creationflags=own_group)
    except OSError as error:
        raise CaptureError(f"starting the game {command[0]}: {error.strerror}. Check the command.") from error
    try:
        yield game
    finally:
        if not leave:
            _end(game)
        elif game.poll() is None:
            game.returncode = 0  # left on purpose: nobody will wait for it


def _end(game: subprocess.Popen[bytes]) -> None:
    game.terminate()
    try:
        game.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        game.kill()
        game.wait()


def open_started(game: subprocess.Popen[bytes], there_before: set[int], *, seek_s: float = SEEK_S) -> Capture:
    """Its window, and while it runs the next one, as after a splash; `there_before` are windows that are not its.

    A launcher that ends in peace has started the game as another program: then any new window is taken for its, and for
    the rest of START_LIMIT_S another one after that, which may have been a splash.
    """
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        if game.poll():
            raise CaptureError(
                f"starting the game: it ended at once with exit status {game.returncode}. Start it by itself to see "
                "why; if it starts another program, name that one's window (`reskin windows`)."
            )
        with contextlib.suppress(_NotThereError):
            return SeekingCapture(
                _newest_of(game, there_before), lambda: _newest_of(game, there_before), seek_s=seek_s,
                may_return=partial(_may_return, game, deadline_s if game.returncode == 0 else 0.0),
            )  # fmt: skip
        time.sleep(_POLL_S)
    raise CaptureError(
        f"starting the game: no window of process {game.pid} after {START_LIMIT_S:.0f} s. "
        "If it starts another program, start it yourself and name its window; `reskin windows` lists them."
    )


def _may_return(game: subprocess.Popen[bytes], handed_over_until_s: float) -> bool:
    """While it runs; a game that a launcher has handed over to, only while it may still be starting.

    Nobody knows when that one ends: later, a browser that is opened after it would be taken for it.
    """
    return game.poll() is None or time.monotonic() < handed_over_until_s


class _NotThereError(CaptureError):
    """It may yet come; any other CaptureError says why the window that is there cannot be captured."""


def _newest_of(game: subprocess.Popen[bytes], there_before: set[int]) -> Capture:
    windows = [
        window
        for window in platforms.list_windows()
        if _is_of(window, game) or (game.returncode == 0 and window.id not in there_before)
    ]
    if windows:
        newest = windows[-1].id
        try:
            capture = platforms.open_window(str(newest))
        except CaptureError:
            if any(window.id == newest for window in platforms.list_windows()):
                raise
            raise _NotThereError("looking for the game's window: it has closed, as a splash does.") from None
        if capture.state is CaptureState.ACTIVE:
            return capture
        capture.close()
    raise _NotThereError("looking for the game's window: it is not there yet.")


def _is_of(window: WindowInfo, game: subprocess.Popen[bytes]) -> bool:
    """Also of what a start script has started: it stays in the game's session, where a system has those."""
    if window.pid is None:
        return False
    if window.pid == game.pid:
        return True
    with contextlib.suppress(OSError, AttributeError):  # it has ended; Windows has no sessions
        return os.getsid(window.pid) == game.pid
    return False
