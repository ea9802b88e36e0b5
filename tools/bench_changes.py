"""What theme changes cost: runs without any beside runs in which the player changes the look every few seconds.

They are played in pairs, now the one and now the other first, since a host that takes cores away makes two runs of the
same kind differ by more than a change costs. Of the pairs' differences the mean is told with its standard error, and
whether it can be told from none (Student's t, 95 %). Beside them stands how many ticks were missed while a change was
made and in the second after it, and how many elsewhere, each by the second: a stall of the host lies anywhere.

The changes go round: the next theme, a prompt typed into the prompt bar letter by letter, the theme before, each faded.
On the demo real keys are pressed by xdotool, from a process of its own; with the fake game they come from fakes. Knows
nothing of how a run is measured: `tools/bench.py` plays and counts both.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from rich.table import Table

from reskin.line_editor import History, history_path
from reskin.platforms.base import EditKey, InputState
from reskin.platforms.fake import FakeHotkeys, FakeTextInput
from reskin.prompt_bar import PromptBar
from reskin.settings import Settings
from tools.bench_misses import Share, Span, near_and_elsewhere

PROMPTS = (
    "a warm autumn afternoon in an old harbour", "a snowy night under green aurora", "toxic swamp, heavy fog",
    "candy kingdom at noon", "ash and embers, the end of the world", "a calm lake in the early morning",
)  # fmt: skip
COMPARED = ("ticks", "missed", "missed_share", "fps", "lateness_p95_ms", "lateness_worst_ms", "stolen_share")
# Student's t for 95 %, both sides, by degrees of freedom from 1; beyond the last it is hardly less.
T_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
Figures = dict[str, object]  # of one run, as tools/bench.py tells them
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
    """Plays in a thread of its own from `start` to `stop`; `count` says what was pressed, `spans_ns` when."""

    hands: Hands
    every_s: float
    count: dict[str, int] = field(default_factory=lambda: {"themes": 0, "prompts": 0})
    spans_ns: list[Span] = field(default_factory=list)  # a prompt's from the opening of its bar to Enter

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
            began_ns = time.monotonic_ns()
            if turn % 3 == 1:
                self._prompt(PROMPTS[turn // 3 % len(PROMPTS)])
            else:
                self.hands.hotkey("next_theme" if turn % 3 == 0 else "previous_theme")
                self.count["themes"] += 1
            self.spans_ns.append((began_ns, time.monotonic_ns()))
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


@dataclass(frozen=True, kw_only=True)
class Difference:
    """With changes less without, over pairs of runs."""

    mean: float
    error: float  # standard error of the mean
    count: int

    @staticmethod
    def of(pairs: Sequence[tuple[float, float]]) -> Difference:
        """Of (without, with), two pairs or more."""
        apart = [changed - still for still, changed in pairs]
        error = statistics.stdev(apart) / math.sqrt(len(apart))
        return Difference(mean=statistics.fmean(apart), error=error, count=len(apart))

    @property
    def is_told(self) -> bool:
        """Whether none at all lies outside the mean's 95 % interval."""
        return abs(self.mean) > T_95[min(self.count - 1, len(T_95)) - 1] * self.error


def verdict(missed_share: Difference) -> str:
    """Of the share of ticks missed, in points of a percent."""
    if not missed_share.is_told:
        return "no difference can be told"
    points = f"{100 * abs(missed_share.mean):.2f} points"
    return f"costs {points}" if missed_share.mean > 0 else f"with changes {points} fewer are missed"


def differences(runs: Sequence[tuple[Figures, Figures]]) -> dict[str, Difference]:
    """By the name of a figure."""
    return {name: Difference.of([(number(still, name), number(changed, name)) for still, changed in runs])
            for name in COMPARED}  # fmt: skip


