"""The levels by name, each as something that the game's loop can step and paint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pygame

from reskin.demo.hills import hills
from reskin.demo.hud import Hud
from reskin.demo.painter import Painter
from reskin.demo.scroller import Run, scroller
from reskin.demo.walk import Walk, Wish


def _axis(keys: Any, minus: tuple[int, ...], plus: tuple[int, ...]) -> float:
    return float(any(keys[key] for key in plus)) - float(any(keys[key] for key in minus))


def _wish(keys: Any) -> Wish:
    return Wish(
        ahead=_axis(keys, (pygame.K_s, pygame.K_DOWN), (pygame.K_w, pygame.K_UP)),
        aside=_axis(keys, (pygame.K_a, pygame.K_LEFT), (pygame.K_d, pygame.K_RIGHT)),
        turn=_axis(keys, (pygame.K_q,), (pygame.K_e,)),
    )


class HillsPlay:
    def __init__(self) -> None:
        self.level = hills()
        self.walk = Walk(self.level)
        self.painter = Painter(self.level)
        self._hud = Hud()

    def step(self, keys: Any, step_s: float) -> None:
        self.walk.step(_wish(keys), step_s)

    def paint(self, frame: np.ndarray) -> None:
        eye, yaw = self.walk.camera()
        self.painter.paint(frame, eye, yaw, self.walk.time_s, self.level.stage.actors)

    def hud(self, bgra_u8: np.ndarray) -> None:
        hero = self.walk.hero
        self._hud.draw(bgra_u8, health=0.82, stamina=1.0 - 0.4 * min(1.0, hero.pace / 4.2), coins=int(hero.stride / 9),
                       task="Follow the path round the lake", yaw=self.walk.yaw)  # fmt: skip


class ScrollerPlay:
    def __init__(self) -> None:
        self.level, tops = scroller()
        self.run = Run(self.level, tops)
        self.painter = Painter(self.level)
        self._hud = Hud()

    def step(self, keys: Any, step_s: float) -> None:
        self.run.step(_wish(keys), step_s)

    def paint(self, frame: np.ndarray) -> None:
        eye, yaw = self.run.camera()
        self.painter.paint(frame, eye, yaw, self.run.time_s, self.level.stage.actors)

    def hud(self, bgra_u8: np.ndarray) -> None:
        coins = int(self.run.hero.stride / 7)
        self._hud.draw(bgra_u8, health=1.0, stamina=0.7, coins=coins, task="Run, jump, do not fall", yaw=0.0)


LEVELS: dict[str, Callable[[], Any]] = {"hills": HillsPlay, "scroller": ScrollerPlay}
