"""What the Painter learns from: clips of worlds as the engine sees them, beside their true renderings in random styles.

Making a frame costs ten times what training on it does (tracing, reading, underpainting), so clips are made once, by as
many processes as there are cores for, kept on disk in half precision and read back in random order, some of them
mirrored or in exchanged colours.
"""

from __future__ import annotations

import faulthandler
import hashlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from engine.config import PATCH
from engine.cores import usable_cores
from engine.live import open_session, read_frame
from engine.offline import surface_means
from engine.painter import SURFACE, MapTensors
from engine.refine import Refiner
from engine.style import Style
from engine.train.figures import world_targets
from engine.underpaint import LUMA, Underpainter
from engine.worlds.samples import SPLITS, SourceFrame, dress_clip, trace_clip
from engine.worlds.styles import random_style
from engine.worlds.target import true_reading, true_rendering

PLANES = {"source": 3, "base": 3, "shade": 3, "shine": 3, "x": 1, "keep": 1, "target": 3, "flow": 3}  # channels of each
TRUE_SHARE = 0.4  # of the clips that are read without faults
OTHERS = 1 << 39  # half of a split's seeds: worlds that are only seen in anchors
SAME_COLOURS = 0.5  # share of the clips whose colours are not exchanged
FAR_PX = 1000.0  # float16 holds it, and no frame is so wide
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
    flow: Tensor  # (b, t, 3, h, w): where a point was in the frame before, minus where it is, and 1 if it was seen
    surface: Tensor  # (b, t, SURFACE, h/4, w/4)
    anchor: Tensor  # (b, 3, h, w): another world's true rendering in the same style, as an old anchor is
    light: Tensor  # (b, 15)

    def look(self, i: int) -> MapTensors:
        """What frame i of every clip looks like to the Painter."""
        rows = (self.source, self.base, self.shade, self.shine, self.x, self.keep, self.surface)
        return MapTensors(*(field[:, i] for field in rows))

    def mirrored(self) -> PainterClips:
        """Left and right swapped, the sun's direction and all motion with it."""
        light = self.light.clone()
        light[:, 0] *= -1
        flipped = PainterClips._make([*(field.flip(-1) for field in self[:-1]), light])
        flipped.flow[:, :, 0] *= -1
        return flipped

    def recolored(self, orders: Tensor) -> PainterClips:
        """Red, green and blue exchanged in everything, of each clip as (b, 3) `orders` says: other themes and games.

        `x` stays, so that green's part of the luminance may be another's there: as games differ in what is bright.
        """

        def exchanged(colors: Tensor) -> Tensor:  # (b, ..., 3, h, w)
            return torch.stack([each.index_select(-3, order) for each, order in zip(colors, orders, strict=True)])

        colored = ("source", "base", "shade", "shine", "target", "anchor")
        fields = {name: exchanged(getattr(self, name)) for name in colored}
        slopes = [exchanged(part) for part in self.surface[:, :, -6:].split(3, dim=2)]  # shade and shine
        surface = torch.cat([self.surface[:, :, :-6], *slopes], dim=2)
        lights = self.light[:, 3:12].reshape(-1, 3, 3, 1, 1)  # sun, ambient and fog
        light = torch.cat([self.light[:, :3], exchanged(lights).flatten(1), self.light[:, 12:]], dim=1)
        return self._replace(**fields, surface=surface, light=light)


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
    for i, frame in enumerate(clip):
        if session is None:
            materials, depth = true_reading(frame)
        else:
            materials, depth = read_frame(session, frame.rgb)
            materials = refiner(frame.rgb, materials)
        maps = seen.paint(frame.rgb, materials, depth, style)
        x = np.clip((frame.rgb @ LUMA - maps.mean) * maps.gain, -FAR_X, FAR_X)
        pictures = {"source": frame.rgb, "base": maps.base, "shade": maps.shade, "shine": maps.shine,
                    "x": x[..., None], "keep": maps.keep[..., None],
                    "target": true_rendering(frame, style, true),
                    "flow": flow_planes(frame, clip[i - 1]) if i else np.zeros_like(frame.rgb)}  # fmt: skip
        for name, picture in pictures.items():
            rows[name].append(picture.transpose(2, 0, 1))
        rows["surface"].append(surface_means(materials, depth, maps, style))
    anchor = true_rendering(other, style, Underpainter()).transpose(2, 0, 1)
    return {name: np.stack(row) for name, row in rows.items()} | {"anchor": anchor, "light": style.light_vector()}


def flow_planes(frame: SourceFrame, before: SourceFrame) -> np.ndarray:
    """(h, w, 3) float32: the exact flow in pixels, and 1 where it leads to the same point, and no HUD covers it."""
    *_, visible = world_targets(frame, before)
    return np.dstack([np.clip(frame.buffer.flow, -FAR_PX, FAR_PX), visible]).astype(np.float32)


class Parts(NamedTuple):
    """What a clip is made of."""

    clip: list[SourceFrame]
    other: SourceFrame  # a frame of another world
    style: Style
    is_true: bool  # read without faults


