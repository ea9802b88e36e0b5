"""What of the game's picture stays its own: the Reader's HUD, what stands still, and text, as a calm mask of 8x8 cells.

Evidence comes and goes from frame to frame; a cell changes sides only after it has spoken one way for a while
(hysteresis), and then fades. Knows nothing of how the mask is used; `reskin.keep_blend` does.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.underpaint import LUMA
from reskin.keep_blend import Kept
from reskin.still_edges import CELL_PX, StillEdges, per_cell
from reskin.text_finder import find_lines
from reskin.theme_model import Keep

WIDEST_PX, TALLEST_PX = 1280, 720  # larger frames are watched at about a half or a third of their size
LOOK_EVERY = 4  # frames; a look costs more than painting, so it has a core of its own and four frames' time
TEXT_EVERY = 16  # frames, from one search for lines of text to the next
DENSE = 0.12  # share of lasting edges in 5x5 cells that only a HUD has: a far skyline has half of it
SURE = 0.03  # and of those that would be seen to move
SOME = 0.05  # share of a cell's own pixels, where the cells round it are dense
DOUBT = 0.1  # of the Reader's belief, where it sees a HUD at all: far mountains stand still too, but it knows them
KNOWN = 4  # looks in motion after which what is still is known, and text that moves with the world is none
RESTING = 6  # looks without motion, one second: a menu or a dialog over a frozen picture, whose letters are new
GONE = 8  # looks without an edge after which there is no text any more; a line that blinks is away for less
FADED = 1  # the same where all of the picture is bare: what comes next is another scene
MOST_STILL = 0.5  # of the picture: with more, and no HUD that the Reader sees, it is the stage of a fixed camera
FADE_FRAMES = 6
SMALLEST_PX = 80  # a frame narrower or lower has no room for a HUD that one could read
PLAIN_READ, PLAIN_STILL = 14.0, 45.0  # of 255; see Kept.plain: beside letters the world itself is nearer to ink
STRONG = 30  # of 255: what differs from its ground by so much is ink
LIGHT_SHARE = 0.25  # of the ink that is lighter than its ground, to that which is darker: with more, letters are light

GUESSED = 0.15  # where nothing moves: a line is text when the Reader sees so much of a HUD in it
GUESSED_INK = 225.0  # of 255: brightness that light letters then have
STILL_PART = 0.45  # of a line's cells: with less that stands still, it moves with the world
SMALL_PX = 14  # a line's height up to which its ground keeps the game's brightness: every pixel counts in small print
MORE = 60.0  # of 255: contrast that lines of text get beyond that of other things
DARK = 0.4  # how far the ground of dark lines that are no text is lifted: all the way is a bright patch


class Vote:
    """Yes or no of every cell, slow to change. Evidence in [0, 1] moves a cell's score; two thresholds decide."""

    def __init__(self, *, rise: float, fall: float, on: float = 0.7, off: float = 0.3) -> None:
        self._rise, self._fall, self._on, self._off = np.float32(rise), np.float32(fall), on, off
        self._score = np.empty((0, 0), np.float32)
        self.yes = np.empty((0, 0), bool)

    def reset(self) -> None:
        self._score = np.empty((0, 0), np.float32)

    def withdraw(self, cells: np.ndarray) -> None:
        """Those (rows, columns) bool are no again, at once."""
        if self._score.shape == cells.shape:
            self._score[cells] = 0
            self.yes = self.yes & ~cells

    def cast(self, evidence: np.ndarray) -> np.ndarray:
        """(rows, columns) float32 in [0, 1] to (rows, columns) bool; the first frame is believed at once."""
        if self._score.shape != evidence.shape:
            self._score = evidence.astype(np.float32)
            self.yes = self._score > 0.5
            return self.yes
        change = evidence - self._score
        self._score += np.where(change > 0, self._rise * change, self._fall * change)
        self.yes = np.where(self.yes, self._score > self._off, self._score > self._on)
        return self.yes


@dataclass(frozen=True)
class _Look:
    """What one look at a frame says; by cell, (rows, columns)."""

    kept: Kept  # its hud and text are not faded yet
    wanted_hud: np.ndarray  # bool
    wanted_text: np.ndarray  # float32 in [0, 1]


