"""The real renderer: prepare, step, compose. Screen bytes and a theme in, screen bytes out.

Lives in the engine process. The networks are behind `engine.live`; what the finish and the kept regions do to the
picture is here. Its first frame compiles the kernels (seconds on a fresh machine, then cached on disk).
"""

from __future__ import annotations

import time

import cv2
import numpy as np

from engine import config
from engine.config import PRESETS
from engine.live import LiveEngine, Painting
from engine.underpaint import HUD, LUMA
from reskin.compose import Composer
from reskin.errors import EngineError
from reskin.finish import finish_maps
from reskin.keep_blend import Kept, blend_kept
from reskin.keep_mask import KeepMask
from reskin.prepare import prepare
from reskin.renderer import View
from reskin.shared_frames import Drift
from reskin.theme_model import Theme

MATERIAL_COLORS = np.array(config.MATERIAL_COLORS, np.uint8)  # (k, 3) RGB
DIVIDER_PX = 2
PATIENCE_FRAMES = 3  # as old as readings are at quality 3


def create(preset: str, threads: int = 1, patience: int = 0) -> EngineRenderer:
    """The renderer of a preset by name; EngineError when there is no such preset or its weights cannot be used."""
    if preset not in PRESETS:
        raise EngineError(f"starting the engine: no preset {preset!r}; there are {', '.join(PRESETS)}")
    try:
        return EngineRenderer(LiveEngine(PRESETS[preset], threads=threads, patience=patience), threads)
    except Exception as error:
        raise EngineError(
            f"starting the engine {preset!r}: its weights could not be loaded ({error}). "
            "Reinstall Reskin to get them back."
        ) from error


def create_live(preset: str, threads: int = 1) -> EngineRenderer:
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
        self.name = f"{engine.preset.name}, onnxruntime, {threads} thread{'s' if threads > 1 else ''}"
        self._engine = engine
        self._composer = Composer()
        self._keep_mask = KeepMask()
        self.kept: Kept | None = None  # of the newest frame
        self._frame = 0
        self._warm_up()

    @property
    def drift(self) -> Drift:
        return Drift(*self._engine.drift())

    def reset(self) -> None:
        self._engine.reset()
        self._keep_mask.reset()

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        """Paints into `out`; returns milliseconds of prepare, step and compose."""
        marks = [time.perf_counter()]
        rgb = prepare(bgra_u8, self._engine.preset.size)
        marks.append(time.perf_counter())
        painting = self._engine.step(rgb, theme.style(), keep_hud=False, quality=quality)
        marks.append(time.perf_counter())
        if view is View.MATERIALS:
            _show_materials(bgra_u8, painting, out)
        else:
            finish = theme.finish
            self._frame += 1
            self._composer.compose(
                bgra_u8, rgb, finish_maps(painting.maps, finish, rgb @ LUMA), out, strength=theme.strength,
                outline=finish.outline, grain=finish.grain, frame_index=self._frame,
            )  # fmt: skip
            read_hud = np.ascontiguousarray(painting.materials[..., HUD])
            self.kept = self._keep_mask.update(bgra_u8, read_hud, theme.keep)
            if self.kept is not None:
                blend_kept(bgra_u8, self.kept, out)
            _keep_regions(bgra_u8, theme.keep.regions, out)
            if view is View.SPLIT:
                _split(bgra_u8, out)
        marks.append(time.perf_counter())
        spans = np.diff(marks) * 1e3
        return dict(zip(("prepare", "step", "compose"), spans.tolist(), strict=True))

    def _warm_up(self) -> None:
        """Compiles what is compiled at the first call, with every switch that chooses another path."""
        bgra_u8 = np.zeros((90, 160, 4), np.uint8)
        out = np.empty_like(bgra_u8)
        theme = Theme.model_validate({"name": "warm-up", "finish": {"outline": 0.5, "grain": 0.5, "bloom": 0.5}})
        for view in View:
            self.render(bgra_u8, theme, view, 0, out)
        self.reset()


def _show_materials(bgra_u8: np.ndarray, painting: Painting, out: np.ndarray) -> None:
    """Every pixel in its material's colour, with a quarter of the game's light so that shapes stay readable."""
    h, w = bgra_u8.shape[:2]
    colors = MATERIAL_COLORS[:, ::-1][painting.materials.argmax(axis=2)]
    flat = cv2.resize(colors, (w, h), interpolation=cv2.INTER_NEAREST)
    light = cv2.cvtColor(bgra_u8, cv2.COLOR_BGRA2GRAY)
    cv2.addWeighted(flat, 0.75, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), 0.25, 0, dst=flat)
    out[..., :3] = flat
    out[..., 3] = 255


def _keep_regions(bgra_u8: np.ndarray, regions: tuple[tuple[float, float, float, float], ...], out: np.ndarray) -> None:
    """Puts the game's own pixels back, bit for bit."""
    h, w = bgra_u8.shape[:2]
    for x, y, wide, tall in regions:
        rows = slice(round(y * h), round((y + tall) * h))
        columns = slice(round(x * w), round((x + wide) * w))
        out[rows, columns] = bgra_u8[rows, columns]


def _split(bgra_u8: np.ndarray, out: np.ndarray) -> None:
    """Left half the game, right half the theme, a thin line between."""
    middle = bgra_u8.shape[1] // 2
    out[:, :middle] = bgra_u8[:, :middle]
    out[:, middle : middle + DIVIDER_PX] = 235
