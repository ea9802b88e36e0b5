"""Plays a real game with Reskin over it and looks at the screen: `python tools/real_game.py etr --theme neon-rain`.

On a virtual display, in real time. `--shot` is what the player sees, taken from the screen and not from Reskin;
`--side-by-side` has the game's own picture to its left. Ends with 1 when the overlay did not cover the game or the
screen looked like the game, and says so.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import click
import cv2
import mss
import numpy as np
import xcffib.xproto as xp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import PRESETS
from reskin.app import RunOptions, run
from reskin.errors import OverlayError, ReskinError
from reskin.frame import Region
from reskin.platforms.base import Capture
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.windows import OVERLAY_CLASS
from reskin.settings import Settings
from reskin.status import Status
from tools.desktop_games import BLACK_LEVELS, GAMES, PlayedGame, playing

CLEARLY_LEVELS = 8.0  # mean difference of screen and game in grey levels; a theme at full strength makes 20 and more
SHOT_AFTER_S = 3.0  # of skin, or half of the time where that is less: it has faded in, and the engine is warm
SAMPLE_EVERY_S = 0.02
KEPT_SAMPLES = 25  # half a second of the game's own pictures; the one that the skin was made from is among them
JPEG_QUALITY = 85


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen at one moment, (h, w, 3) BGR each."""

    game_u8: np.ndarray  # the game's own picture, from under the overlay: as nearly as can be told the one painted over
    screen_u8: np.ndarray  # what the player saw at the game's place

    @property
    def difference_levels(self) -> float:
        return float(cv2.absdiff(self.game_u8, self.screen_u8).mean())


class Witness(threading.Thread):
    """Looks at the screen while `run` has the main thread. `sight` is there when it ended well, else `fault`."""

    def __init__(self, game: PlayedGame, status: Status, after_s: float) -> None:
        super().__init__(daemon=True)
        self.sight: Sight | None = None
        self.fault: Exception = OverlayError(
            f"looking at the screen: the overlay did not cover the game for {after_s:g} s. `reskin doctor` says what "
            "the overlay and the engine are; a slow machine needs more --seconds."
        )
        self._game = game
        self._status = status
        self._after_s = after_s
        self._done = threading.Event()

    def run(self) -> None:
        try:
            with contextlib.closing(self._game.open_capture()) as capture:
                self.sight = self._watch(capture)
        except Exception as error:  # noqa: BLE001  told in the main thread
            self.fault = error

    def end(self) -> None:
        """The run is over."""
        self._done.set()
        self.join()

    def told(self) -> Sight:
        """What was seen; raises the reason why nothing was."""
        if self.sight is None:
            raise self.fault
        return self.sight

    def _watch(self, capture: Capture) -> Sight | None:
        games: deque[tuple[float, np.ndarray]] = deque(maxlen=KEPT_SAMPLES)
        covered_s: float | None = None
        x = XConnection(self._game.display.name)
        try:
            with mss.MSS(display=self._game.display.name) as screen:
                while not self._done.wait(SAMPLE_EVERY_S):
                    region, frame = capture.locate(), capture.grab()
                    if region is None or frame is None or overlay_on_top(x) != region:
                        covered_s = None
                        continue
                    now_s = time.monotonic()
                    covered_s = covered_s or now_s
                    games.append((now_s, frame.bgra_u8[..., :3].copy()))
                    if now_s - covered_s < self._after_s or games[-1][1].mean() <= BLACK_LEVELS:
                        continue
                    screen_u8 = screen_pixels(screen, region)
                    painted_s = time.monotonic() - self._status.latency_ms.percentile(50) / 1000
                    game_u8 = min(games, key=lambda seen: abs(seen[0] - painted_s))[1]
                    return Sight(game_u8=game_u8, screen_u8=screen_u8)
        finally:
            x.close()
        return None


def overlay_on_top(x: XConnection) -> Region | None:
    """Where Reskin's overlay is, if it is on the screen and above all other windows."""
    for window in reversed(x.core.QueryTree(x.root).reply().children):
        if x.core.GetWindowAttributes(window).reply().map_state != xp.MapState.Viewable:
            continue
        place = x.core.GetGeometry(window).reply()
        if place.x + place.width <= 0 or place.y + place.height <= 0:
            continue  # off the screen: a window manager's own
        if not x.property_text(window, "WM_CLASS").startswith(OVERLAY_CLASS):
            return None
        return Region(place.x, place.y, place.width, place.height)
    return None


