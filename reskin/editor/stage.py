"""Where the live picture is shown, fitted into its place: the game left of a line that is dragged, the theme right."""

from __future__ import annotations

import cv2
import numpy as np
import pygame

from reskin.editor import look
from reskin.editor.studio import Shot

LINE_PX, GRIP_PX = 2, 12


class Stage:
    def __init__(self) -> None:
        self.area = pygame.Rect(0, 0, 1, 1)  # of the window
        self.split = 0.0  # share of the picture's width that shows the game
        self._dragged = False
        self._shot: Shot | None = None
        self._scaled: tuple[pygame.Surface, pygame.Surface] | None = None

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
        self._shot, self._scaled = shot, None

    def resize(self, area: pygame.Rect) -> None:
        self.area, self._scaled = area, None

    def handle(self, event: pygame.event.Event) -> bool:
        """Whether the event was a drag of the line."""
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and self.picture.collidepoint(event.pos):
            self._dragged = True
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._dragged = False
        if not self._dragged or event.type not in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEMOTION):
            return False
        picture = self.picture
        self.split = min(max((event.pos[0] - picture.x) / picture.w, 0.0), 1.0)
        return True

    def draw(self, window: pygame.Surface) -> None:
        if self._shot is None:
            return
        picture = self.picture
        if self._scaled is None:
            self._scaled = _scaled(self._shot.before, picture.size), _scaled(self._shot.after, picture.size)
        before, after = self._scaled
        window.blit(after, picture)
        edge = round(self.split * picture.w)
        window.blit(before, picture, pygame.Rect(0, 0, edge, picture.h))
        x = min(max(picture.x + edge, picture.x), picture.right - 1)
        pygame.draw.line(window, "#ffffff", (x, picture.y), (x, picture.bottom - 1), LINE_PX)
        grip = pygame.Rect(0, 0, GRIP_PX, 40)
        grip.center = min(max(x, picture.x + GRIP_PX // 2), picture.right - GRIP_PX // 2), picture.centery
        pygame.draw.rect(window, "#ffffff", grip, border_radius=6)
        pygame.draw.rect(window, look.CONTROL, grip.inflate(-6, -22), border_radius=3)


def _scaled(bgra_u8: np.ndarray, size: tuple[int, int]) -> pygame.Surface:
    shrinks = size[0] < bgra_u8.shape[1]
    fitted = cv2.resize(bgra_u8, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    rgb_u8 = cv2.cvtColor(fitted, cv2.COLOR_BGRA2RGB)
    return pygame.image.frombuffer(rgb_u8.tobytes(), size, "RGB")
