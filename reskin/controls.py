"""What the player wants now: the theme, its strength, the view, on or off. Keys and theme files change it.

Knows nothing of engines or screens: the loop reads these fields every tick and acts on what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reskin.box_mode import BoxMode
from reskin.frame import Region
from reskin.platforms.base import KeyEvent
from reskin.prompt_bar import PromptBar
from reskin.remote_control import ChooseTheme, Command, SetOverlay, SetStrength, SetView, ShowTheme
from reskin.renderer import View
from reskin.status import Status
from reskin.theme_store import ThemeNews, ThemeStore
from reskin.themes import Theme
from reskin.timeline import Timeline

_BESIDE_TYPING = ("prompt", "panic", "quit")  # hotkeys that are heard while the prompt bar is open


class Controls:
    UNSEEN_NS = 1_000_000_000  # a painting that is late for a moment does not end a drag

    def __init__(
        self, store: ThemeStore, *, strength_step: float = 0.1, fade_frames: int = 0,
        timeline: Timeline | None = None, bar: PromptBar | None = None, boxes: BoxMode | None = None,
    ) -> None:  # fmt: skip
        self.theme: Theme = store.current  # at the player's strength; the same object until something changes
        self.fade_frames = fade_frames  # over which that theme comes
        self.view = View.THEME
        self.is_on = True
        self.is_seen = False  # a painting, within the last UNSEEN_NS
        self.is_comparing = False  # held: the game as it is, at once
        self.wants_screenshot = False  # the loop puts it back
        self.wants_quit = False
        self._usual_fade = fade_frames
        self._timeline = timeline
        self._bar = bar
        self._boxes = boxes
        self._steps_shown = 0  # of the timeline
        self._panics = False
        self._seen_ns: int | None = None
        self._store = store
        self._pressed: dict[str, Callable[[], str]] = {
            "next_theme": lambda: self._show(store.next()),
            "previous_theme": lambda: self._show(store.previous()),
            **{f"theme_{n}": lambda n=n: self._show(store.select(n - 1)) for n in range(1, 10)},  # type: ignore[misc]
            "prompt": self._toggle_bar,
            "keep_box": self._toggle_boxes,
            "toggle_overlay": self._toggle,
            "panic": self._panic,
            "strength_up": lambda: self._change_strength(strength_step),
            "strength_down": lambda: self._change_strength(-strength_step),
            "split": lambda: self._switch_view(View.SPLIT),
            "materials": lambda: self._switch_view(View.MATERIALS),
        }

    def hear(self, events: Iterable[KeyEvent]) -> list[str]:
        """Do what the keys say; returns notes for the player. While the prompt bar is open, keys are for typing."""
        notes = []
        for event in events:
            if event.pressed and self._bar is not None and self._bar.is_open and event.action not in _BESIDE_TYPING:
                continue
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
        return [note for note in notes if note]

    def follow(self, playing_ns: int, now_ns: int) -> list[str]:
        """Take over a theme whose file was saved, whose time has come, or that was typed; returns notes for the player.

        `playing_ns` is the time since the first painting, 0 before it; `now_ns` is the clock, by which the patience of
        bar and boxes counts: nobody may have painted yet.
        """
        news = [self._store.poll()]
        if self._timeline is not None and (due := self._timeline.steps_until(playing_ns)) > self._steps_shown:
            self._steps_shown = due
            step = self._timeline.last_of(due)
            news.append(self._store.show(step.theme, fade_frames=step.fade_frames))
        notes = [self._show(item) for item in news if item is not None]
        answer = self._bar.poll(now_ns) if self._bar is not None else None
        if answer is not None:
            if answer.theme is not None:
                self._show(self._store.show(answer.theme))
            notes.append(answer.message)
        if self._boxes is not None and (note := self._boxes.poll(now_ns)):
            notes.append(note)
        return notes

    def takes_panic(self) -> bool:
        """Whether the panic key was pressed since the last time: the game back, without a fade."""
        panics, self._panics = self._panics, False
        return panics

    def window_moved(self, window: Region | None) -> None:
        """Where the game's window is. None: nothing can be seen, so keyboard and mouse must be the game's."""
        if self._boxes is not None:
            self._boxes.window_moved(window)
        if window is None:
            self._give_back()

    def skin_shown(self, visible: bool, now_ns: int) -> None:
        """Whether the player sees a painting. Boxes are drawn on nothing else: without one the mouse is the game's."""
        if visible:
            self._seen_ns = now_ns
        self.is_seen = self._seen_ns is not None and now_ns - self._seen_ns <= self.UNSEEN_NS
        if self._boxes is not None and not self.is_seen:
            self._boxes.cancel()

    def obey(self, commands: Iterable[Command]) -> list[str]:
        """Do what a remote control says; returns notes for the player."""
        return [note for command in commands if (note := self._obey(command))]

    def tell(self, status: Status) -> None:
        """Write down what is wanted now, for who watches from outside."""
        status.theme, status.strength = self.theme.name, self.theme.strength
        status.view, status.is_on = self.view.value, self.is_on

    def _obey(self, command: Command) -> str:
        match command:
            case ChooseTheme(theme_id):
                return self._show(self._store.select_id(theme_id))
            case ShowTheme(theme):
                return self._show(self._store.show(theme))
            case SetStrength(strength):
                return self._change_strength(strength - self.theme.strength)
            case SetOverlay(is_on):
                return self._toggle() if is_on != self.is_on else ""
            case SetView(view):
                return self._switch_view(view if view is not View.THEME else self.view) if view != self.view else ""

    def _show(self, news: ThemeNews) -> str:
        if news.theme is not None:
            self.theme = news.theme
            self.fade_frames = self._usual_fade if news.fade_frames is None else news.fade_frames
        return news.message

    def _change_strength(self, by: float) -> str:
        strength = round(min(1.0, max(0.0, self.theme.strength + by)), 2)
        self.theme = self.theme.model_copy(update={"strength": strength})
        self.fade_frames = self._usual_fade
        return f"{self.theme.name}: strength {strength:.0%}"

    def _toggle_bar(self) -> str:
        if self._bar is None:
            return "There is no prompt bar on this system yet"
        self._bar.toggle()
        return ""

    def _toggle_boxes(self) -> str:
        if self._boxes is None:
            return "There is no box mode on this system yet; write the boxes into a profile: reskin profile new"
        return self._boxes.toggle(is_skinned=self.is_on and self.is_seen)

    def _give_back(self) -> None:
        """Keyboard and mouse, to the game."""
        if self._bar is not None:
            self._bar.cancel()
        if self._boxes is not None:
            self._boxes.cancel()

    def _toggle(self) -> str:
        self._give_back()
        self.is_on = not self.is_on
        return f"Reskin on: {self.theme.name}" if self.is_on else "Reskin off"

    def _panic(self) -> str:
        self._give_back()
        self.is_on, self._panics = False, True
        return "Reskin off"

    def _switch_view(self, view: View) -> str:
        self.view = View.THEME if self.view is view else view
        names = {View.THEME: self.theme.name, View.SPLIT: "Split: game | theme", View.MATERIALS: "What the engine sees"}
        return names[self.view]
