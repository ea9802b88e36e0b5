"""The presets for a GPU for several sessions: one copy of the networks, and a stream of the device for each session.

Where frames are CUDA graphs, those of a batch are handed to the device one after the other without waiting, each as the
graph of its own session in its own stream, and then waited for: small graphs fill the device together, and the way up
and down of one overlaps the painting of another. The networks then see one frame at a time. Where they are run op by op
(no Triton, as on Windows, or a CPU) the networks see the frames of all sessions at once: `engine/gpu/batch.py`. Either
way a Painter's past lies in its session's own ring. Lives in the engine's process. Also runs on a CPU, which is how it
is tested.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.config import SHAPES, Shape
from engine.gpu.frame import Effort
from reskin.gpu_presets import find_weights
from reskin.gpu_renderer import FIRST_WINDOW, GpuRenderer, begin_together, create, load_networks, renderer_of
from reskin.serve.batch import BatchRenderer, Done, Job, Seats
from reskin.theme_model import Theme

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
        self.name, self.why = self._seats.free[0].name, self._seats.free[0].why

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        started_s = time.perf_counter()
        taken = self._each(jobs, [()] * len(jobs), self._seats.take)
        seated = [found[0] for found in taken if not isinstance(found, Done)]
        if len(seated) > 1 and all(renderer.is_eager for renderer in seated):
            begun = self._begin_as_one(jobs, self._each(jobs, taken, self._upload))
        else:
            begun = self._each(jobs, taken, self._begin)
        done: list[Done] = self._each(jobs, begun, self._finish)
        engine_ms = (time.perf_counter() - started_s) * 1e3
        for one in done:
            one.stages_ms["engine"] = engine_ms
        return done

    def forget(self, key: str) -> None:
        self._seats.leave(key)

    def close(self) -> None:
        self._seats.clear()
        self._streams.clear()

    def _each(self, jobs: Sequence[Job], before: Sequence[Any], work: Callable[..., Any]) -> list[Any]:
        """Of each job what `work` makes of it and of what was found before; its failure, once anything went wrong."""
        found: list[Any] = []
        for job, so_far in zip(jobs, before, strict=True):
            try:
                found.append(so_far if isinstance(so_far, Done) else work(job, *so_far))
            except Exception as error:  # noqa: BLE001  one frame is lost; neither the session nor the others need be
                found.append(self._seats.failed(job.key, error))
        return found

    def _begin(self, job: Job, renderer: GpuRenderer, theme: Theme) -> tuple[GpuRenderer, Theme]:
        with self._stream(renderer):
            renderer.begin(job.bgra_u8, theme, job.look.quality)
        return renderer, theme

    def _upload(self, job: Job, renderer: GpuRenderer, theme: Theme) -> tuple[GpuRenderer, Theme, Effort]:
        return renderer, theme, renderer.upload(job.bgra_u8, theme, job.look.quality)

    def _begin_as_one(self, jobs: Sequence[Job], uploaded: list[Any]) -> list[Any]:
        """In the current stream. What fails in it fails for all."""
        together = [(found[0], found[2]) for found in uploaded if not isinstance(found, Done)]
        try:
            if together:
                begin_together(together)
        except Exception as error:  # noqa: BLE001  as above
            return [found if isinstance(found, Done) else self._seats.failed(job.key, error)
                    for job, found in zip(jobs, uploaded, strict=True)]  # fmt: skip
        return uploaded

    def _finish(self, job: Job, renderer: GpuRenderer, theme: Theme, *_: Effort) -> Done:
        out = np.empty_like(job.bgra_u8) if job.out is None else job.out
        with self._stream(renderer):
            renderer.finish(job.bgra_u8, theme, job.look.view, out)
        return Done(out, {})

    def _stream(self, renderer: GpuRenderer) -> AbstractContextManager[Any]:
        if self._device.type != "cuda":
            return contextlib.nullcontext()
        if renderer not in self._streams:
            self._streams[renderer] = torch.cuda.Stream(self._device)
        # A seat is made and reset outside, and torch's streams do not wait for the default one by themselves.
        self._streams[renderer].wait_stream(torch.cuda.current_stream(self._device))
        return torch.cuda.stream(self._streams[renderer])
