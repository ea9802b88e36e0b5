"""A file in a theme: every frame of a video in order with its sound, or one picture. What `reskin render` runs.

Knows nothing of screens or of time: a slow engine makes it slow, and drops nothing. A target appears only when it is
complete, whatever ends the work before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from reskin.errors import VideoError
from reskin.flash_safety import FlashProfile
from reskin.picture_size import MOST_PX, is_cut_off, picture_size
from reskin.renderer import Renderer, View
from reskin.themes import Theme
from reskin.whole_file import write_whole

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")

Progress = Callable[[int, int | None], None]  # frames done, frames in all where the file says


@dataclass(frozen=True, kw_only=True)
class Rendered:
    frames: int
    size: tuple[int, int]  # (width, height)


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


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
    return Rendered(frames=1, size=(w, h))


def _render_video(
    source: Path, target: Path, theme: Theme, renderer: Renderer, progress: Progress, profile: FlashProfile
) -> Rendered:
    from reskin.flash_limiter import FlashLimiter
    from reskin.frame import Frame
    from reskin.video import VideoReader, VideoWriter

    with (
        VideoReader(source) as reader,
        VideoWriter(target, reader.size, reader.fps, audio_from=source) as writer,
    ):
        w, h = reader.size
        out = np.empty((h, w, 4), np.uint8)
        limiter = None if profile == "off" else FlashLimiter(profile, fps=reader.fastest_hz())
        frames = 0
        for frame in reader:
            renderer.render(frame.bgra_u8, theme, View.THEME, 0, out)
            shown = out if limiter is None else limiter.apply(out, frame.captured_ns)
            writer.write(Frame(frame.index, frame.captured_ns, shown))
            frames = frame.index + 1
            progress(frames, reader.length)
    return Rendered(frames=frames, size=(w, h))


def read_picture(path: Path) -> np.ndarray:
    """(h, w, 4) uint8 BGRA; VideoError when it is no picture, or one of more pixels than fit."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VideoError(f"reading the picture {path}: {error.strerror}; check the path") from error
    w, h = picture_size(content) or (0, 0)
    if w * h > MOST_PX:
        raise VideoError(f"reading the picture {path}: {w}x{h} pixels; expected at most {MOST_PX // 10**6} million")
    if is_cut_off(content):
        raise VideoError(f"reading the picture {path}: it is damaged, a part of it is missing; fetch it again")
    try:
        bgr_u8 = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error:  # of a header that says the impossible
        bgr_u8 = None
    if bgr_u8 is None:
        raise VideoError(f"reading the picture {path}: it is none; expected one of {', '.join(PICTURE_SUFFIXES)}")
    return cv2.cvtColor(bgr_u8, cv2.COLOR_BGR2BGRA)


def check_picture_path(path: Path) -> None:
    """VideoError when no picture can be written there: for before the work that it is to show."""
    if not is_picture(path):
        raise VideoError(f"writing the picture {path}: expected a name ending in {', '.join(PICTURE_SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise VideoError(f"writing the picture {path}: there is no folder {path.absolute().parent}; make it first")


def write_picture(path: Path, bgr_u8: np.ndarray) -> None:
    """Writes beside the target and renames, so that no half picture is left; VideoError when it cannot be written."""
    check_picture_path(path)
    fits, encoded = cv2.imencode(path.suffix, bgr_u8)
    if not fits:
        h, w = bgr_u8.shape[:2]
        raise VideoError(f"writing the picture {path}: {w}x{h} is too large for {path.suffix}; name it .png")
    try:
        write_whole(path, encoded.tobytes())
    except OSError as error:
        raise VideoError(f"writing the picture {path}: {error.strerror}; check the folder and its space") from error
