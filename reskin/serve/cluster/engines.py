"""What a replica plays its sessions with: the stepper, a session for an offer, the media, and how many slots there are.

Two kinds: a preset's networks with WebRTC, and `fake` with datagrams. Imports the heavy parts of the kind that is asked
for, when it is asked for. Knows nothing of Ray or of the directory.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reskin.serve.batch import BatchRenderer, Job
from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.media import Datagrams, Ended, Media
from reskin.serve.cluster.slots import Line, line_of, measure, slots
from reskin.serve.session import FrameLook, Session
from reskin.serve.stepper import Stepper
from reskin.themes import Theme

FAKE = "fake"
MEASURED_FRAMES = 40
TRIED_BATCHES = (1, 2, 4, 8, 16, 32)


@dataclass(kw_only=True)
class Engine:
    stepper: Stepper
    slots: int
    new_session: Callable[[str, dict[str, Any], FrameLook | None], Session]
    open_media: Callable[[Ended], Awaitable[Media]]


def start_engine(config: ClusterConfig) -> Engine:
    return _fake(config) if config.preset == FAKE else _preset(config)


def measured(renderer: BatchRenderer, theme: Theme, size: tuple[int, int]) -> Line:
    """Steps noise of (h, w) in every batch that the renderer takes, here and now."""
    draw = np.random.default_rng(0)
    frames = [draw.integers(0, 256, (*size, 4), np.uint8) for _ in range(min(renderer.most, max(TRIED_BATCHES)))]
    look = FrameLook(theme=theme, theme_id="measured")

    def step(batch: int) -> None:
        now_ns = time.monotonic_ns()
        renderer.render_many([Job(f"measured {at}", frames[at], look, now_ns) for at in range(batch)])

    batches = tuple(batch for batch in TRIED_BATCHES if batch <= renderer.most)
    found = measure(step, batches, MEASURED_FRAMES, time.perf_counter_ns)
    for at in range(len(frames)):
        renderer.forget(f"measured {at}")
    return found


def slots_said(config: ClusterConfig) -> int | None:
    """By the operator, or by the table; None: they are to be measured."""
    if config.slots is None and config.step_table is not None:
        table = Path(config.step_table).read_text(encoding="utf-8")
        return slots(line_of(table, FAKE if config.preset == FAKE else device_name(), config.preset, config.window))
    return config.slots


def _fake(config: ClusterConfig) -> Engine:
    from reskin.serve.cluster.fake import SIDE, MarkRenderer

    theme = Theme.model_validate({"name": "unmarked"})
    renderer = MarkRenderer(config.fake_step_ms)
    count = slots_said(config) or slots(measured(renderer, theme, (SIDE, SIDE)))

    def new_session(session_id: str, offer: dict[str, Any], look: FrameLook | None) -> Session:
        made = Session({"unmarked": theme}, "unmarked", session_id=session_id, look=look)
        for message in offer.get("do", []) if look is None else []:
            made.apply(message)
        return made

    return Engine(
        stepper=Stepper(renderer, flash_limiter="off"), slots=count, new_session=new_session,
        open_media=Datagrams.listen,
    )  # fmt: skip


def _preset(config: ClusterConfig) -> Engine:
    """The engine in a process of its own, as in `reskin serve`: a crash of it costs frames, and not the replica."""
    from reskin.serve.cluster.webrtc import Peers
    from reskin.serve.front import offered
    from reskin.serve.process_renderer import ProcessRenderer
    from reskin.serve.run import ENGINE
    from reskin.theme_store import ThemeStore

    store = ThemeStore.open(config.theme)
    themes, first = offered(store)
    said = slots_said(config)
    renderer = ProcessRenderer(ENGINE, (config.preset, config.threads, said or 1))
    renderer.wait_ready()
    w, h = (int(side) for side in config.window.split("x"))
    count = said or slots(measured(renderer, themes[first], (h, w)))
    stepper = Stepper(renderer, flash_limiter=config.flash_limiter)

    def new_session(session_id: str, offer: dict[str, Any], look: FrameLook | None) -> Session:
        wanted = offer.get("theme", first)
        return Session(
            themes,
            wanted if wanted in themes else first,
            session_id=session_id,
            look=look,
            has_strip=bool(offer.get("strip")),
        )

    async def open_media(ended: Ended) -> Media:
        return Peers(stepper, ended, config.ice_servers)

    return Engine(stepper=stepper, slots=count, new_session=new_session, open_media=open_media)


def device_name() -> str:
    """As the bench's table names it."""
    try:
        import torch
    except ImportError:
        return platform.processor() or platform.machine()
    return torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
