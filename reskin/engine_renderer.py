"""The real renderer: prepare, step, compose. Screen bytes and a theme in, screen bytes out.

Lives in the engine process. The networks are behind `engine.live`; what the finish and the kept regions do to the
picture is here. Its first frame compiles the kernels (seconds on a fresh machine, then cached on disk).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from engine.config import HUD, PLAYABLE, PRESETS
from engine.live import LiveEngine, open_session
from engine.providers import DIRECTML
from engine.underpaint import LUMA
from reskin.compose import Composer
from reskin.errors import EngineError
from reskin.finish import finish_maps
from reskin.keeping import Keeping
from reskin.prepare import prepare
from reskin.renderer import Renderer, View
from reskin.screen_fades import ScreenFades
from reskin.screen_finish import finish_screen, needs_left
from reskin.shared_frames import Drift
from reskin.theme_model import Theme
from reskin.views import show_materials, split

Opened = Callable[[Path, int], onnxruntime.InferenceSession]

PATIENCE_FRAMES = 3  # as old as readings are at quality 3


def create(preset: str, threads: int = 1, patience: int = 0, opened: Opened = open_session) -> Renderer:
    """The renderer of a preset by name; EngineError when there is no such preset or it cannot run here.

    `opened` gives the networks' sessions, which several renderers may share.
    """
    if preset not in PLAYABLE:
        raise EngineError(f"starting the engine: no preset {preset!r}; there are {', '.join(PLAYABLE)}")
    if preset not in PRESETS:
        return _on_gpu(preset)
    try:
        engine = LiveEngine(PRESETS[preset], threads=threads, patience=patience, opened=opened)
    except Exception as error:
        raise EngineError(
            f"starting the engine {preset!r}: its weights could not be loaded ({error}). "
            "Reinstall Reskin to get them back."
        ) from error
    try:
        return EngineRenderer(engine, threads)
    except Exception as error:
        raise EngineError(
            f"starting the engine {preset!r}: its first frame failed ({type(error).__name__}: {error}). "
            "`reskin doctor` says what is there."
        ) from error


def _on_gpu(preset: str) -> Renderer:
    """torch is imported with it, and only where the preset can run."""
    from reskin.gpu_presets import require_preset

    require_preset(preset)
    from reskin import gpu_renderer

    return gpu_renderer.create(preset)


def create_live(preset: str, threads: int = 1) -> Renderer:
    """The same for a live game: it paints from an older reading rather than be late for a tick."""
    return create(preset, threads, PATIENCE_FRAMES)


def read_materials(bgra_u8: np.ndarray) -> np.ndarray:
    """What the Reader sees in a picture of any size (h, w, 4): (h, w) uint8 of indices into MATERIALS."""
    engine = LiveEngine(PRESETS["lite"])
    materials = engine.read(prepare(bgra_u8, engine.preset.size))
    h, w = bgra_u8.shape[:2]
    return cv2.resize(materials, (w, h), interpolation=cv2.INTER_LINEAR).argmax(axis=2).astype(np.uint8)


class EngineRenderer:
    """One stream. Not thread-safe."""

    def __init__(self, engine: LiveEngine, threads: int) -> None:
        where = "DirectML" if engine.provider == DIRECTML else f"{threads} thread{'s' if threads > 1 else ''}"
        self.name = f"{engine.preset.name}, onnxruntime, {where}"
        self.why = ""
        if engine.provider != DIRECTML and DIRECTML in onnxruntime.get_available_providers():
            self.why = "DirectML refused the networks, so the CPU runs them; the graphics driver may be too old"
        self._engine = engine
        self._composer = Composer()
        self.keeping = Keeping()
        self._fades = ScreenFades()
        self._frame = 0
        self._warm_up()

    @property
    def drift(self) -> Drift:
        return Drift(*self._engine.drift())

    def reset(self) -> None:
        self._engine.reset()
        self.keeping.reset()
        self._fades.reset()

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        """Paints into `out`; returns milliseconds of prepare, step and compose."""
        marks = [time.perf_counter()]
        rgb = prepare(bgra_u8, self._engine.preset.size)
        marks.append(time.perf_counter())
        fade = self._fades.update(bgra_u8)
        painting = self._engine.step(rgb, theme.style(), keep_hud=False, quality=quality)
        marks.append(time.perf_counter())
        if view is View.MATERIALS:
            show_materials(bgra_u8, painting.materials.argmax(axis=2), out)
        else:
            finish = theme.finish
            self._frame += 1
            self._composer.compose(
                bgra_u8, rgb, finish_maps(painting.maps, finish, rgb @ LUMA), out, strength=theme.strength,
                outline=finish.outline, grain=finish.grain, frame_index=self._frame,
            )  # fmt: skip
            spared = self.keeping.find(bgra_u8, lambda: painting.materials[..., HUD], theme.keep)
            if needs_left(theme):
                spared.append(painting.maps.keep)
            finish_screen(out, finish, theme.strength, spared)
            fade.draw(out, theme.strength)
            self.keeping.put_back(bgra_u8, theme.keep, out)
            if view is View.SPLIT:
                split(bgra_u8, out)
        marks.append(time.perf_counter())
        spans = np.diff(marks) * 1e3
        return dict(zip(("prepare", "step", "compose"), spans.tolist(), strict=True))

    def _warm_up(self) -> None:
        """Compiles what is compiled at the first call, with every switch that chooses another path."""
        bgra_u8 = np.zeros((90, 160, 4), np.uint8)
        out = np.empty_like(bgra_u8)
        drawn = {"outline": 0.5, "grain": 0.5, "bloom": 0.5}
        for view, finish in ((view, {**drawn, "levels": 4, "pixel": pixel}) for view in View for pixel in (0.0, 0.05)):
            self.render(bgra_u8, Theme.model_validate({"name": "warm-up", "finish": finish}), view, 0, out)
        self.reset()
