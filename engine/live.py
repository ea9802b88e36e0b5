"""The live engine: one source frame in, one frame's paint maps out, with all that it remembers in between.

Runs the exported networks by onnxruntime, on the CPU or by DirectML on a GPU as `engine.providers` says; no torch.
`engine/offline.py` is the slow oracle of the same. Knows nothing of screens: composing to the window's size is
`reskin/compose.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from engine.config import READ_EVERY, Preset
from engine.onnx_file import Ports, check_ports, read_onnx
from engine.painter_state import PainterState
from engine.providers import make_session
from engine.refine import Refiner, Settled
from engine.stillness import Stillness
from engine.style import Style
from engine.underpaint import LUMA, PaintMaps, Underpainter
from engine.votes import cut_blocks, lay_out_votes

WEIGHTS = Path(__file__).resolve().parent / "weights"
CUT = 0.25  # of a channel in [0, 1], from frame to frame on average: the fastest turn of a camera changes less
CUT_FRAMES = 12  # from a cut to the next, at least
CUT_PX = 8  # every so many pixels, each way


@dataclass(frozen=True, kw_only=True)
class LiveFrame:
    """One painted frame at the model's size."""

    maps: PaintMaps
    materials: np.ndarray  # (h, w, k) probabilities
    depth: np.ndarray  # (h, w) in [0, 1], logarithmic


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session that leaves the cores to the game: no spinning between operators (it doubles the time beside one).

    The file is read and checked first, then given to the runtime as bytes. OnnxFileError for what is not ours.
    """
    content = read_onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = make_session(content, options, onnxruntime.get_available_providers(), onnxruntime.InferenceSession)
    check_ports(path, ports_of(session))
    return session


def ports_of(session: onnxruntime.InferenceSession) -> Ports:
    """What the session's model takes and gives."""
    inputs, outputs = (
        {port.name: (str(port.type), tuple(port.shape)) for port in ports}
        for ports in (session.get_inputs(), session.get_outputs())
    )
    return Ports(inputs=inputs, outputs=outputs)


