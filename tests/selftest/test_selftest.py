"""The self-test: green on a real display, and each check red for a fault that was put there."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from reskin.cli_desktop import tell
from reskin.demo.marker_game import QUADRANTS_BGR
from reskin.doctor_row import Choice
from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.glass_meter import GlassReport
from reskin.marker import draw_marker
from reskin.platforms.base import CaptureState
from reskin.platforms.fake import FakeHotkeys
from reskin.platforms.window_info import WindowInfo
from reskin.redact import Redactor
from reskin.selftest import report
from reskin.selftest.checks import CHECKS, TITLE, shows_game, shows_overlay
from reskin.selftest.desk import Desk
from reskin.selftest.run import Check, Figures, Limits, Outcome, Session, run_checks
from reskin.status import Status

PLACE = Region(30, 20, 640, 360)


def game_picture(number: int) -> np.ndarray:
    picture = np.empty((360, 640, 4), np.uint8)
    for index, colour in enumerate(QUADRANTS_BGR):
        picture[index // 2 * 180 :, index % 2 * 320 :] = (*colour, 255)
    draw_marker(picture, number)
    return picture


@dataclass
class FakeDesk:
    """A desktop on which all goes well, but for `fault`. It is its own game, capture and overlay."""

    fault: str = ""
    name: str = "fake window"
    events: list[str] = field(default_factory=lambda: ["focus gained"])
    shown: np.ndarray | None = None  # what the overlay shows
    grabs: int = 0
    hotkeys: FakeHotkeys = field(default_factory=FakeHotkeys)
    state: CaptureState = CaptureState.ACTIVE

    def desk(self) -> Desk:
        return _Played(
            played=self, probe=self.probe, clock_resolution_s=lambda: 0.0156 if self.fault == "clock" else 1e-9,
            start_game=self.start_game, list_windows=self.list_windows, open_window=self.open_window,
            open_overlay=lambda capture: self, open_hotkeys=self.open_hotkeys, bindings=lambda: {"quit": "<f9>"},
            screen_pixels=self.screen_pixels, click=self.click, press=self.press,
            settle_s=0, wait_s=0.05, soon_s=0.15, count_s=0.1,
        )  # fmt: skip

    def probe(self) -> list[Choice]:
        overlay = Choice(part="overlay", chosen="none" if self.fault == "no overlay" else "fake", why="nothing there")
        return [overlay, Choice(part="prompt bar", chosen="none", why="not built for Windows yet")]

    @contextlib.contextmanager
    def start_game(self, title: str, size_px: tuple[int, int]) -> Iterator[FakeDesk]:
        if self.fault == "game dies":
            raise OSError("it does not start")
        yield self

    def has_come(self, event: str, limit_s: float) -> bool:
        return event in self.events and self.fault != "not in front"

    def list_windows(self) -> list[WindowInfo]:
        obstacle = "it runs as administrator" if self.fault == "elevated" else ""
        window = WindowInfo(id=7, title=TITLE, wm_class="", pid=1, region=PLACE, minimised=False, obstacle=obstacle)
        return [] if self.fault == "no window" else [window]

    def open_window(self, query: str) -> FakeDesk:
        if self.fault == "cannot capture":
            raise CaptureError("capturing: no way works here. Update Windows.")
        return self

    def locate(self) -> Region | None:
        return PLACE

    def grab(self) -> Frame | None:
        self.grabs += 1
        if self.fault == "no picture":
            return None
        picture = game_picture(0 if self.fault == "frozen" else self.grabs)
        if self.fault == "black":
            picture[:] = 0
        if self.fault == "wrong window":
            picture[:, :, 0] = 255
        if self.fault == "films itself" and self.shown is not None:
            picture = self.shown
        return Frame(self.grabs, time.monotonic_ns() + 1_000_000_000, picture)

    def show(self, frame: Frame, region: Region) -> None:
        if self.fault != "overlay below":
            self.shown = frame.bgra_u8.copy()

    def hide(self) -> None:
        if self.fault != "overlay stays":
            self.shown = None

    def close(self) -> None:
        self.shown = None

    def screen_pixels(self, region: Region) -> np.ndarray:
        if self.fault == "screen not to be looked at":
            return np.zeros((region.h, region.w, 3), np.uint8)
        return (game_picture(0) if self.shown is None else self.shown)[..., :3]

    def click(self, x: int, y: int) -> None:
        if self.fault != "click eaten":
            self.events.append(f"click {x - PLACE.x} {y - PLACE.y}")
        if self.fault == "focus taken":
            self.events.append("focus lost")

    def open_hotkeys(self, bindings: Mapping[str, str]) -> FakeHotkeys:
        self.hotkeys = FakeHotkeys()
        if self.fault == "key taken" and "quit" in bindings:
            self.hotkeys.notes = ("Keys that other programs have: quit (<f9>)",)  # type: ignore[attr-defined]
        return self.hotkeys

    def press(self, pressed: bool) -> None:
        if self.fault == "deaf" or (self.fault == "never let go" and not pressed):
            return
        (self.hotkeys.press if pressed else self.hotkeys.release)("compare")


@dataclass(kw_only=True)
class _Played(Desk):
    played: FakeDesk

    def play(self, window: int, seconds: float) -> tuple[Status, np.ndarray | None]:
        fault = self.played.fault
        status = Status(ticks=120, missed=60 if fault == "late" else 0, engine_name="fake")
        status.measured_until_ns = 5_000_000_000
        old_ms = 400.0 if fault == "old" else 50.0
        if fault != "unwatched":
            status.glass = GlassReport(count=100, p50_ms=old_ms, p95_ms=old_ms, p99_ms=old_ms, unread_share=0)
        status.latency_ms.add(40)
        if fault in ("no skin", "crawls"):
            return Status(engine_name="" if fault == "no skin" else "fake"), None
        return status, game_picture(0)[..., :3]


def run(fault: str) -> tuple[dict[str, Outcome], dict[str, np.ndarray]]:
    outcomes, pictures = run_checks(CHECKS, FakeDesk(fault).desk(), Limits(), lambda name, outcome: None)
    return {outcome.name: outcome for outcome in outcomes}, pictures


def test_without_a_fault_every_check_is_green_and_leaves_its_picture() -> None:
    outcomes, pictures = run("")
    assert {name: outcome.state for name, outcome in outcomes.items()} == dict.fromkeys(
        [check.name for check in CHECKS], "ok"
    )
    assert outcomes["parts"].text == "overlay by fake"  # the prompt bar, which is not there, is only named in figures
    assert list(pictures) == ["captured", "overlay", "reskinned"]
    assert shows_game(pictures["captured"])
    assert shows_overlay(pictures["overlay"])


@pytest.mark.parametrize(
    ("fault", "check", "text"),
    [
        ("no overlay", "parts", "nothing here can do the overlay: nothing there"),
        ("clock", "parts", "clock ticks every 16 ms"), ("no window", "test game", "did not appear"),
        ("game dies", "test game", "OSError: it does not start"), ("elevated", "test game", "runs as administrator"),
        ("not in front", "test game", "did not come to the front"), ("cannot capture", "capture", "no way works here"),
        ("no picture", "capture", "gave no picture"), ("black", "capture", "is black"),
        ("wrong window", "capture", "is not the test window"), ("frozen", "capture", "only 10 new pictures a second"),
        ("overlay below", "overlay", "not to be seen"), ("overlay stays", "overlay", "does not go away"),
        ("films itself", "self-capture", "captured is the overlay"), ("click eaten", "click-through", "did not reach"),
        ("focus taken", "click-through", "took the keyboard"), ("deaf", "hotkeys", "went down, and Reskin did not"),
        ("never let go", "hotkeys", "was let go, and Reskin did not"), ("key taken", "your keys", "quit (<f9>)"),
        ("late", "pacing", "50% of the ticks were missed"), ("no skin", "pacing", "no reskinned picture"),
        ("crawls", "pacing", "too slowly for a single picture"),
        ("old", "latency", "at most 400 ms, from drawn to seen"),
    ],
)  # fmt: skip
def test_each_fault_turns_its_check_red_and_says_what_to_do(fault: str, check: str, text: str) -> None:
    outcomes, _ = run(fault)
    failed = [outcome for outcome in outcomes.values() if outcome.state == "failed"]
    assert [outcome.name for outcome in failed] == [check]
    assert text in failed[0].text
    assert failed[0].do


def test_what_a_wayland_session_does_not_show_is_called_that_and_not_another_programs_overlay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for session in ("", "wayland-0"):
        monkeypatch.setenv("WAYLAND_DISPLAY", session)
        found.append(run("screen not to be looked at")[0]["overlay"])
    assert [outcome.state for outcome in found] == ["failed", "failed"]
    assert ["Wayland" in outcome.text for outcome in found] == [False, True]


def test_what_needs_a_check_that_failed_is_skipped_with_the_reason() -> None:
    outcomes, _ = run("no window")
    assert outcomes["capture"].state == "skipped"
    assert outcomes["capture"].text == "it needs test game"
    assert outcomes["hotkeys"].state == "skipped"  # its key would go to whatever is in front


def test_where_the_screen_cannot_be_watched_the_loops_own_latency_counts() -> None:
    outcomes, _ = run("unwatched")
    assert outcomes["latency"].figures["measured"] == "from grabbed to shown"


def test_the_report_is_plain_json_with_a_picture_and_nothing_private(tmp_path: Path) -> None:
    outcomes, pictures = run_checks(CHECKS, FakeDesk("late").desk(), Limits(), lambda name, outcome: None)
    told, picture = report.write(tmp_path / "new", outcomes, pictures)
    found = json.loads(told.read_text())
    assert found["ok"] is False
    assert {check["name"]: check["state"] for check in found["checks"]}["pacing"] == "failed"
    assert picture is not None
    assert picture.stat().st_size > 1000


def test_the_report_holds_no_home_no_names_and_no_titles_whatever_an_error_says(tmp_path: Path) -> None:
    error = CaptureError(f'opening {Path.home() / "x.dll"} for ada: the window "Letter to my doctor" is protected')

    def refuse(session: Session) -> tuple[str, Figures]:
        raise error

    outcomes, _ = run_checks([Check("capture", (), refuse)], FakeDesk().desk(), Limits(), lambda name, outcome: None)
    outcomes.append(Outcome(name="pacing", state="ok", text="fine", figures={"engine": "ada's", "fps": 24.0}))
    found = report.contents(outcomes, Redactor(users=("ada",), machine=""))
    capture, pacing = found["checks"]
    assert capture["text"] == "opening ~/x.dll for <user>: the window (a title) is protected"
    assert pacing["figures"] == {"engine": "<user>'s", "fps": 24.0}
    told, _ = report.write(tmp_path, outcomes, {})
    assert str(Path.home()) + "/" not in told.read_text()
    assert "Letter" not in told.read_text()


def test_the_lines_say_what_failed_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    tell("capture", None)
    tell("capture", Outcome(name="capture", state="failed", text="it is black", do="update the driver"))
    assert capsys.readouterr().out.split("\n") == [
        "capture        ... FAILED  it is black", "                   what to do: update the driver", "",
    ]  # fmt: skip


def test_on_a_real_display_all_is_green(display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a quick tint as the engine, and no demand on a busy machine's speed."""
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    told: list[str] = []
    limits = Limits(game_fps=2, fps=0.1, missed_share=1.0, latency_ms=60_000, play_s=1.5)
    desk = Desk(engine="tests.loop.stand_ins:quick", soon_s=10, wait_s=40)
    outcomes, pictures = run_checks(CHECKS, desk, limits, lambda name, outcome: told.append(name))
    assert {outcome.name: (outcome.state, outcome.text) for outcome in outcomes if outcome.state != "ok"} == {}
    assert told == [check.name for check in CHECKS for _ in range(2)]
    assert shows_game(pictures["captured"])
    assert shows_overlay(pictures["overlay"])
    assert not shows_game(pictures["reskinned"])
    _, picture = report.write(tmp_path, outcomes, pictures)
    assert picture is not None
