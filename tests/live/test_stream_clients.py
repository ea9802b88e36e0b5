"""The stream in the programs that show it: Debian's Chromium and OBS. tools/bench_stream.py says how fast.

Bounds of time are wide here, for tests run beside others; a queue of old pictures, or a page that does not come back,
would not pass them.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reskin.app import RunOptions, run
from reskin.settings import Settings
from tests.games import QUADRANTS_BGR, Game
from tests.platforms.looking import eventually, quadrants, screen_pixels
from tools.bench_stream import watch_in_chromium
from tools.stream_clients import Feeder, chromium, feeder, obs
from tools.stream_feeder import age_ms

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SMALL = (640, 360)
LIMIT_S = 40
OLD_MS = 5000
DARK = 8  # of 255
SETTINGS = Settings.model_validate({"overlay": {"note_s": 0}, "stream": {"port": 0}})
HAS_NO_SIDEWAYS_SCROLL = "document.documentElement.scrollWidth <= window.innerWidth"

with_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="Debian's Chromium is not installed: apt-get install chromium"
)
with_obs = pytest.mark.skipif(
    shutil.which("obs") is None, reason="Debian's OBS is not installed: apt-get install obs-studio"
)


@pytest.fixture(scope="module")
def stream() -> Iterator[Feeder]:
    with feeder(SMALL) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@with_chromium
def test_chromium_draws_the_newest_pictures_and_skips_only_what_is_counted(stream: Feeder, browser: Browser) -> None:
    drawn = watch_in_chromium(browser, stream, 2, least=10)
    assert len(drawn.numbers) >= 10
    assert drawn.numbers == sorted(set(drawn.numbers))
    assert drawn.skipped <= drawn.counted
    assert drawn.unread == 0
    assert np.median(drawn.ages_ms) < OLD_MS


@with_chromium
def test_the_page_is_black_while_the_server_is_away_and_comes_back_by_itself(stream: Feeder, browser: Browser) -> None:
    def levels() -> float:
        pixels = page.evaluate(
            "() => { const canvas = document.getElementById('screen');"
            "return [...canvas.getContext('2d').getImageData(0, canvas.height / 2, canvas.width, 1).data]"
            ".filter((level, index) => index % 4 !== 3) }"
        )
        page.wait_for_timeout(50)
        return float(np.mean(pixels))

    page = browser.new_page(viewport={"width": SMALL[0], "height": SMALL[1]})
    page.goto(stream.links.page)
    eventually(lambda: levels() > DARK, LIMIT_S)
    size = page.evaluate("[document.getElementById('screen').width, window.innerWidth, document.body.scrollHeight]")
    assert size == [SMALL[0], SMALL[0], page.evaluate("window.innerHeight")]
    assert page.evaluate(HAS_NO_SIDEWAYS_SCROLL)
    stream.kill()
    eventually(lambda: levels() < DARK, LIMIT_S)
    stream.start()
    eventually(lambda: levels() > DARK, LIMIT_S)
    page.close()


@with_obs
def test_obs_shows_the_current_picture_also_after_our_server_was_killed(stream: Feeder) -> None:
    with obs(stream.links.mjpeg, SMALL) as client:

        def is_current() -> bool:
            marker = client.marker()
            return marker is not None and age_ms(marker) < OLD_MS

        eventually(is_current, LIMIT_S)
        stream.kill()
        time.sleep(1)
        away = client.marker()
        stream.start()
        eventually(lambda: is_current() and client.marker() != away, LIMIT_S)


def average(game: Game) -> np.ndarray:
    return screen_pixels(game.window.region).mean(axis=(0, 1))


@with_chromium
def test_a_click_on_a_theme_in_chromium_changes_the_overlay(
    game: Game, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    told: list[str] = []

    def play(page: Page) -> None:
        control = next(word for word in told[0].split() if "/control?" in word)
        page.goto(control)
        eventually(lambda: quadrants(screen_pixels(game.window.region)) != QUADRANTS_BGR, LIMIT_S)
        page.locator("[data-theme='frozen-north']").click()
        page.locator("[data-theme='frozen-north'][aria-pressed='true']").wait_for()
        before = average(game)
        page.locator("[data-theme='ember-wastes']").click()
        page.locator("[data-theme='ember-wastes'][aria-pressed='true']").wait_for()
        eventually(lambda: np.abs(average(game) - before).max() > 20, LIMIT_S)
        assert page.locator("#theme").inner_text() == "Ember Wastes"
        page.locator("#strength").fill("0.4")
        page.locator("[data-view='split']").click()
        page.locator("[data-view='split'][aria-pressed='true']").wait_for()
        assert page.locator("#strength-value").inner_text() == "40 %"
        page.locator("#prompt").fill("a pirate sea at sunset")
        page.locator("#prompt-go").click()
        eventually(lambda: page.locator("#theme").inner_text() != "Ember Wastes", LIMIT_S)
        page.locator("#overlay").click()
        eventually(lambda: quadrants(screen_pixels(game.window.region)) == QUADRANTS_BGR, LIMIT_S)
        page.locator("#overlay[aria-pressed='false']").wait_for()
        for size_px in ((1400, 860), (390, 844)):
            page.set_viewport_size({"width": size_px[0], "height": size_px[1]})
            assert page.evaluate(HAS_NO_SIDEWAYS_SCROLL), size_px

    options = RunOptions(
        window=str(game.window.id), theme="elden-dusk", engine="tests.loop.stand_ins:quick", obs=True, tell=told.append,
        settings=SETTINGS,
    )  # fmt: skip
    played_by(play, options, told)


def played_by(play: Callable[[Page], None], options: RunOptions, told: list[str]) -> None:
    """Reskin in this thread, Chromium and who clicks in it in another; what is found wrong there fails the test."""
    wrong: list[BaseException] = []

    def player() -> None:
        try:
            eventually(lambda: told, LIMIT_S)
            with chromium() as own:  # playwright's belongs to the thread that started it
                page = own.new_page()
                page.set_default_timeout(LIMIT_S * 1000)
                play(page)
        except BaseException as error:  # noqa: BLE001  raised again in the main thread
            wrong.append(error)

    thread = threading.Thread(target=player, daemon=True)
    thread.start()
    status = run(options, stop=lambda: not thread.is_alive())
    thread.join(LIMIT_S)
    if wrong:
        raise wrong[0]
    assert not thread.is_alive(), f"the run ended before its player had played: {status.ended_because!r}"
