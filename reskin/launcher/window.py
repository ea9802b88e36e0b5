"""The launcher's window: draws the board with pygame-ce and brings it mouse and keys. Knows nothing of what they do."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from reskin.launcher.board import FOOT_PX, GAP_PX, HEAD_PX, LABEL_PX, LOOKS_X_PX, SIZE_PX, Board, Box
from reskin.launcher.previews import THUMBNAIL_PX, LookPreviews, WindowPreviews

TITLE = "Reskin launcher"
FPS = 15
TOLD_COLUMNS, TOLD_LINES = 52, 4  # of why something came to nothing
TOLD_PX = LOOKS_X_PX + 28 - GAP_PX  # as wide as it may be: what can be forgotten stands beside it
_BACK, _TILE, _EDGE, _ACCENT = (24, 26, 32), (38, 41, 50), (70, 75, 90), (255, 170, 64)
_TEXT, _DIM, _GREY = (238, 238, 240), (165, 168, 178), (110, 112, 120)


class LauncherWindow:
    def __init__(self, keys: Mapping[str, str]) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        os.environ.setdefault("SDL_MOUSE_FOCUS_CLICKTHROUGH", "1")  # the click that focuses it counts
        import pygame

        self._pygame: Any = pygame
        pygame.display.init()
        pygame.font.init()
        self._screen = pygame.display.set_mode(SIZE_PX)
        pygame.display.set_caption(TITLE)
        self._clock = pygame.time.Clock()
        self._fonts = {size: pygame.font.Font(None, size) for size in (20, 24, 30, 36)}
        self._keys = keys  # action to chord

    def run(self, board: Board, windows: WindowPreviews, looks: LookPreviews) -> None:
        """Until the board is done."""
        tried: int | None = None  # the window whose frame the looks were tried on
        while not board.done:
            self._hear(board)
            board.update([(window, windows.reason(window)) for window in windows.windows])
            frame = windows.frames.get(board.window.id) if board.window else None
            if board.window is not None and frame is not None and tried != board.window.id:
                tried = board.window.id
                looks.use(frame)
            self.draw(board, windows, looks)
            self._pygame.display.flip()
            self._clock.tick(FPS)

    def _hear(self, board: Board) -> None:
        pygame = self._pygame
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                board.done = "quit"
            elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                board.click(*event.pos)
            elif event.type == pygame.MOUSEWHEEL:
                board.scroll(pygame.mouse.get_pos()[0], -event.y)
            elif event.type == pygame.KEYDOWN:
                board.key(pygame.key.name(event.key))

    def draw(self, board: Board, windows: WindowPreviews, looks: LookPreviews) -> None:
        w, h = SIZE_PX
        self._screen.fill(_BACK)
        self._write("1. Your game's window", (GAP_PX, 22), 30)
        self._write("2. A look, on your own game", (LOOKS_X_PX, 22), 30)
        if not board.windows:
            self._write("No windows yet: start your game,", (GAP_PX, HEAD_PX + 8), 24, _DIM)
            self._write("in a window or borderless.", (GAP_PX, HEAD_PX + 32), 24, _DIM)
        self._pygame.draw.line(self._screen, _EDGE, (0, h - FOOT_PX), (w, h - FOOT_PX))
        panic, toggle, leave = (_spoken(self._keys.get(name, "")) for name in ("panic", "toggle_overlay", "quit"))
        if told := board.message or windows.error or looks.error:
            for row, line in enumerate(textwrap.wrap(told, TOLD_COLUMNS, max_lines=TOLD_LINES, placeholder=" ...")):
                self._write(line, (GAP_PX, h - FOOT_PX + 12 + row * 19), 20, _TEXT, TOLD_PX)
        else:
            self._write(f"{panic} gives you the untouched game at once.", (GAP_PX, h - FOOT_PX + 14), 30, _ACCENT)
            rest = f"{toggle}: the look on and off. {leave} ends Reskin."
            self._write(rest, (GAP_PX, h - FOOT_PX + 50), 20, _DIM, TOLD_PX)
        for kind, left in (("window", GAP_PX), ("look", LOOKS_X_PX)):
            if more := board.below(kind):
                self._write(f"{more} more below: turn the mouse wheel", (left, h - FOOT_PX - 36), 24, _DIM)
        for box in board.boxes():
            pictures: Mapping[Any, np.ndarray] = windows.pictures if box.kind == "window" else looks.pictures
            if box.kind in ("window", "look"):
                self._draw_tile(box, pictures.get(int(box.key) if box.kind == "window" else box.key))
            else:
                self._draw_button(box)

    def _draw_tile(self, box: Box, picture: np.ndarray | None) -> None:
        pygame, area = self._pygame, (box.x, box.y, box.w, box.h)
        pygame.draw.rect(self._screen, _TILE, area, border_radius=6)
        if picture is not None:
            shown = picture if not box.note else (picture // 6 + 24)  # greyed: it cannot be chosen
            surface = pygame.image.frombuffer(np.ascontiguousarray(shown).tobytes(), THUMBNAIL_PX, "RGB")
            self._screen.blit(surface, (box.x, box.y))
        colour = _GREY if box.note else _TEXT
        self._write(box.label, (box.x + 6, box.y + box.h - LABEL_PX + 9), 20, colour, box.w - 12)
        if box.note:
            for row, line in enumerate(textwrap.wrap(box.note, 27)[:4]):
                self._write(line, (box.x + 6, box.y + 8 + row * 20), 20, _DIM, box.w - 12)
        edge = _ACCENT if box.chosen else _EDGE
        pygame.draw.rect(self._screen, edge, area, width=3 if box.chosen else 1, border_radius=6)
        if box.chosen:  # never by colour alone
            pygame.draw.rect(self._screen, _BACK, (box.x + box.w - 64, box.y + 3, 61, 20))
            self._write("chosen", (box.x + box.w - 58, box.y + 6), 20, _ACCENT)

    def _draw_button(self, box: Box) -> None:
        pygame, area = self._pygame, (box.x, box.y, box.w, box.h)
        if box.kind == "start":
            pygame.draw.rect(self._screen, _ACCENT if box.chosen else _TILE, area, border_radius=8)
            label = box.label if box.chosen else "Choose a window"
            self._write(label, (box.x + (24 if not box.chosen else 68), box.y + 22), 36 if box.chosen else 24,
                        _BACK if box.chosen else _DIM)  # fmt: skip
        elif box.kind == "remember":
            pygame.draw.rect(self._screen, _EDGE, (box.x, box.y + 2, 22, 22), width=2, border_radius=4)
            if box.chosen:
                pygame.draw.lines(
                    self._screen,
                    _ACCENT,
                    False,
                    [(box.x + 4, box.y + 13), (box.x + 9, box.y + 19), (box.x + 18, box.y + 6)],
                    3,
                )
            self._write(box.label, (box.x + 32, box.y + 4), 24, _TEXT, box.w - 40)
        else:
            self._write(box.label, (box.x, box.y), 20, _DIM, box.w)

    def _write(
        self, text: str, at: tuple[int, int], size: int, colour: tuple[int, ...] = _TEXT, limit_px: int = 0
    ) -> None:
        if not text:
            return
        font = self._fonts[size]
        while limit_px and font.size(text)[0] > limit_px and len(text) > 4:
            text = text[:-4] + "..."
        self._screen.blit(font.render(text, True, colour), at)

    def picture(self) -> np.ndarray:
        """(h, w, 3) RGB of what is shown."""
        array: np.ndarray = self._pygame.surfarray.array3d(self._screen)
        return array.transpose(1, 0, 2)

    def close(self) -> None:
        self._pygame.display.quit()


def _spoken(chord: str) -> str:
    """ "<ctrl>+<alt>+o" as it is written on keys."""
    return "+".join(part.strip("<>").capitalize() for part in chord.split("+")) or "(no key is set)"
