"""What the player sees at a tick: the newest painting, or the untouched game. Never anything old or of a wrong size.

- A painting is shown only while it is at most 190 ms old (a server's: longer by the way that it came) and has the
  window's size; otherwise the overlay is hidden, so the game itself is back within 250 ms (one tick of 42 ms included)
  whatever the engine does.
- The skin fades in, and out when it is switched off or compared, and one switch follows another by a second at least:
  a hard change between game and skin would be a flash. Only a fault takes it away at once, and then it stays away for
  that second.
- The flash limiter comes last, and every picture passes it: what the overlay shows, and what the sinks get also while
  the player looks at the game itself. Only the notes are drawn after it: they are small and never blink.
- After a fault, the skin comes back only when the engine has kept up for a while, longer each time, so that an engine
  at its limit does not make the picture switch to and fro.

Knows nothing of engines, keys or pacing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from reskin.flash_limiter import FlashLimiter
from reskin.frame import Frame, Region
from reskin.panel import Panels
from reskin.platforms.base import Overlay, Sink
from reskin.self_capture import SelfCaptureGuard
from reskin.shared_frames import SharedFrame

STALE_NS = 190_000_000
FADE_TICKS = 6  # 250 ms
SWITCH_NS = 1_000_000_000  # between two switches of game and skin
TRUST_PAINTINGS = 6  # in a row after a fault; doubles with each fault
TRUST_LIMIT = 96  # 4 s
FORGET_FAULTS_NS = 60_000_000_000


class Presenter:
    def __init__(
        self, overlay: Overlay, sinks: Sequence[Sink], note: Panels, guard: SelfCaptureGuard,
        limiter: FlashLimiter | None,
    ) -> None:  # fmt: skip
        self._overlay = overlay
        self._sinks = sinks
        self._note = note
        self._guard = guard
        self._limiter = limiter
        self.holds_back = False  # there is a painting, and what is seen is the game until the fade begins
        self._painting: SharedFrame | None = None
        self._grab_began_ns = 0  # of that painting's frame
        self._fade = 0  # of FADE_TICKS: how much of the skin is over the game
        self._is_fading_in = False  # or has
        self._switched_ns = 0  # when it last began to fade in or out, or was taken away
        self._trust_needed = 0
        self._trust_after_fault = TRUST_PAINTINGS
        self._fault_ns = 0
        self._mix = np.empty((0, 0, 4), np.uint8)
        self._last_picture: np.ndarray | None = None  # a view, for screenshots
        self._is_visible = False
        self._shows_note_alone = False
        self._shows_skin = False
        self._kept_skin: np.ndarray | None = None  # for `last_skin`, from when the skin went

    def renew(self, painting: SharedFrame, grab_began_ns: int) -> None:
        """A new painting has come; it is shown at the next `present`."""
        self._painting = painting
        self._grab_began_ns = grab_began_ns
        self._trust_needed = max(0, self._trust_needed - 1)

    def engine_died(self, now_ns: int) -> None:
        """Nothing new will come for a while: give the game back at once."""
        self._lose_trust(now_ns)
        self._painting = None

    def trust_anew(self) -> None:
        """Another engine paints from now on: the faults of the one before are not its own."""
        self._trust_needed, self._trust_after_fault = 0, TRUST_PAINTINGS

    def let_go(self) -> None:
        """Nobody paints for now, and nothing is wrong here: the game at once, and the skin as soon as there is one."""
        self._painting = None

    def present(self, frame: Frame | None, region: Region | None, *, now_ns: int, on: bool, comparing: bool) -> bool:
        """Show what there is; `frame` is the newest of the game itself. True when the player sees the painting.

        `region` is None while the window cannot be seen: then there is no place for words either. Without a frame they
        stand alone over the game.
        """
        self.holds_back = False
        if region is None:
            self.withdraw()
            return False
        if frame is None:
            self._fade, self._is_fading_in = 0, False
            self._keep_skin()
            self._show_note_alone(None, region, now_ns)
            return False
        painting = self._showable(region, now_ns)
        self._fade_towards(on and not comparing, painting, now_ns)
        self.holds_back = painting is not None and self._fade == 0
        if painting is None or self._fade == 0:
            self._show_untouched(frame, region, now_ns)
            return False
        if self._shows_note_alone:
            self._hide()  # never the big picture in the small note's window
        self._show_picture(self._mixed(painting, frame), painting, region, now_ns)
        return True

    def withdraw(self) -> None:
        """There is nothing to show over: the window is minimised, or the loop ends."""
        self._fade, self._is_fading_in = 0, False
        self._keep_skin()
        self._hide()

    def picture(self) -> np.ndarray | None:
        """A copy of what the player sees, painting or game, without the note; None when nothing was shown yet."""
        return None if self._last_picture is None else self._last_picture.copy()

    def last_skin(self) -> np.ndarray | None:
        """A copy of the last picture that the overlay showed, also when it is hidden now; None when there was none."""
        return self.picture() if self._shows_skin else self._kept_skin

    def _fade_towards(self, wanted: bool, painting: SharedFrame | None, now_ns: int) -> None:
        if painting is None:
            if self._fade > 0:
                self._switched_ns = now_ns
            self._fade, self._is_fading_in = 0, False
            return
        if wanted != self._is_fading_in and (not self._switched_ns or now_ns - self._switched_ns >= SWITCH_NS):
            self._is_fading_in = wanted
            self._switched_ns = now_ns
            if not wanted:
                self._keep_skin()  # and not one that is half faded
        self._fade = min(FADE_TICKS, max(0, self._fade + (1 if self._is_fading_in else -1)))

    def _limited(self, pixels: np.ndarray, now_ns: int) -> np.ndarray:
        return pixels if self._limiter is None else self._limiter.apply(pixels, now_ns)

    def _showable(self, region: Region, now_ns: int) -> SharedFrame | None:
        painting = self._painting
        if painting is None or painting.bgra_u8.shape[:2] != (region.h, region.w):
            return None
        if now_ns - self._grab_began_ns > STALE_NS + painting.extra_age_ns:
            self._lose_trust(now_ns)
            return None
        return painting if self._trust_needed == 0 else None

    def _lose_trust(self, now_ns: int) -> None:
        if self._fade > 0:
            repeated = self._fault_ns and now_ns - self._fault_ns < FORGET_FAULTS_NS
            self._trust_after_fault = min(2 * self._trust_after_fault, TRUST_LIMIT) if repeated else TRUST_PAINTINGS
            self._fault_ns = now_ns
        if self._fault_ns:
            self._trust_needed = self._trust_after_fault

    def _mixed(self, painting: SharedFrame, frame: Frame) -> np.ndarray:
        if self._fade == FADE_TICKS or frame.bgra_u8.shape != painting.bgra_u8.shape:
            return painting.bgra_u8
        if self._mix.shape != frame.bgra_u8.shape:
            self._mix = np.empty_like(frame.bgra_u8)
        opacity = self._fade / FADE_TICKS
        return cv2.addWeighted(painting.bgra_u8, opacity, frame.bgra_u8, 1 - opacity, 0, dst=self._mix)

    def _show_picture(self, pixels: np.ndarray, painting: SharedFrame, region: Region, now_ns: int) -> None:
        pixels = self._limited(pixels, now_ns)
        picture = Frame(index=painting.index, captured_ns=painting.captured_ns, bgra_u8=pixels)
        with self._note.over(pixels, now_ns):
            self._overlay.show(picture, region)
            self._is_visible = True
            self._show_in_sinks(picture, region)
        self._guard.shown(picture)
        self._last_picture = pixels
        self._shows_skin = self._is_fading_in

    def _show_untouched(self, frame: Frame, region: Region, now_ns: int) -> None:
        self._keep_skin()
        self._last_picture = frame.bgra_u8
        self._show_note_alone(frame.bgra_u8, region, now_ns)
        limited = self._limited(frame.bgra_u8, now_ns)
        if self._sinks:
            untouched = Frame(index=frame.index, captured_ns=frame.captured_ns, bgra_u8=limited.copy())
            with self._note.over(untouched.bgra_u8, now_ns):
                self._show_in_sinks(untouched, region)

    def _show_note_alone(self, game: np.ndarray | None, region: Region, now_ns: int) -> None:
        """The notes over their own part of the game, or over black where it gives no picture; the rest is the game."""
        alone = self._note.alone(game, region, now_ns)
        if alone is None or not self._shows_note_alone:
            self._hide()
        if alone is not None:
            pixels, place = alone
            self._overlay.show(Frame(index=0, captured_ns=now_ns, bgra_u8=pixels), place)
            self._is_visible = self._shows_note_alone = True

    def _show_in_sinks(self, frame: Frame, region: Region) -> None:
        for sink in self._sinks:
            sink.show(frame, region)

    def _keep_skin(self) -> None:
        """The skin goes: its pixels are the engine's to overwrite, in two paintings from now at the earliest."""
        if self._shows_skin:
            self._kept_skin = self.picture()
        self._shows_skin = False

    def _hide(self) -> None:
        if self._is_visible:
            self._overlay.hide()
        else:
            self._overlay.rest()
        self._is_visible = self._shows_note_alone = False