def where(runs: Sequence[tuple[Figures, Figures]]) -> str:
    """Ticks missed a second: near the changes of all runs, elsewhere in these, and in the runs without."""
    near, elsewhere, without = (
        sum((_share(pair[kind], part) for pair in runs), Share())
        for kind, part in ((1, "near"), (1, "elsewhere"), (0, "elsewhere"))
    )
    return f"{near} within a second of a change, {elsewhere} elsewhere; without changes {without}"


def _share(figures: Figures, part: str) -> Share:
    found = figures[part]
    assert isinstance(found, dict), f"{part} is {found!r}"
    return Share(**found)


def number(figures: Figures, name: str) -> float:
    value = figures[name]
    assert isinstance(value, int | float), f"{name} is {value!r}"
    return float(value)


def compare(runs: Sequence[tuple[Figures, Figures]], count: dict[str, int]) -> Table:
    """The means of both kinds of run side by side."""
    _, changed = runs[0]
    did = ", ".join(f"{times} {name}" for name, times in count.items())
    shown = Table(title=f"{changed['game']} {changed['size']}, {changed['engine']}, {len(runs)} runs of each: {did}")
    for heading in ("mean of a run", "without changes", "with changes", "difference", "standard error"):
        shown.add_column(heading, justify="left" if heading == "mean of a run" else "right")
    for name, apart in differences(runs).items():
        without, with_them = (statistics.fmean(number(pair[kind], name) for pair in runs) for kind in (0, 1))
        shown.add_row(name, f"{without:.4g}", f"{with_them:.4g}", f"{apart.mean:+.4g}", f"{apart.error:.4g}")
    return shown


@dataclass(kw_only=True)
class Played:
    """A run's figures, and when it missed ticks, in the time that they are of."""

    figures: Figures
    missed_ns: list[int]
    measured: Span

    def with_places(self, changes: Sequence[Span]) -> Figures:
        near, elsewhere = near_and_elsewhere(self.missed_ns, changes, self.measured)
        return {**self.figures, "near": asdict(near), "elsewhere": asdict(elsewhere)}


Play = Callable[[Callable[[], None], FakeHotkeys | None, PromptBar | None], Played]


def play_pairs(
    play: Play, pairs: int, every_s: float, settings: Settings, *, fake: bool
) -> tuple[list[tuple[Figures, Figures]], dict[str, int]]:
    """The figures of each pair's run without and with changes, and how many changes of each kind there were in all.

    The first pair begins without, the second with, and so on. `play` runs once: it calls its first argument when the
    warm-up is over, and takes the fakes if there are any.
    """
    runs: list[tuple[Figures, Figures]] = []
    count: Counter[str] = Counter()
    for turn in range(pairs):
        found: dict[bool, Figures] = {}
        for has_changes in (False, True) if turn % 2 == 0 else (True, False):
            with tempfile.TemporaryDirectory() as home, _variable("RESKIN_HOME", home):
                if has_changes:
                    found[True], did = _play_changed(play, every_s, settings, fake=fake)
                    count.update(did)
                else:
                    found[False] = play(lambda: None, None, None).with_places([])
        runs.append((found[False], found[True]))
    return runs, dict(count)


def _play_changed(play: Play, every_s: float, settings: Settings, *, fake: bool) -> tuple[Figures, dict[str, int]]:
    """One run, and what was changed in it."""
    if not fake:
        player = Player(real_hands(settings.hotkeys.chords()), every_s)
        changed = _played(player, lambda: play(player.start, None, None))
    else:
        with ThreadPoolExecutor(1) as loader:
            keys, keyboard = FakeHotkeys(), FakeTextInput()
            player = Player(fake_hands(keys, keyboard), every_s)
            bar = PromptBar(keyboard, loader, History(history_path()))
            try:
                changed = _played(player, lambda: play(player.start, keys, bar))
            finally:
                bar.close()
    taken_in = len(History(history_path()).lines)
    return changed.with_places(player.spans_ns), {**player.count, "prompts taken in": taken_in}


def _played(player: Player, run: Callable[[], Played]) -> Played:
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
