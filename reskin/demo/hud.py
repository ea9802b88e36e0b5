"""The demo game's HUD: health and stamina bars, coins, a task and a compass, drawn crisp at the window's own size."""

from __future__ import annotations

import math

import cv2
import numpy as np

FONT = cv2.FONT_HERSHEY_DUPLEX
WHITE, DARK = (245, 245, 240), (30, 26, 24)
TOP_PX = 22  # below the latency marker


class Hud:
    """Draws into (h, w, 4) BGRA bytes; sizes follow the height, 720 px being 1."""

    def draw(self, bgra_u8: np.ndarray, *, health: float, stamina: float, coins: int, task: str, yaw: float) -> None:
        h, w, _ = bgra_u8.shape
        scale = h / 720
        if w < 200 or h < 120:
            return  # no room that one could read in

        def px(value: float) -> int:
            return max(1, round(value * scale))

        left, top = px(20), TOP_PX + px(6)
        _plate(bgra_u8, left, top, px(286), px(64))
        for row, (share, color) in enumerate(((health, (58, 52, 214)), (stamina, (70, 190, 84)))):
            y = top + px(10 + 26 * row)
            cv2.rectangle(bgra_u8, (left + px(46), y), (left + px(46) + px(228), y + px(17)), (*DARK, 255), -1)
            end = left + px(48) + round(px(224) * min(1.0, max(0.0, share)))
            cv2.rectangle(bgra_u8, (left + px(48), y + px(2)), (end, y + px(15)), (*color, 255), -1)
            light = tuple(min(255, int(c * 1.25 + 20)) for c in color)
            cv2.rectangle(bgra_u8, (left + px(48), y + px(3)), (end, y + px(5)), (*light, 255), -1)
            _text(bgra_u8, "HP" if row == 0 else "ST", (left + px(10), y + px(15)), 0.58 * scale)
        right = w - px(20)
        _plate(bgra_u8, right - px(130), top, px(130), px(44))
        center = (right - px(106), top + px(22))
        cv2.circle(bgra_u8, center, px(14), (40, 150, 214, 255), -1, cv2.LINE_AA)
        cv2.circle(bgra_u8, center, px(11), (80, 208, 250, 255), -1, cv2.LINE_AA)
        _text(bgra_u8, f"x {coins:03d}", (right - px(82), top + px(30)), 0.74 * scale)
        self._compass(bgra_u8, w // 2, top + px(16), px(120), yaw, scale)
        (wide, _), _ = cv2.getTextSize(task, FONT, 0.62 * scale, 1)
        x, y = w - wide - px(40), h - px(58)
        _plate(bgra_u8, x - px(14), y, wide + px(34), px(38))
        _text(bgra_u8, task, (x, y + px(26)), 0.62 * scale)

    @staticmethod
    def _compass(bgra_u8: np.ndarray, x: int, y: int, half: int, yaw: float, scale: float) -> None:
        cv2.line(bgra_u8, (x - half, y), (x + half, y), (*WHITE, 255), max(1, round(2 * scale)))
        for name, angle in (("N", 0.0), ("E", math.pi / 2), ("S", math.pi), ("W", -math.pi / 2)):
            off = (angle - yaw + math.pi) % (2 * math.pi) - math.pi
            if abs(off) < 1.2:
                _text(
                    bgra_u8, name, (x + round(off / 1.2 * half) - round(7 * scale), y + round(7 * scale)), 0.62 * scale
                )


def _plate(bgra_u8: np.ndarray, x: int, y: int, wide: int, tall: int) -> None:
    """A dark, half-transparent plate."""
    part = bgra_u8[y : y + tall, x : x + wide]
    cv2.addWeighted(part, 0.45, np.full_like(part, 24), 0.55, 0, dst=part)


def _text(bgra_u8: np.ndarray, text: str, at: tuple[int, int], scale: float) -> None:
    cv2.putText(bgra_u8, text, (at[0] + 1, at[1] + 1), FONT, scale, (*DARK, 255), 1, cv2.LINE_AA)
    cv2.putText(bgra_u8, text, at, FONT, scale, (*WHITE, 255), 1, cv2.LINE_AA)