def screen_pixels(screen: mss.MSS, region: Region) -> np.ndarray:
    """(h, w, 3) BGR of the screen there, whatever window it belongs to."""
    shot = screen.grab({"left": region.x, "top": region.y, "width": region.w, "height": region.h})
    return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)[..., :3].copy()


def side_by_side(sight: Sight) -> np.ndarray:
    """The game at the left, Reskin at the right, each at half its size."""
    h, w = sight.game_u8.shape[:2]
    halves = [
        cv2.resize(picture, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
        for picture in (sight.game_u8, sight.screen_u8)
    ]
    return np.hstack(halves)


def report(status: Status, sight: Sight) -> str:
    latency = status.latency_ms
    return (
        f"{status.engine_name}, quality level {status.quality}: {status.fps:.2f} pictures a second, "
        f"{status.missed_share:.1%} of {status.ticks} ticks missed, grab to shown {latency.percentile(50):.0f} ms "
        f"(p95 {latency.percentile(95):.0f}); the screen differs from the game by {sight.difference_levels:.0f} levels"
    )


def play(game: str, size_px: tuple[int, int], options: RunOptions, *, level: str = "") -> tuple[Status, Sight]:
    """Start the game, run Reskin over it, look at the screen. ReskinError for whatever went wrong."""
    chosen = replace(GAMES[game], level=level) if level else GAMES[game]
    status = Status()
    with playing(chosen, size_px) as played, mock.patch.dict(os.environ, {"DISPLAY": played.display.name}):
        witness = Witness(played, status, min(SHOT_AFTER_S, (options.seconds or 2 * SHOT_AFTER_S) / 2))
        witness.start()
        try:
            with played.hands():
                run(replace(options, window=str(played.window.id)), status=status)
        finally:
            witness.end()
    if status.ended_because == "stopped":  # by Ctrl-C or SIGTERM
        raise KeyboardInterrupt
    return status, witness.told()


def _parse_size_px(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise click.BadParameter(f"got {text!r}, expected WIDTHxHEIGHT such as 1280x720")
    return int(match[1]), int(match[2])


def _write(path: Path, bgr_u8: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if path.suffix.lower() in (".jpg", ".jpeg") else []
    if not cv2.imwrite(str(path), bgr_u8, options):
        raise ReskinError(f"writing the picture {path}: it was refused. Expected a name that ends in .png or .jpg.")


@click.command()
@click.argument("game", type=click.Choice(list(GAMES)))
@click.option("--theme", default=Settings().theme, show_default=True)
@click.option("--preset", type=click.Choice(list(PRESETS)), default=Settings().preset, show_default=True)
@click.option("--seconds", default=10.0, show_default=True, help="With the skin on.")
@click.option(
    "--size", "size_px", default="1280x720", show_default=True, callback=_parse_size_px, help="Of the window."
)
@click.option("--level", default="", help="Of SuperTux, such as world1/icy_valley.")
@click.option("--shot", type=click.Path(path_type=Path), help="What the player saw.")
@click.option("--side-by-side", "pair", type=click.Path(path_type=Path), help="The game and what the player saw.")
def main(
    game: str, theme: str, preset: str, seconds: float, size_px: tuple[int, int], level: str, shot: Path | None,
    pair: Path | None,
) -> None:  # fmt: skip
    """Play GAME with Reskin over it on a virtual display."""
    settings = Settings.model_validate({"overlay": {"note_s": 0}})  # no note in the pictures
    options = RunOptions(theme=theme, preset=preset, seconds=seconds, settings=settings)
    try:
        status, sight = play(game, size_px, options, level=level)
        if shot is not None:
            _write(shot, sight.screen_u8)
        if pair is not None:
            _write(pair, side_by_side(sight))
    except ReskinError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        sys.exit(130)
    click.echo(report(status, sight))
    if sight.difference_levels < CLEARLY_LEVELS:
        raise click.ClickException(
            f"the screen differs from the game by {sight.difference_levels:.1f} grey levels, expected "
            f"{CLEARLY_LEVELS:g} or more: the overlay is there and its skin is not. See `reskin doctor`."
        )


if __name__ == "__main__":
    main()
