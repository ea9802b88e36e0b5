"""The prompt bar on fakes: typing, editing, history, and a theme that comes without a missed tick."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reskin.controls import Controls
from reskin.engine_link import InlineEngine
from reskin.frame import Region
from reskin.line_editor import History
from reskin.loop import LoopOptions, run_loop
from reskin.note import Note
from reskin.panel import MIN_WINDOW_H_PX, MIN_WINDOW_W_PX, Panel, blank
from reskin.platforms.base import IDLE_NS, CaptureState, EditKey, InputState, KeyEvent
from reskin.platforms.fake import FakeHotkeys, FakeTextInput
from reskin.prompt_bar import REFUSED, REST_NS, Answer, PromptBar, answer
from reskin.prompt_panel import DIM, GREY, Line, draw_bar
from reskin.renderer import TintRenderer
from reskin.status import Status
from tests.loop.fakes import CountingGame, JumpingClock, RememberingOverlay, theme, two_themes

GREEN = theme("Green", "#108010")
S = 1_000_000_000


class Beside(Executor):
    """A loader whose work is done when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    def work(self) -> None:
        for future, do in self.waiting:
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(do())
            except Exception as error:  # noqa: BLE001  as a thread of a pool does
                future.set_exception(error)
        self.waiting.clear()


class Desk:
    def __init__(self, folder: Path) -> None:
        self.keyboard, self.loader = FakeTextInput(), Beside()
        self.history = History(folder / "state" / "prompts.txt")
        self.asked: list[str] = []
        self.bar = PromptBar(self.keyboard, self.loader, self.history, self._answer)
        self.controls = Controls(two_themes(), bar=self.bar)

    def _answer(self, prompt: str) -> Answer:
        self.asked.append(prompt)
        if prompt == "boom":
            raise ValueError("planted")
        return Answer(theme=GREEN, message="Green") if prompt != "qwxz" else Answer(message="not understood")

    def press(self, action: str, *, pressed: bool = True) -> list[str]:
        return self.controls.hear([KeyEvent(action, pressed=pressed)])

    def tick(self, *pieces: str | EditKey) -> list[str]:
        self.keyboard.type(*pieces)
        return self.controls.follow(0, 0)

    def rest(self, for_ns: int = REST_NS) -> None:
        """No key for so long after the last, which came at 0."""
        assert self.controls.follow(0, for_ns) == []

    def open(self) -> None:
        self.press("prompt")
        self.tick()
        assert self.keyboard.state is InputState.ACTIVE


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.bar.close()


def test_enter_shows_the_look_as_soon_as_it_is_worked_out_and_gives_the_keyboard_back(desk: Desk) -> None:
    desk.open()
    desk.tick("g", "reen", EditKey.BACKSPACE, "n ")
    assert desk.bar.text == "green "
    assert desk.tick(EditKey.ENTER) == []
    assert (desk.bar.is_open, desk.keyboard.state) == (False, InputState.OFF)
    assert (desk.controls.theme.name, desk.asked) == ("Red", [])  # it is worked out beside the loop
    desk.loader.work()
    assert desk.tick() == ["Green"]
    assert (desk.controls.theme, desk.asked) == (GREEN, ["green"])
    assert desk.tick() == []
    assert desk.press("next_theme") == ["Red"]
    assert desk.press("previous_theme") == ["Green"]  # it stays among the themes


def test_escape_and_the_hotkey_close_it_without_a_change(desk: Desk) -> None:
    for close in (lambda: desk.tick("blue", EditKey.ESCAPE), lambda: desk.press("prompt")):
        desk.open()
        desk.tick("blu")
        close()
        assert (desk.bar.is_open, desk.keyboard.state) == (False, InputState.OFF)
    desk.open()
    desk.tick("  ", EditKey.ENTER)  # nothing but spaces is no prompt
    assert (desk.loader.waiting, desk.history.lines) == ([], ())


def test_what_goes_wrong_is_said_and_the_theme_stays(desk: Desk) -> None:
    for prompt, note in (
        ("qwxz", "not understood"),
        ("boom", "The prompt could not be used (planted); the theme stays"),
    ):
        desk.open()
        desk.tick(prompt, EditKey.ENTER)
        desk.loader.work()
        assert desk.tick() == [note]
        assert desk.controls.theme.name == "Red"


def test_of_two_prompts_the_newer_one_wins(desk: Desk) -> None:
    for prompt in ("green", "qwxz"):
        desk.open()
        desk.tick(prompt, EditKey.ENTER)
    desk.loader.work()
    assert desk.tick() == ["not understood"]
    assert (desk.controls.theme.name, desk.asked) == ("Red", ["qwxz"])  # the older one was not even begun


