"""The box mode: a hotkey takes the mouse, and what is dragged over on the screen stays the game's own, for good.

The left button drags a box, the right one takes away the box under it; the key again, or a minute without the mouse,
gives it back. Boxes are fractions of the window, and go into the game's profile at once, written by the `loader` beside
the loop. Lives on the loop's thread; `poll` at every tick. Knows nothing of which mouse it is, or how a box is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path

from reskin import platforms
from reskin.errors import DisplayError, ReskinError
from reskin.frame import Region
from reskin.panel import Mark
from reskin.platforms.base import IDLE_NS, InputState, Pointed, PointerInput
from reskin.profile_writer import save_regions
from reskin.profiles import GameProfile
from reskin.theme_model import MAX_REGIONS, KeptRegion

SMALLEST_PX = 8  # a click that slipped is no box
LEFT, RIGHT = 1, 3
HELP = "Drag boxes over what stays the game's own; right click takes one away, the key ends"
REFUSED = "The game holds the mouse: open its menu first, then drag boxes"
NOT_SEEN = "Boxes can be dragged while the skin is on and the game in sight"

Save = Callable[[Path | None, str, tuple[KeptRegion, ...]], Path]


def open_box_mode(chord: str, profile: GameProfile, loader: Executor) -> BoxMode | None:
    """With this desktop's mouse; None where no chord begins it or there is no such part yet."""
    if not chord:
        return None
    try:
        return BoxMode(platforms.open_pointer_input(), profile, loader)
    except DisplayError:
        return None


class BoxMode:
    def __init__(
        self, pointer: PointerInput, profile: GameProfile, loader: Executor, save: Save = save_regions
    ) -> None:
        """Where the profile has no window's title, boxes last as long as the run."""
        self.is_open = False
        self._pointer = pointer
        self._profile = profile
        self._loader = loader
        self._save = save
        self._window: Region | None = None
        self._drag: tuple[int, int, int, int] | None = None  # from x, y to x, y, in pixels of the window
        self._moved_ns: int | None = None
        self._saving: Future[Path] | None = None

    def toggle(self, *, is_skinned: bool) -> str:
        """Begin or end it; returns a note for the player."""
        if self.is_open:
            self.cancel()
            return self._count()
        if not is_skinned or self._window is None:
            return NOT_SEEN
        self.is_open, self._moved_ns = True, None
        self._pointer.begin()
        return HELP

    def cancel(self) -> None:
        """Give the mouse back, also when nothing of the boxes can be seen any more. Nothing kept is lost."""
        if self.is_open:
            self.is_open, self._drag = False, None
            self._pointer.end()

    def turn_to(self, profile: GameProfile) -> None:
        """Another window of the game has another profile; what is being written still goes into its own."""
        self._profile = profile

    def window_moved(self, window: Region | None) -> None:
        """Where the game's window is now; None: it cannot be seen."""
        if window is None or (self._window is not None and window != self._window):
            self._drag = None
        self._window = window
        if window is None:
            self.cancel()

    def poll(self, now_ns: int) -> str:
        """Take in what the mouse did; returns a note for the player, or nothing."""
        note = self._saved()
        for pointed in self._pointer.poll():
            self._moved_ns = now_ns
            if self.is_open and self._window is not None:
                note = self._take_in(pointed, self._window) or note
        if self.is_open:
            if self._pointer.state is InputState.REFUSED:
                self.cancel()
                return REFUSED
            self._moved_ns = now_ns if self._moved_ns is None else self._moved_ns
            if now_ns - self._moved_ns > IDLE_NS:
                self.cancel()
        return note

    def marks(self, window_h: int, window_w: int) -> list[Mark]:
        """The boxes that are kept and the one being dragged, as `reskin.panel.MarkSource`."""
        if not self.is_open:
            return []
        kept = [Mark(*_pixels(region, window_h, window_w)) for region in self._profile.regions]
        return kept if self._drag is None else [*kept, Mark(*_box(self._drag), is_new=True)]

    def close(self) -> None:
        """Give the mouse back at once; closing twice is fine. What is being written is finished by the loader."""
        self.is_open = False
        self._pointer.close()

    def _take_in(self, pointed: Pointed, window: Region) -> str:
        x = min(max(pointed.x - window.x, 0), window.w)
        y = min(max(pointed.y - window.y, 0), window.h)
        if pointed.button == RIGHT and pointed.pressed:
            return self._take_away(x / window.w, y / window.h)
        if pointed.button == LEFT and pointed.pressed:
            self._drag = (x, y, x, y)
        elif self._drag is not None:
            self._drag = (*self._drag[:2], x, y)
            if pointed.button == LEFT:
                drag, self._drag = self._drag, None
                return self._add(drag, window)
        return ""

    def _add(self, drag: tuple[int, int, int, int], window: Region) -> str:
        x, y, w, h = _box(drag)
        if min(w, h) < SMALLEST_PX:
            return ""
        if len(self._profile.regions) >= MAX_REGIONS:
            return f"There are {MAX_REGIONS} boxes already; right click takes one away"
        fractions = (x / window.w, y / window.h, w / window.w, h / window.h)
        added: KeptRegion = tuple(round(part, 4) for part in fractions)  # type: ignore[assignment]
        return self._keep((*self._profile.regions, added))

    def _take_away(self, x: float, y: float) -> str:
        regions = list(self._profile.regions)
        under = [region for region in regions if 0 <= x - region[0] <= region[2] and 0 <= y - region[1] <= region[3]]
        if not under:
            return ""
        regions.remove(min(under, key=lambda region: region[2] * region[3]))  # the smallest: it lies on the others
        return self._keep(tuple(regions))

    def _keep(self, regions: tuple[KeptRegion, ...]) -> str:
        self._profile.regions = regions
        if not self._profile.title.strip():
            return f"{self._count()} until the end: without a window's title there is no profile"
        if self._saving is not None:
            self._saving.cancel()  # the newest wins; one that is being written is written first
        self._saving = self._loader.submit(self._write, self._profile, regions)
        return self._count()

    def _write(self, profile: GameProfile, regions: tuple[KeptRegion, ...]) -> Path:
        path = self._save(profile.path, profile.title, regions)
        profile.path = path
        return path

    def _saved(self) -> str:
        if self._saving is None or not self._saving.done():
            return ""
        done, self._saving = self._saving, None
        error = None if done.cancelled() else done.exception()
        if error is None:
            return ""
        return str(error) if isinstance(error, ReskinError) else f"The boxes could not be saved ({error})"

    def _count(self) -> str:
        count = len(self._profile.regions)
        return f"{count} box{'' if count == 1 else 'es'} kept"


def _box(drag: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """x, y, width, height, whichever corner it began at."""
    left, right = sorted((drag[0], drag[2]))
    top, bottom = sorted((drag[1], drag[3]))
    return left, top, right - left, bottom - top


def _pixels(region: KeptRegion, window_h: int, window_w: int) -> tuple[int, int, int, int]:
    x, y, w, h = region
    return round(x * window_w), round(y * window_h), round(w * window_w), round(h * window_h)
