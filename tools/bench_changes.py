"""What theme changes cost: one run without any, one in which the player changes the look every few seconds.

The changes go round: the next theme, a prompt typed into the prompt bar letter by letter, the theme before, each faded.
On the demo real keys are pressed by xdotool, from a process of its own; with the fake game they come from fakes. Knows
nothing of how a run is measured: `tools/bench.py` plays and counts both.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from rich.table import Table

from reskin.line_editor import History, history_path
from reskin.platforms.base import EditKey, InputState
from reskin.platforms.fake import FakeHotkeys, FakeTextInput
from reskin.prompt_bar import PromptBar
from reskin.settings import Settings

PROMPTS = (
    "a warm autumn afternoon in an old harbour", "a snowy night under green aurora", "toxic swamp, heavy fog",
    "candy kingdom at noon", "ash and embers, the end of the world", "a calm lake in the early morning",
)  # fmt: skip
KEY_S = 0.08  # between two letters: a quick typist
OPEN_S = 0.5  # until the bar has opened, where nobody can be asked
OPEN_LIMIT_S = 5.0  # the same where the keyboard can be asked


@dataclass
class Hands:
    """Where keys go."""

    hotkey: Callable[[str], None]  # one of "next_theme", "previous_theme", "prompt"
    write: Callable[[str], None]
    enter: Callable[[], None]
    wait_for_bar: Callable[[], None] = lambda: time.sleep(OPEN_S)


@dataclass
class Player:
    """Plays in a thread of its own from `start` to `stop`; `count` says what was pressed."""

    hands: Hands
    every_s: float
    count: dict[str, int] = field(default_factory=lambda: {"themes": 0, "prompts": 0})

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def _play(self) -> None:
        turn = 0
        while not self._stopped.wait(self.every_s):
            if turn % 3 == 1:
                self._prompt(PROMPTS[turn // 3 % len(PROMPTS)])
            else:
                self.hands.hotkey("next_theme" if turn % 3 == 0 else "previous_theme")
                self.count["themes"] += 1
            turn += 1

    def _prompt(self, prompt: str) -> None:
        self.hands.hotkey("prompt")
        self.hands.wait_for_bar()
        self.count["prompts"] += 1
        self.hands.write(f"{prompt} {self.count['prompts']}")  # the history keeps each once: so it counts them
        self.hands.enter()


def fake_hands(keys: FakeHotkeys, keyboard: FakeTextInput) -> Hands:
    def write(text: str) -> None:
        for letter in text:
            keyboard.type(letter)
            time.sleep(KEY_S)

    def wait_for_bar() -> None:
        end_s = time.monotonic() + OPEN_LIMIT_S
        while keyboard.state is not InputState.ACTIVE and time.monotonic() < end_s:
            time.sleep(0.005)

    return Hands(
        hotkey=keys.tap, write=write, enter=lambda: keyboard.type(EditKey.ENTER), wait_for_bar=wait_for_bar
    )  # fmt: skip


def real_hands(chords: dict[str, str]) -> Hands:
    """On $DISPLAY as it is when a key is pressed. Chords as in the settings: "<ctrl>+<alt>+n"."""
    if shutil.which("xdotool") is None:
        raise RuntimeError("pressing keys: there is no xdotool; `apt-get install xdotool`, or use --game fake")

    def press(*arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], check=False, timeout=30)

    return Hands(
        hotkey=lambda action: press("key", chords[action].replace("<", "").replace(">", "")),
        write=lambda text: press("type", "--delay", str(round(KEY_S * 1000)), text),
        enter=lambda: press("key", "Return"),
    )


def compare(still: dict[str, object], changed: dict[str, object], count: dict[str, int]) -> Table:
    """The two runs side by side."""
    did = ", ".join(f"{number} {name}" for name, number in count.items())
    title = f"{changed['game']} {changed['size']}, {changed['engine']}: {did}"
    shown = Table(title=title)
    for heading in ("", "without changes", "with changes"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for name in ("ticks", "missed", "missed_share", "fps", "lateness_p95_ms", "lateness_worst_ms", "stolen_share"):
        shown.add_row(name, str(still[name]), str(changed[name]))
    return shown


Play = Callable[[Callable[[], None], FakeHotkeys | None, PromptBar | None], dict[str, object]]


def play_twice(
    play: Play, every_s: float, settings: Settings, *, fake: bool
) -> tuple[dict[str, object], dict[str, object], dict[str, int]]:
    """The figures of a run without and of one with changes, and how many of each there were.

    `play` runs once: it calls its first argument when the warm-up is over, and takes the fakes if there are any.
    """
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(1) as loader, _variable("RESKIN_HOME", home):
        still = play(lambda: None, None, None)
        if not fake:
            player = Player(real_hands(settings.hotkeys.chords()), every_s)
            changed = _played(player, lambda: play(player.start, None, None))
        else:
            keys, keyboard = FakeHotkeys(), FakeTextInput()
            player = Player(fake_hands(keys, keyboard), every_s)
            bar = PromptBar(keyboard, loader, History(history_path()))
            try:
                changed = _played(player, lambda: play(player.start, keys, bar))
            finally:
                bar.close()
        applied = len(History(history_path()).lines)
    return still, changed, {**player.count, "prompts taken in": applied}


def _played(player: Player, run: Callable[[], dict[str, object]]) -> dict[str, object]:
    try:
        return run()
    finally:
        player.stop()


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
