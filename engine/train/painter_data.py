"""What the Painter learns from: clips of worlds as the engine sees them, beside their true renderings in random styles.

Making a frame costs ten times what training on it does (tracing, reading, underpainting), so clips are made once, kept
on disk in half precision and read back in random order, mirrored or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from engine.live import open_session, read_frame
from engine.offline import surface_means
from engine.painter import PATCH, SURFACE, Look
from engine.refine import Refiner
from engine.style import Style
from engine.underpaint import LUMA, Underpainter
from engine.worlds.samples import SourceFrame, clips
from engine.worlds.styles import random_style
from engine.worlds.target import true_reading, true_rendering

PLANES = {"source": 3, "base": 3, "shade": 3, "shine": 3, "x": 1, "keep": 1, "target": 3}  # channels of (h, w) each
TRUE_SHARE = 0.4  # of the clips that are read without faults
FAR_X = 4.0  # beyond, a pixel stays at its ramp's end however its light is moved


class PainterClips(NamedTuple):
    """b clips of t frames. Pictures in [0, 1], the light's place x on its ramp in [-4, 4]."""

    source: Tensor  # (b, t, 3, h, w)
    base: Tensor
    shade: Tensor
    shine: Tensor
    x: Tensor  # (b, t, 1, h, w)
    keep: Tensor
    target: Tensor  # (b, t, 3, h, w): the true rendering
    surface: Tensor  # (b, t, SURFACE, h/4, w/4)
    anchor: Tensor  # (b, 3, h, w): another world's true rendering in the same style, as an old anchor is
    light: Tensor  # (b, 15)

    def look(self, i: int) -> Look:
        """What frame i of every clip looks like to the Painter."""
        rows = (self.source, self.base, self.shade, self.shine, self.x, self.keep, self.surface)
        return Look(*(field[:, i] for field in rows))

    def mirrored(self) -> PainterClips:
        """Left and right swapped, the sun's direction with it."""
        light = self.light.clone()
        light[:, 0] *= -1
        return PainterClips._make([*(field.flip(-1) for field in self[:-1]), light])


def shapes(clip_count: int, frames: int, size: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """The shape of every field."""
    h, w = size
    planes = {name: (clip_count, frames, channels, h, w) for name, channels in PLANES.items()}
    return planes | {
        "surface": (clip_count, frames, SURFACE, h // PATCH, w // PATCH),
        "anchor": (clip_count, 3, h, w),
        "light": (clip_count, 15),
    }


def clip_fields(clip: list[SourceFrame], other: SourceFrame, style: Style, session) -> dict[str, np.ndarray]:  # type: ignore[no-untyped-def]
    """One clip's fields by name, without the batch's axis. `other` is a frame of another world.

    Without a session the clip is read without faults: what a Painter cannot mend is not to be all that it learns.
    """
    refiner, seen, true = Refiner(), Underpainter(), Underpainter()
    rows: dict[str, list[np.ndarray]] = {name: [] for name in (*PLANES, "surface")}
    for frame in clip:
        if session is None:
            materials, depth = true_reading(frame)
        else:
            materials, depth = read_frame(session, frame.rgb)
            materials = refiner(frame.rgb, materials)
        maps = seen.paint(frame.rgb, materials, depth, style)
        x = np.clip((frame.rgb @ LUMA - maps.mean) * maps.gain, -FAR_X, FAR_X)
        pictures = {"source": frame.rgb, "base": maps.base, "shade": maps.shade, "shine": maps.shine,
                    "x": x[..., None], "keep": maps.keep[..., None],
                    "target": true_rendering(frame, style, true)}  # fmt: skip
        for name, picture in pictures.items():
            rows[name].append(picture.transpose(2, 0, 1))
        rows["surface"].append(surface_means(materials, depth, maps, style))
    anchor = true_rendering(other, style, Underpainter()).transpose(2, 0, 1)
    return {name: np.stack(row) for name, row in rows.items()} | {"anchor": anchor, "light": style.light_vector()}


def styled_clips(split: str, size: tuple[int, int], frames: int, reader: Path) -> Iterator[dict[str, np.ndarray]]:
    """Endless clips of fresh worlds in fresh styles, read by the Reader exported at `reader`."""
    cv2.setNumThreads(1)
    session, rng = open_session(reader, 1), np.random.default_rng(7)
    other: SourceFrame | None = None
    for clip in clips(split, size, frames=frames, fresh=1.0):
        if other is not None:
            style = random_style(rng)
            yield clip_fields(clip, other, style, None if rng.random() < TRUE_SHARE else session)
        other = clip[0]


class ClipStore:
    """Clips on disk, one array a field. Made once; opened again if they are all there."""

    def __init__(self, folder: Path, *, count: int, frames: int, size: tuple[int, int], reader: Path,
                 split: str = "train") -> None:  # fmt: skip
        self.folder = folder
        expected = shapes(count, frames, size)
        done = folder / "done"
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            arrays = {
                name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float16, shape=shape)
                for name, shape in expected.items()
            }
            source = styled_clips(split, size, frames, reader)
            for i in track(range(count), description="clips for the Painter", transient=True):
                for name, values in next(source).items():
                    arrays[name][i] = values
            for array in arrays.values():
                array.flush()
            done.touch()
        self._arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in PainterClips._fields]
        found = {name: array.shape for name, array in zip(PainterClips._fields, self._arrays, strict=True)}
        if found != expected:
            raise ValueError(
                f"reading {folder}: it holds clips of {found['source']}, and {expected['source']} are asked for. "
                "Name another folder, or delete this one."
            )

    def __len__(self) -> int:
        return len(self._arrays[0])

    def batch(self, rng: torch.Generator, size: int) -> PainterClips:
        """Random clips on the generator's device, half the batches mirrored."""
        chosen = torch.randint(len(self), (size,), generator=rng, device=rng.device).tolist()
        rows = (torch.from_numpy(np.stack([array[i] for i in chosen])) for array in self._arrays)
        batch = PainterClips(*(row.to(rng.device).float() for row in rows))
        return batch.mirrored() if torch.rand((), generator=rng, device=rng.device) < 0.5 else batch
