"""The presets for a GPU for several sessions: one copy of the networks, and a stream of the device for each session.

The frames of a batch are handed to the device one after the other without waiting, each as the graph of its own session
in its own CUDA stream, and then waited for: small graphs fill the device together, and the way up and down of one
overlaps the painting of another. The networks still see one frame at a time: a Painter's past lies in its session's own
ring, and rings stand at different turns. Lives in the engine's process. Also runs on a CPU, which is how it is tested.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.config import SHAPES, Shape
from reskin.gpu_presets import find_weights
from reskin.gpu_renderer import FIRST_WINDOW, GpuRenderer, create, load_networks, renderer_of
from reskin.serve.batch import BatchRenderer, Done, Job, Seats

MOST = 16  # frames at once


def open_gpu(preset: str, slots: int = 1) -> BatchRenderer:
    """Ready for so many sessions; EngineError where there is no CUDA device or no weights, as `gpu_renderer.create`."""
    folder = find_weights(preset)
    if folder is None or not torch.cuda.is_available():
        create(preset)  # says what is missing
    assert folder is not None
    return open_together(preset, folder, torch.device("cuda"), ready=slots)  # type: ignore[arg-type]


def open_together(shape: Shape, folder: Path, device: torch.device,
                  window: tuple[int, int] = FIRST_WINDOW, ready: int = 1) -> BatchRenderer:  # fmt: skip
    networks = load_networks(shape, folder)
    return Together(partial(renderer_of, SHAPES[shape], networks, device, window), device, ready)


class Together:
    def __init__(self, make: Any, device: torch.device, ready: int = 1) -> None:
        """`make` gives a `GpuRenderer` on the device."""
        self.most = MOST
        self._device = device
        self._seats: Seats[GpuRenderer] = Seats(make, ready)
        self._streams: dict[GpuRenderer, Any] = {}
        self.name, self.note = self._seats.free[0].name, self._seats.free[0].note

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        started_s = time.perf_counter()
        begun = [self._begun(job) for job in jobs]
        done = [self._finished(job, begin) for job, begin in zip(jobs, begun, strict=True)]
        engine_ms = (time.perf_counter() - started_s) * 1e3
        for one in done:
            one.stages_ms["engine"] = engine_ms
        return done

    def forget(self, key: str) -> None:
        self._seats.leave(key)

    def close(self) -> None:
        self._seats.clear()
        self._streams.clear()

    def _begun(self, job: Job) -> Any:
        """The renderer and the theme that it paints the job with, or what went wrong."""
        try:
            renderer, theme = self._seats.take(job)
            with self._stream(renderer):
                renderer.begin(job.bgra_u8, theme, job.look.quality)
        except Exception as error:  # noqa: BLE001  one frame is lost; neither the session nor the others need be
            return self._seats.failed(job.key, error)
        return renderer, theme

    def _finished(self, job: Job, begun: Any) -> Done:
        if isinstance(begun, Done):
            return begun
        renderer, theme = begun
        try:
            out = np.empty_like(job.bgra_u8) if job.out is None else job.out
            with self._stream(renderer):
                renderer.finish(job.bgra_u8, theme, job.look.view, out)
        except Exception as error:  # noqa: BLE001  as above
            return self._seats.failed(job.key, error)
        return Done(out, {})

    def _stream(self, renderer: GpuRenderer) -> AbstractContextManager[Any]:
        if self._device.type != "cuda":
            return contextlib.nullcontext()
        if renderer not in self._streams:
            self._streams[renderer] = torch.cuda.Stream(self._device)
        return torch.cuda.stream(self._streams[renderer])
