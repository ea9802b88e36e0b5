"""What the player wants now: the theme, its strength, the view, on or off. Keys and theme files change it.

Knows nothing of engines or screens: the loop reads these fields every tick and acts on what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reskin.platforms.base import KeyEvent
from reskin.renderer import View
from reskin.theme_store import ThemeNews, ThemeStore
from reskin.themes import Theme


class Controls:
    def __init__(self, store: ThemeStore, *, strength_step: float = 0.1) -> None:
        self.theme: Theme = store.current  # at the player's strength; the same object until something changes
        self.view = View.THEME
        self.is_on = True
        self.is_comparing = False  # held: the game as it is, at once
        self.wants_screenshot = False  # the loop puts it back
        self.wants_quit = False
        self._panics = False
        self._store = store
        self._strength_step = strength_step
        self._pressed: dict[str, Callable[[], str]] = {
            "next_theme": lambda: self._show(store.next()),
            "previous_theme": lambda: self._show(store.previous()),
            **{f"theme_{n}": lambda n=n: self._show(store.select(n - 1)) for n in range(1, 10)},  # type: ignore[misc]
            "toggle_overlay": self._toggle,
            "panic": self._panic,
            "strength_up": lambda: self._change_strength(strength_step),
            "strength_down": lambda: self._change_strength(-strength_step),
            "split": lambda: self._switch_view(View.SPLIT),
            "materials": lambda: self._switch_view(View.MATERIALS),
        }

    def hear(self, events: Iterable[KeyEvent]) -> list[str]:
        """Do what the keys say; returns notes for the player."""
        notes = []
        for event in events:
            if event.action == "compare":
                self.is_comparing = event.pressed
            elif not event.pressed:
                continue
            elif event.action == "screenshot":
                self.wants_screenshot = True
            elif event.action == "quit":
                self.wants_quit = True
            else:
                notes.append(self._pressed[event.action]())
        return notes

    def takes_panic(self) -> bool:
        """Whether the panic key was pressed since the last time: the game back, without a fade."""
        panics, self._panics = self._panics, False
        return panics

    def follow_files(self) -> list[str]:
        """Take over a theme whose file was saved; returns notes for the player."""
        news = self._store.poll()
        return [self._show(news)] if news is not None else []

    def _show(self, news: ThemeNews) -> str:
        if news.theme is not None:
            self.theme = news.theme
        return news.message

    def _change_strength(self, by: float) -> str:
        strength = round(min(1.0, max(0.0, self.theme.strength + by)), 2)
        self.theme = self.theme.model_copy(update={"strength": strength})
        return f"{self.theme.name}: strength {strength:.0%}"

    def _toggle(self) -> str:
        self.is_on = not self.is_on
        return f"Reskin on: {self.theme.name}" if self.is_on else "Reskin off"

    def _panic(self) -> str:
        self.is_on, self._panics = False, True
        return "Reskin off"

    def _switch_view(self, view: View) -> str:
        self.view = View.THEME if self.view is view else view
        names = {View.THEME: self.theme.name, View.SPLIT: "Split: game | theme", View.MATERIALS: "What the engine sees"}
        return names[self.view]
