"""The checks of the self-test, in their order. Each says what it found, or raises `Failed` with what to do.

A marker game is opened, captured, covered and clicked, a key is pressed, and at last the whole program plays over it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from reskin.demo.marker_game import QUADRANTS_BGR
from reskin.frame import Frame, Region
from reskin.marker import read_marker
from reskin.platforms.base import Overlay
from reskin.remedies import install_command
from reskin.selftest.desk import KEY
from reskin.selftest.run import Check, Failed, Figures, Session

TITLE = "Reskin selftest"
SIZE_PX = (640, 360)
OVERLAY_BGR = (200, 40, 160)  # no quadrant's colour
SAME_LEVELS = 24  # up to which two colours are one: screens and drivers convert
BLACK_LEVELS = 8
NEEDED = ("capture", "overlay", "hotkeys")  # without the other parts a game can be played in a skin all the same
_CLICK_AT = (299, 228)


def shows_game(bgr: np.ndarray) -> bool:
    """Whether the middle of every quadrant of (h, w, 3 or 4) has the game's own colour."""
    h, w = bgr.shape[:2]
    middles = [bgr[row, column, :3] for row in (h // 4, h - h // 4) for column in (w // 4, w - w // 4)]
    return all(_is(middle, colour) for middle, colour in zip(middles, QUADRANTS_BGR, strict=True))


def shows_overlay(bgr: np.ndarray) -> bool:
    return all(
        _is(bgr[int(bgr.shape[0] * y), int(bgr.shape[1] * x)], OVERLAY_BGR) for y in (0.3, 0.7) for x in (0.3, 0.7)
    )


def _is(pixel: np.ndarray, colour: tuple[int, ...]) -> bool:
    return bool(np.abs(pixel[:3].astype(int) - colour).max() <= SAME_LEVELS)


def check_parts(session: Session) -> tuple[str, Figures]:
    choices = session.desk.probe()
    figures: Figures = {choice.part: choice.chosen for choice in choices}
    coarse_ms = session.desk.clock_resolution_s() * 1e3
    for choice in choices:
        if choice.chosen == "none" and choice.part in NEEDED:
            raise Failed(f"nothing here can do the {choice.part}: {choice.why}", "`reskin doctor` says more", figures)
    if coarse_ms > session.limits.clock_ms:
        raise Failed(
            f"Python's clock ticks every {coarse_ms:.0f} ms, so pictures cannot come evenly",
            "Install Python 3.13 or newer, and Reskin in it", {"clock_ms": coarse_ms},
        )  # fmt: skip
    return ", ".join(f"{part} by {chosen}" for part, chosen in figures.items() if chosen != "none"), figures


def check_game(session: Session) -> tuple[str, Figures]:
    session.game = session.parts.enter_context(session.desk.start_game(TITLE, SIZE_PX))
    found = session.soon(
        lambda: [window for window in session.desk.list_windows() if window.title == TITLE], session.desk.wait_s
    )
    if not found:
        raise Failed(
            f"the test game's window did not appear within {session.desk.wait_s:.0f} s",
            "Close other programs and run this again; a virus scanner may hold a new program back",
        )
    session.window = window = found[-1]
    if window.obstacle:
        raise Failed(f"the test window cannot be reskinned: {window.obstacle}", "Do what this text says")
    if not session.game.has_come("focus gained", session.desk.soon_s):
        raise Failed(
            "the test window did not come to the front", "Click nothing while the test runs, and start it again"
        )
    return f"its window of {window.region.w}x{window.region.h} is in front", {}


def check_capture(session: Session) -> tuple[str, Figures]:
    assert session.window is not None
    capture = session.capture = session.desk.open_window(str(session.window.id))
    session.parts.callback(capture.close)
    first = session.frame(lambda frame: True)
    if first is None:
        raise Failed("the test window gave no picture", "Update the graphics driver; `reskin doctor` names the capture")
    session.pictures["captured"] = first.bgra_u8[..., :3].copy()
    if session.frame(lambda frame: shows_game(frame.bgra_u8)) is None:
        if first.bgra_u8[..., :3].max() <= BLACK_LEVELS:
            raise Failed(
                "the picture of the test window is black", "On a laptop with two GPUs, let Python and the game run on "
                "the same one (Windows: Settings, Display, Graphics); otherwise update the graphics driver",
            )  # fmt: skip
        raise Failed(
            "what is captured is not the test window",
            "Move other windows away from it; `reskin doctor` names the capture",
        )
    rate = _distinct_pictures(session) / session.desk.count_s
    figures: Figures = {"captured_fps": rate}
    if rate < session.limits.game_fps:
        raise Failed(
            f"only {rate:.0f} new pictures a second came of a game that draws 60", "Cap the frame rate of games and "
            "close what else uses the GPU: at 100 % Windows gives captures no turn", figures,
        )  # fmt: skip
    return f"{rate:.0f} new pictures a second", figures


def _distinct_pictures(session: Session) -> int:
    """How many markers were seen in `count_s`."""
    numbers: set[int] = set()

    def collect(frame: Frame) -> bool:
        number = read_marker(frame.bgra_u8)
        if number is not None:
            numbers.add(number)
        return False

    session.frame(collect, session.desk.count_s)
    return len(numbers)


def check_overlay(session: Session) -> tuple[str, Figures]:
    """Seen on the screen. Not left out of captures here, for what looks at the screen is one."""
    region = session.region()
    overlay = session.desk.open_overlay(None)
    try:
        seen = session.soon(lambda: _covered(overlay, region) and shows_overlay(session.desk.screen_pixels(region)))
        session.pictures["overlay"] = session.desk.screen_pixels(region)
        if not seen:
            if os.environ.get("WAYLAND_DISPLAY") and session.pictures["overlay"].max() <= BLACK_LEVELS:
                raise Failed(
                    "in a Wayland session the screen cannot be looked at, so this cannot be judged",
                    "Run the test in an X11 session, or see for yourself with `reskin demo`",
                )
            raise Failed(
                "the overlay is not to be seen over the test window",
                "Another program keeps itself on top (a recorder, a chat's overlay): close it and run this again",
            )
        overlay.hide()
        if not session.soon(lambda: shows_game(session.desk.screen_pixels(region))):
            raise Failed("the overlay does not go away when it is hidden", "Update the graphics driver")
    finally:
        overlay.close()
    return "it covers the window, and goes away again", {}


def check_self_capture(session: Session) -> tuple[str, Figures]:
    region, began_ns = session.region(), time.monotonic_ns()
    overlay = session.desk.open_overlay(session.capture)
    try:
        _covered(overlay, region)

        def is_game(frame: Frame) -> bool:
            _covered(overlay, region)
            return frame.captured_ns - began_ns > 300_000_000 and shows_game(frame.bgra_u8)

        frame = session.frame(is_game)
    finally:
        overlay.close()
    if frame is None:
        raise Failed(
            "with the overlay up, what is captured is the overlay, or nothing", "Windows: update to version 2004 or "
            f"newer, or {install_command('windows')}. Linux: choose a window, not a region of the screen",
        )  # fmt: skip
    return "the overlay is not in what is captured", {}


def check_click_through(session: Session) -> tuple[str, Figures]:
    assert session.game is not None
    region, events = session.region(), session.game.events
    overlay = session.desk.open_overlay(session.capture)
    before = len(events)
    try:
        _covered(overlay, region)
        time.sleep(0.1)  # until the window is up
        session.desk.click(region.x + _CLICK_AT[0], region.y + _CLICK_AT[1])
        came = session.soon(lambda: any(event.startswith("click") for event in events[before:]))
        lost = session.soon(lambda: any(event == "focus lost" for event in events[before:]), 0.2)
    finally:
        overlay.close()
    if not came:
        raise Failed(
            "a click on the overlay did not reach the test window",
            "Leave the mouse alone during the test and run it again; if it fails again, please send the report",
        )
    if lost:
        raise Failed("the overlay took the keyboard away from the test window", "Please send the report")
    return "a click reached the test window, which kept the keyboard", {}


def check_hotkeys(session: Session) -> tuple[str, Figures]:
    hotkeys = session.desk.open_hotkeys({"compare": KEY})
    try:
        time.sleep(session.desk.settle_s)
        for pressed in (True, False):
            session.desk.press(pressed)
            if not session.soon(lambda: any(event.pressed is pressed for event in hotkeys.poll())):  # noqa: B023
                raise Failed(
                    f"the key {KEY} {'went down' if pressed else 'was let go'}, and Reskin did not hear it",
                    "A program that runs as administrator may be in front, or another program has that key: close it",
                )
    finally:
        session.desk.press(False)
        hotkeys.close()
    return f"{hotkeys.name} heard a key go down and up", {}


def check_own_keys(session: Session) -> tuple[str, Figures]:
    bindings = session.desk.bindings()
    hotkeys = session.desk.open_hotkeys(bindings)
    notes = hotkeys.notes
    hotkeys.close()
    if notes:
        raise Failed(notes[0], "`reskin settings --write` makes a file to change them in")
    return f"the {len(bindings)} keys of the settings are free", {"keys": len(bindings)}


def check_pacing(session: Session) -> tuple[str, Figures]:
    """The whole program over the test window."""
    assert session.window is not None
    if session.capture is not None:
        session.capture.close()
    status, picture = session.desk.play(session.window.id, session.limits.play_s)
    session.status = status
    if picture is not None:
        session.pictures["reskinned"] = picture
    figures: Figures = {
        "fps": round(status.fps, 2), "missed_share": round(status.missed_share, 4), "ticks": status.ticks,
        "lateness_p95_ms": round(status.lateness_ms.percentile(95), 2), "engine": status.engine_name,
    }  # fmt: skip
    if not status.presented and status.engine_name:
        raise Failed(
            "the engine paints, but too slowly for a single picture to be shown",
            'Close other programs, plug the charger in, and keep preset = "lite" in the settings', figures,
        )  # fmt: skip
    if not status.presented:
        raise Failed("no reskinned picture was shown", "`reskin doctor` says whether the engine loads", figures)
    if status.fps < session.limits.fps or status.missed_share > session.limits.missed_share:
        raise Failed(
            f"{status.fps:.1f} pictures a second came, {status.missed_share:.0%} of the ticks were missed; 24 should "
            f"come, and at most {session.limits.missed_share:.0%} be missed", "Close other programs, plug the charger "
            'in, and keep preset = "lite" in the settings', figures,
        )  # fmt: skip
    return f"{status.fps:.2f} pictures a second, {status.missed_share:.1%} of {status.ticks} ticks missed", figures


def check_latency(session: Session) -> tuple[str, Figures]:
    """As measured in that play: on the screen where it can be watched, else as the loop knows it."""
    status = session.status
    assert status is not None
    if status.glass is not None and status.glass.count:
        kind, p50, p95 = "from drawn to seen on the screen", status.glass.p50_ms, status.glass.p95_ms
    else:
        kind, p50, p95 = "from grabbed to shown", status.latency_ms.percentile(50), status.latency_ms.percentile(95)
    figures: Figures = {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1), "measured": kind}
    text = f"half of the pictures are at most {p50:.0f} ms old, 95 % at most {p95:.0f} ms, {kind}"
    if p95 > session.limits.latency_ms:
        raise Failed(
            f"{text}; {session.limits.latency_ms:.0f} ms is the limit",
            "Close other programs, or make the game's window smaller", figures,
        )  # fmt: skip
    return text, figures


def _covered(overlay: Overlay, region: Region) -> bool:
    """Shows the overlay's colour over the whole region."""
    pixels = np.empty((region.h, region.w, 4), np.uint8)
    pixels[:] = (*OVERLAY_BGR, 255)
    overlay.show(Frame(0, time.monotonic_ns(), pixels), region)
    return True


_NAMED: tuple[tuple[str, tuple[str, ...], Callable[[Session], tuple[str, Figures]]], ...] = (
    ("parts", (), check_parts),
    ("test game", ("parts",), check_game),
    ("capture", ("test game",), check_capture),
    ("overlay", ("capture",), check_overlay),
    ("self-capture", ("overlay",), check_self_capture),
    ("click-through", ("overlay",), check_click_through),
    ("hotkeys", ("test game",), check_hotkeys),
    ("your keys", ("hotkeys",), check_own_keys),
    ("pacing", ("capture", "overlay"), check_pacing),
    ("latency", ("pacing",), check_latency),
)
CHECKS = tuple(Check(name, needs, run) for name, needs, run in _NAMED)