def test_what_stands_there_when_typing_rests_is_worked_out_before_enter(desk: Desk) -> None:
    desk.open()
    desk.tick("gre")
    desk.rest()
    assert desk.asked == []
    desk.tick("en")
    desk.rest(REST_NS - 1)
    assert len(desk.loader.waiting) == 1, "it has not rested yet"
    desk.rest()
    desk.loader.work()
    assert desk.asked == ["green"], "what is out of date is not begun"
    desk.rest(2 * REST_NS)
    assert desk.loader.waiting == []
    assert desk.tick(" ", EditKey.ENTER) == ["Green"]  # in the same tick; a space says nothing new
    assert (desk.controls.theme, desk.asked) == (GREEN, ["green"])


def test_an_answer_from_ahead_is_not_shown_for_another_prompt_and_not_without_enter(desk: Desk) -> None:
    desk.open()
    desk.tick("green")
    desk.rest()
    desk.loader.work()
    assert desk.tick(EditKey.ESCAPE) == []
    desk.open()
    desk.tick("green")
    desk.rest()
    assert desk.tick("s", EditKey.BACKSPACE, EditKey.BACKSPACE, EditKey.ENTER) == []
    desk.loader.work()
    assert (desk.tick(), desk.asked) == (["Green"], ["green", "gree"])


def test_hotkeys_are_for_typing_while_it_is_open_but_a_held_one_is_let_go(desk: Desk) -> None:
    desk.press("compare")
    desk.open()
    assert desk.press("next_theme") == []
    assert desk.controls.theme.name == "Red"
    desk.press("compare", pressed=False)
    assert not desk.controls.is_comparing
    desk.press("panic")  # the game back, and its keys
    assert (desk.bar.is_open, desk.keyboard.state) == (False, InputState.OFF)
    desk.open()
    desk.press("quit")
    assert desk.controls.wants_quit


def test_a_keyboard_that_another_program_holds_is_told(desk: Desk) -> None:
    desk.keyboard.refuses = True
    desk.press("prompt")
    assert desk.tick() == [REFUSED]
    assert (desk.bar.is_open, desk.keyboard.state) == (False, InputState.OFF)


def test_a_bar_that_was_forgotten_or_cannot_be_seen_gives_the_keyboard_back(desk: Desk) -> None:
    desk.open()
    desk.controls.follow(0, IDLE_NS)
    assert desk.bar.is_open
    desk.controls.follow(0, IDLE_NS + 1)
    assert not desk.bar.is_open
    desk.open()
    desk.controls.window_moved(None)
    assert (desk.bar.is_open, desk.keyboard.state) == (False, InputState.OFF)


def test_without_a_bar_the_key_says_so() -> None:
    assert Controls(two_themes()).hear([KeyEvent("prompt", pressed=True)]) == [
        "There is no prompt bar on this system yet"
    ]


def test_the_history_is_kept_in_a_small_file(desk: Desk, tmp_path: Path) -> None:
    for prompt in ("green", "qwxz", "green"):
        desk.open()
        desk.tick(prompt, EditKey.ENTER)
        desk.loader.work()
    assert History(tmp_path / "state" / "prompts.txt").lines == ("qwxz", "green")
    desk.open()
    desk.tick(EditKey.UP, EditKey.UP)
    assert desk.bar.text == "qwxz"


def test_any_prompt_has_an_answer() -> None:
    assert answer("a snowy night").theme is not None
    for nothing in ("?!", "12 34", "\u200b"):
        assert answer(nothing).theme is None
        assert "understood" in answer(nothing).message


def test_the_loop_shows_the_bar_takes_the_prompt_and_misses_no_tick(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Note, "say", lambda self, text, now_ns, *, stay_s=None: said.append(text))
    clock, keys, status = JumpingClock(), FakeHotkeys(), Status()
    overlay = RememberingOverlay(clock.now_ns)
    game = CountingGame(clock=clock.now_ns, region=Region(0, 0, 640, 360))
    open_at: list[bool] = []

    def play(grabs: int) -> None:
        open_at.append(desk.bar.is_open)
        if grabs == 30:
            keys.tap("prompt")
        elif 35 <= grabs < 40:
            desk.keyboard.type("green"[grabs - 35])
        elif grabs == 45:
            desk.keyboard.type(EditKey.ENTER)
        elif grabs == 50:
            desk.loader.work()
        elif grabs == 60:
            keys.tap("prompt")
        elif grabs == 65:
            game.state = CaptureState.PAUSED
            keys.tap("quit")

    game.before_grab = play
    run_loop(
        game, overlay, keys, [], two_themes(), InlineEngine(TintRenderer(), clock, cost_ms=10), clock=clock,
        status=status, options=LoopOptions(prompt_bar=desk.bar, fade_frames=4),
    )  # fmt: skip
    assert status.missed == 0
    assert open_at[33:45] == [True] * 12
    assert not any(open_at[47:60])
    assert desk.asked == ["green"]
    assert "Green" in said
    blue, green, red = overlay.shown[-1].pixel[:3]
    assert green > max(blue, red) + 20
    assert (desk.bar.is_open, desk.keyboard.state) == (False, InputState.OFF)  # the window was minimised


