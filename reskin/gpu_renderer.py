"""The renderer of the presets for a GPU: the window's bytes up, one `FrameStep`, the painted bytes down.

Lives in the engine process. What it asks of a frame is `engine.gpu.frame`; how that is run (one CUDA graph, or op by
op) is `engine.gpu.backends`. A theme, a strength or a view changes numbers in buffers and nothing is captured anew; a
window of another size makes a new step. Also runs on a CPU, op by op, which is how it is tested.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from engine.config import SHAPES, Preset, Shape
from engine.gpu.backends import OPENERS, Backend, BackendError, open_backend
from engine.gpu.batch import step_together
from engine.gpu.frame import EFFORTS, Effort, FrameStep
from engine.gpu.measured import PATH, Table, device_name, read_table
from engine.network_file import NetworkFileError, load_network
from engine.reader import Reader
from engine.token_painter import TokenPainter
from reskin.errors import EngineError
from reskin.finish_gpu import FinishTensors
from reskin.gpu_presets import find_weights, missing_weights
from reskin.keeping import Keeping
from reskin.renderer import View
from reskin.screen_fades import ScreenFades
from reskin.screen_finish import finish_screen, needs_left
from reskin.shared_frames import Drift
from reskin.theme_model import Theme
from reskin.views import show_materials, split

FIRST_WINDOW = (1080, 1920)  # (h, w): opened before there is a game, so that its first frame compiles nothing


def create(preset: str) -> GpuRenderer:
    """EngineError where there is no CUDA device or no weights, and for what goes wrong in opening them."""
    folder = find_weights(preset)
    if folder is None:
        raise EngineError(f"starting the engine {preset!r}: {missing_weights(preset)}.")
    if not torch.cuda.is_available():
        raise EngineError(
            f"starting the engine {preset!r}: torch {torch.__version__} sees no CUDA device. `nvidia-smi` and "
            "`python -c 'import torch; torch.zeros(1).cuda()'` say more; --preset lite needs none."
        )
    return open_renderer(preset, folder, torch.device("cuda"))  # type: ignore[arg-type]


def open_renderer(shape: Shape, folder: Path, device: torch.device, window: tuple[int, int] = FIRST_WINDOW,
                  backend: str = "auto") -> GpuRenderer:  # fmt: skip
    """The networks in a folder on a device; EngineError where they cannot be used or the backend cannot run."""
    return renderer_of(SHAPES[shape], load_networks(shape, folder), device, window, backend)


def load_networks(shape: Shape, folder: Path) -> tuple[Reader, TokenPainter]:
    """Which several renderers may share; EngineError where they cannot be used."""
    try:
        reader = load_network(folder / "reader.safetensors", "reader", shape)
        painter = load_network(folder / "painter.safetensors", "painter", shape)
    except (NetworkFileError, RuntimeError) as error:
        raise EngineError(f"starting the engine {shape!r}: {error}.") from error
    assert isinstance(reader, Reader)
    assert isinstance(painter, TokenPainter)
    return reader, painter


def renderer_of(preset: Preset, networks: tuple[Reader, TokenPainter], device: torch.device,
                window: tuple[int, int] = FIRST_WINDOW, backend: str = "auto") -> GpuRenderer:  # fmt: skip
    try:
        return GpuRenderer(preset, *networks, device, window, backend=backend, table=_shipped_table())
    except RuntimeError as error:  # a backend's own, and how torch says that memory is not enough
        raise EngineError(f"starting the engine {preset.name!r}: {error}.") from error


def _shipped_table() -> Table:
    try:
        return read_table(PATH.read_bytes(), OPENERS)
    except ValueError as error:
        raise BackendError(f"reading {PATH}: it is no table of measurements ({error}). Reinstall Reskin") from error


def begin_together(uploaded: Sequence[tuple[GpuRenderer, Effort]]) -> None:
    """Hands the uploaded frames of renderers that share their networks and are eager to the device, as one batch."""
    step_together([renderer._step for renderer, _ in uploaded], [effort for _, effort in uploaded])
    for renderer, _ in uploaded:
        renderer._download()


class GpuRenderer:
    """One stream. Not thread-safe."""

    def __init__(self, preset: Preset, reader: Reader, painter: TokenPainter, device: torch.device,
                 window: tuple[int, int] = FIRST_WINDOW, *, backend: str = "auto",
                 table: Table | None = None) -> None:  # fmt: skip
        """The networks move to the device, on a CUDA one in bfloat16."""
        self._preset, self._device, self._table = preset, device, table
        dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        self._networks = (reader.to(device, dtype, memory_format=torch.channels_last), painter.to(device, dtype))  # type: ignore[call-overload]
        self._quality, self._turn, self._anchored = 0, 0, 0
        self.drift = Drift()
        self.keeping = Keeping()  # what is kept is cut out of the game's bytes, which are here and not on the device
        self._fades = ScreenFades()
        self._backend, self._step = self._open(window, backend)
        self._wanted = self._backend.name if backend == "auto" else backend
        self.name = f"{preset.name}, torch {self._backend.name}, {device_name(device)}"
        self.why = self._backend.why

    def reset(self) -> None:
        self._step.reset()
        self.keeping.reset()
        self._fades.reset()
        self._turn = 0

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        """Paints into `out`; returns milliseconds of prepare (the bytes' way up), step, and compose (their way out)."""
        marks = [time.perf_counter()]
        marks.append(self.begin(bgra_u8, theme, quality))
        marks.append(self.finish(bgra_u8, theme, view, out))
        marks.append(time.perf_counter())
        spans = np.diff(marks) * 1e3
        return dict(zip(("prepare", "step", "compose"), spans.tolist(), strict=True))

    def begin(self, bgra_u8: np.ndarray, theme: Theme, quality: int) -> float:
        """Hands the frame to the device, in torch's current stream, and waits for nothing; returns when its bytes were
        on their way, in seconds of `perf_counter`. Several renderers may have begun; each is finished once."""
        effort = self.upload(bgra_u8, theme, quality)
        uploaded_s = time.perf_counter()
        self._backend.run(effort)
        self._download()
        return uploaded_s

    @property
    def is_eager(self) -> bool:
        """Whether its frames may be begun with others' (`begin_together`): run op by op, and so in no graph."""
        return self._backend.name == "eager"

    def upload(self, bgra_u8: np.ndarray, theme: Theme, quality: int) -> Effort:
        """The frame and its theme on their way to the step; with what effort it is to be painted."""
        if self._game.shape != bgra_u8.shape:
            self._anchored = self.drift.anchored
            self._backend, self._step = self._open(bgra_u8.shape[:2], self._wanted)
        self._wear(theme)
        effort = self._effort(quality)
        np.copyto(self._game.numpy(), bgra_u8)
        self._step.screen.copy_(self._game, non_blocking=True)
        return effort

    def finish(self, bgra_u8: np.ndarray, theme: Theme, view: View, out: np.ndarray) -> float:
        """What was begun with the same frame, into `out`; returns when the device was done, as `begin` does."""
        color, sharpness, anchored = self._step.drift.reading().tolist()  # waits for the device, and so for all before
        self.drift = Drift(color, sharpness, self._anchored + int(anchored))
        painted_s = time.perf_counter()
        fade = self._fades.update(bgra_u8)
        if view is View.MATERIALS:
            show_materials(bgra_u8, self._step.underlay.likeliest().cpu().numpy(), out)
        else:
            np.copyto(out, self._shown.numpy())
            spared = self.keeping.find(bgra_u8, lambda: self._step.underlay.hud().cpu().numpy(), theme.keep)
            if needs_left(theme):
                spared.append(self._step.underlay.left().cpu().numpy())
            finish_screen(out, theme.finish, theme.strength, spared)
            fade.draw(out, theme.strength)
            self.keeping.put_back(bgra_u8, theme.keep, out)
            if view is View.SPLIT:
                split(bgra_u8, out)
        return painted_s

    def _download(self) -> None:
        self._shown.copy_(self._step.shown, non_blocking=True)

    def _open(self, window: tuple[int, int], backend: str) -> tuple[Backend, FrameStep]:
        """A step for a window (h, w), with pinned memory for its bytes on either side; no theme yet."""
        finish = FinishTensors(self._preset.size)
        step = FrameStep(self._preset, *self._networks, window, finish=finish)
        pinned = self._device.type == "cuda"
        bytes_u8 = [torch.empty(*window, 4, dtype=torch.uint8, pin_memory=pinned) for _ in range(2)]
        opened = open_backend(backend, step, self._table)
        (self._game, self._shown), self._finish = bytes_u8, finish  # all or nothing: one that fails is tried again
        self._theme: Theme | None = None
        return opened, step

    def _wear(self, theme: Theme) -> None:
        """Puts a theme into the step's buffers; the Painter's past goes where its materials look otherwise."""
        if theme is self._theme:
            return
        style, before = theme.style(), self._theme.style() if self._theme is not None else None
        is_new = before is None or not (
            np.array_equal(style.per_material(), before.per_material())
            and np.array_equal(style.strength, before.strength)
        )
        self._step.set_theme(style, strength=theme.strength, keep_hud=False, is_new=is_new)
        self._finish.set(theme.finish)
        self._theme = theme

    def _effort(self, quality: int) -> Effort:
        """What this frame is painted with. A Painter that has rested begins anew."""
        if quality != self._quality:
            if "resting" in EFFORTS[self._quality]:
                self._step.forget()
            self._quality, self._turn = quality, 0
        efforts = EFFORTS[quality]
        self._turn += 1
        return efforts[(self._turn - 1) % len(efforts)]
