"""The prompt bar: a hotkey opens it over the game, what is typed is a look in plain words, Enter shows it.

While it is open the keyboard is Reskin's and the game hears nothing. A prompt is worked out by the `loader` beside the
loop, up to 0.3 s, and already while the typing rests: so Enter mostly finds its theme ready and shows it at that tick,
else at the first one after. Lives on the loop's thread; `poll` at every tick. Knows nothing of which keyboard it is,
and of how a theme is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from reskin import platforms
from reskin.errors import DisplayError
from reskin.line_editor import History, LineEditor, history_path
from reskin.panel import PanelDrawer, Shown
from reskin.platforms.base import IDLE_NS, EditKey, InputState, TextInput
from reskin.prompt_panel import Line, draw_bar
from reskin.prompts.fill import heard_theme
from reskin.themes import Theme

REST_NS = 150_000_000  # without a key: what stands there may be the prompt
REFUSED = "Another program holds the keyboard, so the prompt bar cannot open"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a prompt: a theme to show (None: as before), and a note for the player."""

    theme: Theme | None = None
    message: str


def answer(prompt: str) -> Answer:
    """The look of a prompt; one of which nothing is understood changes nothing."""
    theme, note = heard_theme(prompt)
    return Answer(theme=theme, message=note if theme is None else note or theme.name)


def open_bar(chord: str, loader: Executor) -> PromptBar | None:
    """The bar on this desktop's keyboard; None where no chord opens it or there is no such part yet."""
    if not chord:
        return None
    try:
        keyboard = platforms.open_text_input()
    except DisplayError:
        return None
    # What reads a sentence is loaded now, while the engine is: 0.2 s and 49 MB, and within a run it kept the
    # interpreter for 16 ms, which is a late tick.
    loader.submit(answer, "a warm-up")
    return PromptBar(keyboard, loader, History(history_path()))


class PromptBar:
    def __init__(
        self, keyboard: TextInput, loader: Executor, history: History, answers: Callable[[str], Answer] = answer
    ) -> None:
        self._keyboard = keyboard
        self._loader = loader
        self._history = history
        self._answers = answers
        self._line: LineEditor | None = None  # None: closed
        self._last_key_ns: int | None = None
        self._pending: Future[Answer] | None = None  # of the prompt that was entered
        self._ahead: tuple[str, Future[Answer]] | None = None  # of what stood in the line when the typing rested
        self._drawer = PanelDrawer(draw_bar)

    @property
    def is_open(self) -> bool:
        return self._line is not None

    @property
    def text(self) -> str:
        return self._line.text if self._line is not None else ""

    def toggle(self) -> None:
        """Open it, or close it without a change."""
        if self.is_open:
            self.cancel()
            return
        self._line, self._last_key_ns = LineEditor(self._history.lines), None
        self._keyboard.begin()

    def cancel(self) -> None:
        """Close it without a change, also when nothing of it can be seen any more."""
        if self._line is not None:
            self._line = None
            self._drop_ahead()
            self._drawer.forget()
            self._keyboard.end()

    def poll(self, now_ns: int) -> Answer | None:
        """Take in what was typed; the answer to a prompt once it is there."""
        for typed in self._keyboard.poll():
            self._last_key_ns = now_ns
            if typed.key is EditKey.ENTER:
                self._enter()
            elif typed.key is EditKey.ESCAPE:
                self.cancel()
            elif self._line is not None and typed.key is not None:
                self._line.edit(typed.key)
            elif self._line is not None:
                self._line.insert(typed.text)
        if self._line is None:
            return self._answered()
        if self._keyboard.state is InputState.REFUSED:
            self.cancel()
            return Answer(message=REFUSED)
        self._last_key_ns = now_ns if self._last_key_ns is None else self._last_key_ns
        if now_ns - self._last_key_ns > IDLE_NS:
            self.cancel()
        elif now_ns - self._last_key_ns >= REST_NS:
            self._ask_ahead()
        return self._answered()

    def shown(self, window_h: int, window_w: int, now_ns: int) -> Shown | None:
        """Its panel while it is open, as `reskin.panel.PanelSource`."""
        if self._line is None:
            return None
        is_ready = self._keyboard.state is InputState.ACTIVE
        panel = self._drawer.panel(Line(self._line.text, self._line.cursor, is_ready), window_h, window_w)
        return (panel, 1.0) if panel is not None else None

    def close(self) -> None:
        """Give the keyboard back at once and end the thread that draws; closing twice is fine."""
        self._line = None
        self._keyboard.close()
        self._drawer.close()

    def _enter(self) -> None:
        prompt = self.text.strip()
        ready = None
        if self._ahead is not None and self._ahead[0] == prompt:
            ready, self._ahead = self._ahead[1], None
        self.cancel()
        if prompt:
            self._history.add(prompt)
            if self._pending is not None:
                self._pending.cancel()  # the newest prompt wins, and need not wait for those before it
            self._pending = ready or self._loader.submit(self._answers, prompt)
            self._loader.submit(self._history.save)

    def _ask_ahead(self) -> None:
        prompt = self.text.strip()
        if prompt and (self._ahead is None or self._ahead[0] != prompt):
            self._drop_ahead()
            self._ahead = prompt, self._loader.submit(self._answers, prompt)

    def _drop_ahead(self) -> None:
        """One that has begun is finished for nothing."""
        if self._ahead is not None:
            self._ahead[1].cancel()
            self._ahead = None

    def _answered(self) -> Answer | None:
        if self._pending is None or not self._pending.done():
            return None
        done, self._pending = self._pending, None
        error = done.exception()
        if error is not None:
            return Answer(message=f"The prompt could not be used ({error}); the theme stays")
        return done.result()
