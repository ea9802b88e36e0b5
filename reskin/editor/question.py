"""A question over the window that has to be answered first: a title, a sentence, and a button for each answer."""

from __future__ import annotations

from collections.abc import Callable

import pygame
import pygame_gui
from pygame_gui.elements import UIButton, UILabel, UIWindow

SIZE_PX, PAD, ANSWER_PX = (424, 156), 16, 118


class Question:
    """`answers` by the word on the button; the first is the one to be taken. Closing it calls `stay`."""

    def __init__(
        self, manager: pygame_gui.UIManager, over: pygame.Rect, title: str, text: str,
        answers: dict[str, Callable[[], None]], stay: Callable[[], None],
    ) -> None:  # fmt: skip
        rect = pygame.Rect((0, 0), SIZE_PX)
        rect.center = over.center
        self._stay = stay
        self._window = UIWindow(rect, manager, title, draggable=False)
        UILabel(pygame.Rect(PAD, 12, SIZE_PX[0] - 3 * PAD, 26), text, manager, self._window)
        self.answers: dict[UIButton, Callable[[], None]] = {}
        for index, (word, action) in enumerate(answers.items()):
            at = pygame.Rect(PAD + index * (ANSWER_PX + 10), 62, ANSWER_PX, 34)
            style = "#save" if index == 0 else None
            self.answers[UIButton(at, word, manager, self._window, object_id=style)] = action
        self._window.set_blocking(True)

    def handle(self, event: pygame.event.Event) -> None:
        element = getattr(event, "ui_element", None)
        if event.type == pygame_gui.UI_WINDOW_CLOSE and element is self._window:
            self._stay()
        elif event.type == pygame_gui.UI_BUTTON_PRESSED and element in self.answers:
            self.answers[element]()

    def close(self) -> None:
        self._window.kill()
