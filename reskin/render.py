"""A file in a theme: every frame of a video in order with its sound, or one picture. What `reskin render` runs.

Knows nothing of screens or of time: a slow engine makes it slow, and drops nothing. A target appears only when it is
complete, whatever ends the work before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reskin.errors import VideoError
from reskin.flash_safety import FlashProfile
from reskin.picture_file import is_picture, read_picture, write_picture
from reskin.renderer import Renderer, View
from reskin.themes import PICTURE_SUFFIXES, Theme

Progress = Callable[[int, int | None], None]  # frames done, frames in all where the file says


@dataclass(frozen=True, kw_only=True)
class Rendered:
    frames: int
    size_px: tuple[int, int]  # (width, height)


def render_file(
    source: Path, target: Path, theme: Theme, renderer: Renderer, progress: Progress,
    flash_limiter: FlashProfile = "broadcast",
) -> Rendered:  # fmt: skip
    """Picture to picture, video to video; VideoError for what cannot be read or written."""
    if is_picture(source) != is_picture(target):
        kinds = {True: "a picture", False: "a video"}
        raise VideoError(
            f"rendering {source} to {target}: the first is {kinds[is_picture(source)]} by its name and the second "
            f"{kinds[is_picture(target)]}; expected two of a kind. Pictures end in {', '.join(PICTURE_SUFFIXES)}."
        )
    if source.exists() and target.exists() and source.samefile(target):
        raise VideoError(f"rendering {source}: the target is the same file. Give another name, so that both are kept.")
    renderer.reset()
    if is_picture(source):
        return _render_picture(source, target, theme, renderer, progress)
    return _render_video(source, target, theme, renderer, progress, flash_limiter)


def _render_picture(source: Path, target: Path, theme: Theme, renderer: Renderer, progress: Progress) -> Rendered:
    bgra_u8 = read_picture(source)
    out = np.empty_like(bgra_u8)
    renderer.render(bgra_u8, theme, View.THEME, 0, out)
    write_picture(target, out[..., :3])
    progress(1, 1)
    h, w = out.shape[:2]
    return Rendered(frames=1, size_px=(w, h))


def _render_video(
    source: Path, target: Path, theme: Theme, renderer: Renderer, progress: Progress, profile: FlashProfile
) -> Rendered:
    from reskin.flash_limiter import FlashLimiter
    from reskin.frame import Frame
    from reskin.video import VideoReader, VideoWriter

    with (
        VideoReader(source) as reader,
        VideoWriter(target, reader.size_px, reader.fps, audio_from=source) as writer,
    ):
        w, h = reader.size_px
        out = np.empty((h, w, 4), np.uint8)
        limiter = None if profile == "off" else FlashLimiter(profile, fps=reader.fastest_hz())
        frames = 0
        for frame in reader:
            renderer.render(frame.bgra_u8, theme, View.THEME, 0, out)
            shown = out if limiter is None else limiter.apply(out, frame.captured_ns)
            writer.write(Frame(frame.index, frame.captured_ns, shown))
            frames = frame.index + 1
            progress(frames, reader.length)
    return Rendered(frames=frames, size_px=(w, h))