def read_frame(reader: onnxruntime.InferenceSession, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What every pixel is and how far: rgb (h, w, 3) in [0, 1] -> materials (h, w, k), depth (h, w)."""
    return lay_out_votes(*reader.run(None, {"blocks": cut_blocks(rgb)}))


def _step_aside() -> None:
    """Lets this thread run where nothing else wants to: its reading is for the next frame, the others' for this one."""
    if sys.platform == "linux":
        os.nice(10)  # of the calling thread alone, on Linux


class LiveEngine:
    """One stream of frames. Not thread-safe."""

    def __init__(self, preset: Preset, *, weights: Path = WEIGHTS, threads: int = 1, patience: int = 0,
                 opened: Callable[[Path, int], onnxruntime.InferenceSession] = open_session) -> None:  # fmt: skip
        """A reading that is not done when it is wanted is waited for, or left for up to `patience` frames more.

        `opened` gives the sessions, which several streams may share.
        """
        self.preset = preset
        self._patience = patience
        self._reader = opened(weights / "reader.onnx", threads)
        self.provider: str = self._reader.get_providers()[0]  # what onnxruntime took (`engine.providers`)
        self._painter: PainterState | None = None
        if preset.painter:
            self._painter = PainterState(opened(weights / "painter.onnx", threads), preset.steps)
        self._refiner = Refiner()
        self._stillness = Stillness()
        self._underpainter = Underpainter()
        self._frame = 0
        self._before: np.ndarray | None = None  # some pixels of the last frame
        self._since_cut = CUT_FRAMES
        self._depth: np.ndarray | None = None
        self._pool = ThreadPoolExecutor(1, "reader", _step_aside) if preset.reads_behind else None
        self._reading: Future[tuple[Settled, np.ndarray]] | None = None
        self._reading_of = 0  # which the reading is of

    def reset(self) -> None:
        """The next frame has nothing to do with the last."""
        self._before, self._since_cut = None, CUT_FRAMES
        self._forget()

    def _forget(self) -> None:
        """What was read and painted, as at a cut."""
        if self._reading is not None:
            self._reading.result()
            self._reading = None
        self._frame, self._depth = 0, None
        self._refiner.reset()
        self._stillness.reset()
        self._underpainter.reset()
        if self._painter is not None:
            self._painter.reset()

    def drift(self) -> tuple[float, float, int]:
        """The drift meter's colour and sharpness (`engine.drift`), and how often it has started the history anew."""
        if self._painter is None:
            return 0.0, 1.0, 0  # nothing is fed back
        meter = self._painter.drift
        return float(np.abs(meter.color).max()), meter.sharpness, self._painter.anchored

    def _is_cut(self, rgb: np.ndarray) -> bool:
        """Whether another scene begins, as far as two frames tell; not again at once, for what flashes is no scene."""
        before, self._before = self._before, rgb[CUT_PX // 2 :: CUT_PX, CUT_PX // 2 :: CUT_PX].copy()
        self._since_cut += 1
        if before is None or self._since_cut < CUT_FRAMES or float(np.abs(self._before - before).mean()) < CUT:
            return False
        self._since_cut = 0
        return True

    def _settle(self, rgb: np.ndarray) -> tuple[Settled, np.ndarray]:
        """What the Reader sees in a frame, and its depth (h, w)."""
        seen, depth = read_frame(self._reader, rgb)
        return self._refiner.settle(rgb, seen), depth

    def _take(self, settled: Settled, depth: np.ndarray) -> None:
        self._refiner.remember(settled)
        self._depth = depth

    def _materials_of(self, rgb: np.ndarray, every: int) -> np.ndarray:
        """Materials (h, w, k) of this frame: read, or carried over by colour from the last frame that was."""
        number, self._frame = self._frame, self._frame + 1
        if self._depth is None or (self._pool is None and number % every == 0):
            settled, depth = self._settle(rgb)
            self._take(settled, depth)
            self._reading_of = number
            return settled.materials.copy().transpose(1, 2, 0)  # a HUD that is doubted is so in this frame alone
        if self._reading is not None and (self._reading.done() or number - self._reading_of > self._patience):
            self._take(*self._reading.result())
            self._reading = None
        if self._pool is not None and self._reading is None and number - self._reading_of >= every:
            self._reading, self._reading_of = self._pool.submit(self._settle, rgb), number
        return self._refiner.follow(rgb)

    def read(self, rgb: np.ndarray) -> np.ndarray:
        """What every pixel is, (h, w, k) probabilities, without touching the stream's memory."""
        materials, _ = read_frame(self._reader, rgb)
        return Refiner()(rgb, materials)

    def step(self, rgb: np.ndarray, style: Style, *, keep_hud: bool = True, quality: int = 0) -> LiveFrame:
        """Paints one frame, rgb (h, w, 3) float32 in [0, 1] of the preset's size.

        `quality` 0 is the preset as it is; from 1 on the Painter rests, at 2 and 3 the Reader looks half and a quarter
        as often, and its materials are carried over by colour in between.
        """
        if self._is_cut(rgb):
            self._forget()  # an older reading would be of another scene: this frame waits for its own
        materials = self._materials_of(rgb, self.preset.reader_every * READ_EVERY[quality])
        materials = self._stillness(rgb @ LUMA, materials)
        assert self._depth is not None
        maps = self._underpainter.paint(rgb, materials, self._depth, style, keep_hud=keep_hud)
        if self._painter is not None and quality == 0:
            maps = self._painter.paint(rgb, materials, self._depth, maps, style)
        elif self._painter is not None:
            self._painter.reset()  # it would go on from a picture of before its rest
        return LiveFrame(maps=maps, materials=materials, depth=self._depth)