def test_after_a_rest_the_frame_after_enter_is_in_the_new_look_and_the_loop_worked_nothing_out(tmp_path: Path) -> None:
    """The loop beside the loader's own thread, and an answer as slow as the embedding makes it."""
    prompt, workers = "a green swamp at noon", list[int]()

    def slow_answer(text: str) -> Answer:
        workers.append(threading.get_ident())
        time.sleep(0.3)
        return answer(text)

    clock, keys, keyboard = JumpingClock(), FakeHotkeys(), FakeTextInput()
    overlay = RememberingOverlay(clock.now_ns)
    game = CountingGame(clock=clock.now_ns, region=Region(0, 0, 640, 360))
    with ThreadPoolExecutor(1) as loader:
        bar = PromptBar(keyboard, loader, History(tmp_path / "prompts.txt"), slow_answer)

        def play(grabs: int) -> None:
            if grabs == 10:
                keys.tap("prompt")
            elif grabs == 15:
                keyboard.type(prompt)
            elif grabs == 22:  # 0.15 s later; the clock jumps, but the loader takes its time
                assert len(workers) == 1
                loader.submit(lambda: None).result(5)
            elif grabs == 25:
                keyboard.type(EditKey.ENTER)
            elif grabs == 40:
                keys.tap("quit")

        game.before_grab = play
        run_loop(
            game, overlay, keys, [], two_themes(), InlineEngine(TintRenderer(), clock, cost_ms=10), clock=clock,
            options=LoopOptions(prompt_bar=bar),
        )  # fmt: skip
        bar.close()
    assert workers != []
    assert threading.get_ident() not in workers
    assert len(workers) == 1, "what was worked out ahead is not worked out again"
    green = [shown.index for shown in overlay.shown if shown.pixel[1] > shown.pixel[2] and shown.index > 25]
    assert green[0] == 27  # frame 26 was on its way when Enter came; the next one hears of it
    assert green == list(range(27, overlay.shown[-1].index + 1))


@pytest.mark.parametrize("level", [GREY, DIM])
def test_what_the_bar_tells_can_be_read_over_a_white_game(level: int) -> None:
    """A contrast of 4.5 to 1, as WCAG 2 asks of text."""
    picture, game = blank(60, 60), np.full((60, 60, 4), 255, np.uint8)
    picture[20:40, 20:40] = level
    Panel.of(picture, 0, 0, radius_px=4).blend_onto(game, 1.0)
    text, ground = (
        float(((pixel[:3] / 255 + 0.055) / 1.055) ** 2.4 @ [0.0722, 0.7152, 0.2126])
        for pixel in (game[30, 30], game[10, 30])
    )
    assert (text + 0.05) / (ground + 0.05) >= 4.5


@pytest.mark.parametrize(("h", "w"), [(MIN_WINDOW_H_PX, MIN_WINDOW_W_PX), (481, 640), (2160, 3840)])
@pytest.mark.parametrize("text", ["", "i", "a rainy night", "wide " * 60, "ночь, 夜, \U0001f319"])
def test_the_bar_fits_any_window_and_leaves_room_for_the_notes(h: int, w: int, text: str) -> None:
    caret_columns = []
    for cursor in (0, len(text) // 2, len(text)):
        panel = draw_bar(Line(text, cursor, is_ready=True), h, w)
        ph, pw = panel.alpha.shape[:2]
        assert panel.x >= 0
        assert panel.y >= 0
        assert panel.x + pw <= w
        assert panel.y + ph <= h
        inside = panel.colour[ph // 3 : ph * 2 // 3].astype(int)
        caret = np.argwhere(inside[..., 2] - inside[..., 0] > 100)  # the one thing that is not grey
        caret_columns.append(int(caret[:, 1].min()) if len(caret) else -1)
    assert min(caret_columns) > 0, "the caret is always in sight"
    assert caret_columns == sorted(caret_columns)