def clip_parts(split: str, number: int, size: tuple[int, int], frames: int, device: str = "cpu") -> Parts:
    """The number-th clip of a split: the same whoever makes it, and however many make the others.

    Its world is traced on the device, everything after that is numpy.
    """
    rng = np.random.default_rng([SPLITS[split], number])
    clip = dress_clip(trace_clip(SPLITS[split] + number, size, frames, device), rng)
    other = dress_clip(trace_clip(SPLITS[split] + OTHERS + number, size, 1, device), rng)[0]
    return Parts(clip, other, random_style(rng), bool(rng.random() < TRUE_SHARE))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The clips of a store."""

    folder: Path
    count: int
    frames: int
    size: tuple[int, int]
    reader: Path  # exported
    split: str
    device: str = "cpu"  # that traces the worlds


class Maker:
    """Makes clips of a store whose arrays are there; one to a process."""

    def __init__(self, wanted: Wanted) -> None:
        cv2.setNumThreads(1)
        self._wanted = wanted
        self._session = open_session(wanted.reader, 1)
        self._arrays = {name: np.load(wanted.folder / f"{name}.npy", mmap_mode="r+") for name in PainterClips._fields}

    def make(self, number: int) -> None:
        wanted = self._wanted
        parts = clip_parts(wanted.split, number, wanted.size, wanted.frames, wanted.device)
        session = None if parts.is_true else self._session
        for name, values in clip_fields(parts.clip, parts.other, parts.style, session).items():
            self._arrays[name][number] = values


the_maker = cache(Maker)  # one to a process that was started to make clips


def make(wanted: Wanted, number: int) -> int:
    the_maker(wanted).make(number)
    return number


def made(wanted: Wanted, workers: int) -> Iterator[int]:
    """Makes the clips, in so many processes; each one's number when it is done. Errors are those of the making."""
    workers = min(workers, wanted.count, usable_cores())
    if workers <= 1:
        maker = Maker(wanted)
        for number in range(wanted.count):
            maker.make(number)
            yield number
        return
    spawn = multiprocessing.get_context("spawn")  # onnxruntime and numba have threads, which a fork would lose
    with ProcessPoolExecutor(workers, spawn, initializer=faulthandler.enable) as pool:
        yield from pool.map(partial(make, wanted), range(wanted.count))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class ClipsError(ValueError):
    """A folder of clips that are not those asked for."""


class ClipStore:
    """Clips on disk, one array a field. Made once; opened again if they are all there.

    The file `done` says that they are, and the SHA-256 of the Reader that they were made with; an empty one, of an
    earlier version, does not say whose they are.
    """

    def __init__(self, folder: Path, *, count: int, frames: int, size: tuple[int, int], reader: Path,
                 split: str = "train", workers: int = 1, tracer: str = "cpu") -> None:  # fmt: skip
        """`workers`: processes that make the clips, where they must be made; `tracer`: the device for their worlds.

        ClipsError for a folder of clips of other shapes, or made with another Reader than the one at `reader`.
        """
        self.folder = folder
        expected = shapes(count, frames, size)
        done = folder / "done"
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            for name, shape in expected.items():
                path = folder / f"{name}.npy"
                np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape).flush()
            wanted = Wanted(folder=folder, count=count, frames=frames, size=size, reader=reader, split=split,
                            device=tracer)  # fmt: skip
            for _ in track(made(wanted, workers), "clips for the Painter", count, transient=True):
                pass
            done.write_text(digest(reader) + "\n", encoding="ascii")
        missing = [name for name in PainterClips._fields if not (folder / f"{name}.npy").exists()]
        if missing:
            raise ClipsError(
                f"reading {folder}: it has no {', '.join(missing)}; an earlier version made it. Name another folder, "
                "or delete this one."
            )
        self._arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in PainterClips._fields]
        found = {name: array.shape for name, array in zip(PainterClips._fields, self._arrays, strict=True)}
        if found != expected:
            raise ClipsError(
                f"reading {folder}: it holds clips of {found['source']}, and {expected['source']} are asked for. "
                "Name another folder, or delete this one."
            )
        made_with = done.read_text(encoding="ascii").strip()
        if made_with and reader.exists() and made_with != digest(reader):
            raise ClipsError(
                f"reading {folder}: its clips were made with another Reader than {reader}. Name another folder, or "
                "delete this one."
            )

    def __len__(self) -> int:
        return len(self._arrays[0])

    def batch(self, rng: torch.Generator, size: int, *, varied: bool = True) -> PainterClips:
        """Random clips on the generator's device. `varied`: half in other colours, half the batches mirrored."""
        chosen = torch.randint(len(self), (size,), generator=rng, device=rng.device).tolist()
        rows = (torch.from_numpy(np.stack([array[i] for i in chosen])) for array in self._arrays)
        batch = PainterClips(*(row.to(rng.device).float() for row in rows))
        if not varied:
            return batch
        orders = torch.rand(size, 3, generator=rng, device=rng.device).argsort(dim=1)
        same = torch.rand(size, 1, generator=rng, device=rng.device) < SAME_COLOURS
        batch = batch.recolored(torch.where(same, torch.arange(3, device=rng.device), orders))
        return batch.mirrored() if torch.rand((), generator=rng, device=rng.device) < 0.5 else batch
