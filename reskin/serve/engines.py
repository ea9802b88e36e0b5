"""The engine of a preset for several sessions: weights are loaded once, and each session has its own past.

Called by name in the engine's process. Knows nothing of processes or networks.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import onnxruntime

from engine.config import GPU_PRESETS
from engine.live import open_session
from reskin.engine_renderer import PATIENCE_FRAMES, create
from reskin.renderer import TintRenderer
from reskin.serve.batch import BatchRenderer, EachInTurn


def open_engine(preset: str, threads: int = 1, slots: int = 1) -> BatchRenderer:
    """Ready for so many sessions; EngineError when there is no such preset or it cannot run here."""
    if preset not in GPU_PRESETS:
        return EachInTurn(lambda: create(preset, threads, PATIENCE_FRAMES, _opened), slots)
    from reskin.gpu_presets import require_preset

    require_preset(preset)
    from reskin.serve.gpu_engine import open_gpu

    return open_gpu(preset, slots)


def open_tint() -> BatchRenderer:
    """Without a network: for tests of everything around the engine."""
    return EachInTurn(TintRenderer)


@lru_cache
def _opened(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """One for all streams: a session keeps nothing from run to run, and may be run from several threads."""
    return open_session(path, threads)