class KeepMask:
    """One stream. Not thread-safe.

    Every fourth frame is looked at, in a thread beside the next ones, and what was seen counts three frames later: so
    the same frames always give the same masks, and no frame waits.
    """

    def __init__(self) -> None:
        self._edges = StillEdges()
        self._still = Vote(rise=0.75, fall=0.15)
        self._likely = Vote(rise=0.5, fall=0.25)
        self._read = Vote(rise=0.64, fall=0.28, on=0.6, off=0.3)
        self._written = Vote(rise=0.5, fall=0.25, on=0.6, off=0.2)
        self._small = Vote(rise=0.5, fall=0.25, on=0.6, off=0.2)
        self._light = Vote(rise=0.36, fall=0.36)
        self._looking = ThreadPoolExecutor(1, "keeping")
        self._searching = ThreadPoolExecutor(1, "text")
        self._look: Future[_Look] | None = None
        self.reset()

    def reset(self) -> None:
        if self._look is not None:
            wait([self._look])
        for part in (self._edges, self._still, self._likely, self._read, self._written, self._small, self._light):
            part.reset()
        self._frame = 0
        self._look = None
        self._seen: _Look | None = None  # the last that counts
        self._kept: Kept | None = None
        self._found: Future[np.ndarray] | None = None
        self._lines = np.empty((0, 5), np.int32)
        self._is_still = np.empty((0, 0), bool)  # (rows, columns)
        self._has_moved = False  # at the last look StillEdges had seen KNOWN looks in motion
        self._was_known = False  # and the picture was not at rest: what stands still told text from the world
        self._has_news = False  # lines that no vote has been cast for

    def update(self, bgra_u8: np.ndarray, read_hud: Callable[[], np.ndarray], keep: Keep) -> Kept | None:
        """What to keep of the next frame, None when nothing is.

        `read_hud` gives the Reader's belief in a HUD, (h, w) float32, and is asked when a frame is looked at.
        """
        if not (keep.hud or keep.text) or min(bgra_u8.shape[:2]) < SMALLEST_PX:
            self.reset()
            return None
        if self._kept is not None and self._kept.shapes.shape != bgra_u8.shape[:2]:
            self.reset()
        if self._frame % LOOK_EVERY == 0:
            before, number = self._kept, self._frame
            self._look = self._looking.submit(self._looked, bgra_u8.copy(), read_hud().copy(), keep, before, number)
        counts = self._frame == 0 or self._frame % LOOK_EVERY == LOOK_EVERY - 1  # the first frame may be the only one
        if counts and self._look is not None:
            look, self._look = self._look, None  # forgotten also when it has failed
            self._seen = look.result()
        self._frame += 1
        assert self._seen is not None
        before = self._kept or Kept.nothing(bgra_u8.shape, self._seen.wanted_hud.shape)
        part = 1.0 if self._kept is None else 1 / FADE_FRAMES
        self._kept = replace(
            self._seen.kept, hud=_faded(before.hud, self._seen.wanted_hud, part),
            text=_faded(before.text, self._seen.wanted_text, part),
        )  # fmt: skip
        return self._kept

    def _looked(self, bgra_u8: np.ndarray, read_hud: np.ndarray, keep: Keep, before: Kept | None, frame: int) -> _Look:
        """In the thread: `before` is what was kept of the frame before."""
        gray = _gray(bgra_u8)
        self._edges.watch(gray)
        if keep.text:
            self._search(gray, frame)
        still, read, written = self._decide(read_hud, keep)
        kept = before or Kept.nothing(bgra_u8.shape, self._edges.share.shape)
        is_guess = self._edges.moving_looks < KNOWN  # no letter's pixels are known yet, only where lines are
        wanted_hud = still | read | written
        wanted_text = np.maximum(np.where(kept.side >= 0, np.float32(1), np.float32(DARK)) * still, written)
        covered = np.maximum(wanted_hud, wanted_text) if before is None else np.maximum(kept.hud, kept.text)
        ground = ground_of(bgra_u8, covered.astype(np.float32))
        if is_guess:
            shapes = self._edges.newest_shapes(written)
            light = cells_of(self._lines[self._lines[:, 4] > 0], written)
            ink = np.where(light > 0, np.float32(GUESSED_INK), np.float32(255 - GUESSED_INK))
        else:
            shapes = self._edges.shapes
            if self._edges.rest >= RESTING:  # letters that have come since it rests
                shapes = cv2.max(shapes, self._edges.newest_shapes(written & ~self._is_still))
            ink, light = ink_of(gray, shapes, ground)
        side = np.where(self._light.cast(light), np.float32(1), np.float32(-1))
        ink = ink - side * written * np.float32(MORE)
        side = np.where(self._small.yes, np.float32(0), side) if written.any() else side
        plain = np.where(read | (written & is_guess), np.float32(PLAIN_READ), np.float32(PLAIN_STILL))
        kept = replace(kept, background=ground, ink=ink, side=side, plain=plain, shapes=_of_size(shapes, bgra_u8.shape))
        return _Look(kept=kept, wanted_hud=wanted_hud, wanted_text=wanted_text)

    def _search(self, gray: np.ndarray, frame: int) -> None:
        """Lines of text come half a period after the frame that they are of: the search runs beside the frames."""
        if frame % TEXT_EVERY == 0:
            self._found = self._searching.submit(find_lines, gray)
        due = frame == 0 or frame % TEXT_EVERY == TEXT_EVERY // 2  # the first frame may be the only one
        if due and self._found is not None:
            self._lines, self._found, self._has_news = self._found.result(), None, True

    def _decide(self, read_hud: np.ndarray, keep: Keep) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cells (rows, columns) that stand still, that the Reader sees a HUD in, and that hold text; bool."""
        rows, columns = self._edges.share.shape
        share = self._edges.share
        sure = self._edges.sure
        is_dense = (cv2.blur(share, (5, 5)) > DENSE) & (cv2.blur(sure, (5, 5)) > SURE)
        dense = cv2.dilate(is_dense.astype(np.uint8), _AROUND)
        own = (share > SOME) & (cv2.blur(sure, (3, 3)) > SURE)
        still = self._still.cast((own & (dense > 0)).astype(np.float32)).astype(np.uint8)
        self._is_still = cv2.dilate(cv2.morphologyEx(still, cv2.MORPH_CLOSE, _BESIDE), _AROUND) > 0
        belief = cv2.resize(read_hud, (columns, rows), interpolation=cv2.INTER_AREA)
        read = self._read.cast(belief)
        is_stage = self._is_still.mean() > MOST_STILL
        likely = self._likely.cast((cv2.dilate(belief, _NEARBY) > DOUBT).astype(np.float32))
        likely = likely | (not (read.any() or is_stage))
        none = np.zeros((rows, columns), bool)
        written = none
        if keep.text:
            has_moved = self._edges.moving_looks >= KNOWN
            known = has_moved and self._edges.rest < RESTING
            for vote in (self._written, self._small):  # what was guessed counts no longer
                if has_moved and not self._has_moved:
                    vote.reset()
                elif known and not self._was_known:
                    vote.withdraw(cv2.dilate(self._is_still.astype(np.uint8), _AROUND) == 0)
            if self._has_news or known != self._was_known or self._written.yes.shape != none.shape:
                guess = np.maximum(belief, self._is_still)
                evidence, part = (self._is_still, STILL_PART) if known else (guess, GUESSED)
                near = cv2.dilate((evidence >= part).astype(np.uint8), _AROUND)
                self._written.cast(near * cells_of(self._lines, evidence, part))
                self._small.cast(near * cells_of(self._lines[self._lines[:, 3] <= SMALL_PX], evidence, part))
            self._has_news, self._has_moved, self._was_known = False, has_moved, known
            if (gone := self._edges.bare_looks >= (FADED if self._edges.is_blank else GONE)).any():
                for vote in (self._written, self._small):
                    vote.withdraw(gone)
            written = self._written.yes
        return (self._is_still & likely, read, written) if keep.hud else (none, none, written)


_AROUND, _BESIDE, _NEARBY = (np.ones(size, np.uint8) for size in ((3, 3), (3, 7), (7, 7)))


def _shrink(shape: tuple[int, ...]) -> int:
    return max(1, -(-shape[1] // WIDEST_PX), -(-shape[0] // TALLEST_PX))


def _gray(bgra_u8: np.ndarray) -> np.ndarray:
    """(h, w) uint8, whole cells: what is known by cell is spread over the whole frame, so no rest may be left out."""
    gray = cv2.cvtColor(bgra_u8, cv2.COLOR_BGRA2GRAY)
    shrink = _shrink(bgra_u8.shape)
    h, w = (max(CELL_PX, side // shrink // CELL_PX * CELL_PX) for side in gray.shape)
    return gray if gray.shape == (h, w) else cv2.resize(gray, (w, h), interpolation=cv2.INTER_AREA)


def cells_of(lines: np.ndarray, sure: np.ndarray, part: float = 0.0) -> np.ndarray:
    """(rows, columns) float32: 1 in every cell that a line (n, 5) touches, with a margin of a third of its height.

    Only of lines in which `sure` (rows, columns) has a mean of at least `part`.
    """
    cells = np.zeros(sure.shape, np.float32)
    for x, y, w, h, _ in lines:
        pad = 3 + h // 3
        if part == 0 or ((mine := sure[_cells(y, h, 0), _cells(x, w, 0)]).size and mine.mean() >= part):
            cells[_cells(y, h, pad), _cells(x, w, pad)] = 1
    return cells


def _cells(first: int, length: int, pad: int) -> slice:
    """Those that lie in `length` pixels from `first` on, and in `pad` pixels at both ends."""
    return slice(max(0, first - pad) // CELL_PX, (first + length + pad) // CELL_PX + 1)


def _of_size(shapes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    h, w = shape[:2]
    return shapes if shapes.shape == (h, w) else cv2.resize(shapes, (w, h), interpolation=cv2.INTER_LINEAR)


def _faded(before: np.ndarray, wanted: np.ndarray, part: float) -> np.ndarray:
    step = np.float32(part)
    return before + np.clip(wanted.astype(np.float32) - before, -step, step)


def ground_of(bgra_u8: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """(rows, columns, 3) BGR in 0..255: the colours round what is kept, spread inwards."""
    rows, columns = kept.shape
    color = cv2.resize(bgra_u8, (columns, rows), interpolation=cv2.INTER_AREA)[..., :3].astype(np.float32)
    weight = np.clip(1 - 2 * kept, 0, 1)[..., None]
    both = np.concatenate([color * weight, weight], axis=2)
    spread = np.full_like(both, 1e-9)
    for width, trust in ((5, 1.0), (13, 1e-2), (41, 1e-4)):
        spread += np.float32(trust) * cv2.blur(both, (width, width))
    return spread[..., :3] / spread[..., 3:]


def ink_of(gray_u8: np.ndarray, shapes: np.ndarray, ground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By cell, of the shapes round it: brightness of their ink, and 1 where that is lighter than the ground, else 0.

    An outlined letter has both; its light half is the letter, unless there is next to none.
    """
    h, w = gray_u8.shape
    level = cv2.resize(ground @ LUMA[::-1], (w, h)).astype(np.uint8)
    halves = []
    for above in (cv2.subtract(gray_u8, level), cv2.subtract(level, gray_u8)):
        _, strong = cv2.threshold(above, STRONG, 255, cv2.THRESH_BINARY)
        strong = cv2.bitwise_and(strong, shapes)
        share = cv2.blur(per_cell(strong), _NEAR) + np.float32(1e-5)
        halves.append((share, 255 * cv2.blur(per_cell(cv2.bitwise_and(gray_u8, strong)), _NEAR) / share))
    (light, light_ink), (dark, dark_ink) = halves
    is_light = light > LIGHT_SHARE * dark
    return np.where(is_light, light_ink, dark_ink), is_light.astype(np.float32)


_NEAR = (9, 5)
