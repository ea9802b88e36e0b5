"""A theme looked at with no game running: before and after side by side, as a picture or a clip.

Frames come from the bundled game, which walks by itself, or from a picture or a video of the player's own. Knows
nothing of the command line; the renderer is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reskin.errors import VideoError
from reskin.flash_safety import FlashProfile
from reskin.frame import Frame
from reskin.note import stamp
from reskin.picture_file import is_picture, read_picture, write_picture
from reskin.render import Progress, Rendered
from reskin.renderer import Renderer, View
from reskin.themes import PICTURE_SUFFIXES, Theme

if TYPE_CHECKING:
    from reskin.video import VideoReader

DEMO_SIZE = (360, 640)  # (h, w)
FPS = 24
CLIP_FRAMES = 72  # three seconds, where nothing is said
MOST_FRAMES = 24 * 600
DEMO_START_S = 5.5  # of the walk: houses, trees, people and the hills are in sight
LEAD_FRAMES = 6  # of a still: three readings, a quarter of a second of a stream
GAP_PX = 4


def source_frames(source: Path | None) -> tuple[Iterator[np.ndarray], float, int | None]:
    """Frames (h, w, 4) BGRA, how many a second, and how many there are where that is known: none for the demo.

    VideoError for a file that is neither a picture nor a video.
    """
    if source is None:
        from reskin.demo.stream import demo_frames

        return demo_frames(DEMO_SIZE, 1 / FPS, start_s=DEMO_START_S), FPS, None
    if is_picture(source):
        return repeat(read_picture(source)), FPS, 1
    from reskin.video import VideoReader

    reader = VideoReader(source)
    return _closing(reader), reader.fps, reader.length


def write_preview(
    target: Path, theme: Theme, renderer: Renderer, progress: Progress, *,
    source: Path | None = None, frames: int | None = None, flash_limiter: FlashProfile = "broadcast",
) -> Rendered:  # fmt: skip
    """Writes a still (.png, .jpg, ...) or a clip (.mp4, ...) by the target's name; VideoError when it cannot be.

    `frames` is the length of a clip, or for a still the frame of the source that it shows, counted after the lead-in:
    1 is the seventh. Before and after together pass the flash limiter, as they are seen.
    """
    if frames is not None and not 1 <= frames <= MOST_FRAMES:
        raise VideoError(f"previewing {theme.name}: got {frames} frames, expected 1 to {MOST_FRAMES}")
    if not is_picture(target):
        from reskin.video import VIDEO_SUFFIXES

        if target.suffix.lower() not in VIDEO_SUFFIXES:
            raise VideoError(
                f"previewing {theme.name} into {target}: expected a name ending in {', '.join(PICTURE_SUFFIXES)} for a "
                f"picture, or {', '.join(VIDEO_SUFFIXES)} for a clip"
            )
    if source is not None and source.exists() and target.exists() and source.samefile(target):
        raise VideoError(f"previewing {source}: the target is the same file. Give another name, so that both are kept.")
    stream, fps, length = source_frames(source)
    renderer.reset()
    pairs = _pairs(stream, theme, renderer)
    if is_picture(target):
        return _write_still(target, pairs, frames or 1, progress)
    if length == 1:  # a picture stands still: there is nothing to see in more of it
        raise VideoError(f"previewing {source}: a picture gives a picture; name the target .png")
    wanted = frames or min(length or CLIP_FRAMES, CLIP_FRAMES)
    return _write_clip(target, islice(pairs, wanted), fps, wanted, progress, flash_limiter)


def _write_still(target: Path, pairs: Iterator[np.ndarray], number: int, progress: Progress) -> Rendered:
    """The pair with that number, counted after the lead-in; of a shorter clip the last."""
    picture = None
    for done, pair in enumerate(islice(pairs, LEAD_FRAMES + number), 1):
        picture = pair
        progress(done, LEAD_FRAMES + number)
    assert picture is not None, "a source that has no frame raises itself"
    write_picture(target, picture[..., :3])
    h, w = picture.shape[:2]
    return Rendered(frames=1, size_px=(w, h))


def _write_clip(
    target: Path, pairs: Iterator[np.ndarray], fps: float, total: int, progress: Progress, profile: FlashProfile
) -> Rendered:
    from reskin.flash_limiter import FlashLimiter
    from reskin.video import VideoWriter

    limiter = None if profile == "off" else FlashLimiter(profile, fps=fps)

    first = next(pairs)
    h, w = first.shape[:2]
    count = 0
    with VideoWriter(target, (w, h), fps) as writer:
        for count, pair in enumerate(chain((first,), pairs), 1):
            now_ns = round((count - 1) / fps * 1e9)
            writer.write(Frame(count - 1, now_ns, pair if limiter is None else limiter.apply(pair, now_ns)))
            progress(count, total)
    return Rendered(frames=count, size_px=(w, h))


def _pairs(stream: Iterator[np.ndarray], theme: Theme, renderer: Renderer) -> Iterator[np.ndarray]:
    """Before and after beside each other, each with a word in its corner."""
    out = np.empty((0, 0, 4), np.uint8)
    labels: tuple[str, str] = ("before", theme.name)
    for bgra_u8 in stream:
        if out.shape != bgra_u8.shape:
            out = np.empty_like(bgra_u8)
        renderer.render(bgra_u8, theme, View.THEME, 0, out)
        yield side_by_side(bgra_u8, out, labels)


def side_by_side(before: np.ndarray, after: np.ndarray, labels: tuple[str, str]) -> np.ndarray:
    """Two pictures (h, w, 4) of one size, a gap between, a label at each one's foot."""
    h, w = before.shape[:2]
    pair = np.full((h, 2 * w + GAP_PX, 4), 255, np.uint8)
    for left, picture, label in ((0, before, labels[0]), (w + GAP_PX, after, labels[1])):
        half = pair[:, left : left + w]
        half[:] = picture
        stamp(half, label)
    pair[..., 3] = 255
    return pair


def _closing(reader: VideoReader) -> Iterator[np.ndarray]:
    with reader:
        for frame in reader:
            yield frame.bgra_u8
