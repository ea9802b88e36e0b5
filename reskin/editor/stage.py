"""Where the live picture is shown, fitted into its place: the game left of a line that is dragged, the theme right.

Both together pass a flash limiter, as everything that is shown does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import pygame

from reskin.editor import look
from reskin.editor.studio import Shot
from reskin.flash_limiter import FlashLimiter

LINE_PX, GRIP_PX = 2, 12


class Stage:
    def __init__(self, limiter: FlashLimiter | None, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._limiter, self._clock_ns = limiter, clock_ns
        self.area = pygame.Rect(0, 0, 1, 1)  # of the window
        self.split = 0.0  # share of the picture's width that shows the game
        self._dragged = False
        self._shot: Shot | None = None
        self._scaled: tuple[np.ndarray, np.ndarray] | None = None  # (h, w, 4) BGRA, as large as they are shown
        self._shown: pygame.Surface | None = None  # of the two what the line leaves to be seen; None: not yet made

    @property
    def is_empty(self) -> bool:
        return self._shot is None

    @property
    def picture(self) -> pygame.Rect:
        """Where the picture lies in the area, its shape kept."""
        if self._shot is None:
            return self.area
        h, w = self._shot.after.shape[:2]
        scale = min(self.area.w / w, self.area.h / h)
        rect = pygame.Rect(0, 0, max(1, round(w * scale)), max(1, round(h * scale)))
        rect.center = self.area.center
        return rect

    def put(self, shot: Shot) -> None:
        self._shot, self._scaled, self._shown = shot, None, None

    def resize(self, area: pygame.Rect) -> None:
        self.area, self._scaled, self._shown = area, None, None

    def handle(self, event: pygame.event.Event) -> bool:
        """Whether the event was a drag of the line."""
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and self.picture.collidepoint(event.pos):
            self._dragged = True
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._dragged = False
        if not self._dragged or event.type not in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEMOTION):
            return False
        picture = self.picture
        self.split, self._shown = min(max((event.pos[0] - picture.x) / picture.w, 0.0), 1.0), None
        return True

    def draw(self, window: pygame.Surface) -> None:
        if self._shot is None:
            return
        picture = self.picture
        if self._scaled is None:
            self._scaled = _scaled(self._shot.before, picture.size), _scaled(self._shot.after, picture.size)
        edge = round(self.split * picture.w)
        is_acting = self._limiter is not None and self._limiter.is_acting
        if self._shown is None or is_acting:
            before, after = self._scaled
            both = np.hstack((before[:, :edge], after[:, edge:]))
            if self._limiter is not None:
                both = self._limiter.apply(both, self._clock_ns())
            rgb_u8 = cv2.cvtColor(both, cv2.COLOR_BGRA2RGB)
            self._shown = pygame.image.frombuffer(rgb_u8.tobytes(), picture.size, "RGB")
        window.blit(self._shown, picture)
        x = min(max(picture.x + edge, picture.x), picture.right - 1)
        pygame.draw.line(window, "#ffffff", (x, picture.y), (x, picture.bottom - 1), LINE_PX)
        grip = pygame.Rect(0, 0, GRIP_PX, 40)
        grip.center = min(max(x, picture.x + GRIP_PX // 2), picture.right - GRIP_PX // 2), picture.centery
        pygame.draw.rect(window, "#ffffff", grip, border_radius=6)
        pygame.draw.rect(window, look.CONTROL, grip.inflate(-6, -22), border_radius=3)


def _scaled(bgra_u8: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    shrinks = size_px[0] < bgra_u8.shape[1]
    return np.asarray(cv2.resize(bgra_u8, size_px, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
