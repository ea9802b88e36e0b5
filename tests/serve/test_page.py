"""The page of `reskin serve` in a real Chromium, a clip as its camera, against a real server with a cheap renderer.

Bounds of time are wide, for tests run beside others. tools/bench_page.py says how fast it is with a real engine.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import pytest

from reskin.serve.page import play_page
from reskin.video import VideoReader
from tests.platforms.looking import eventually
from tools.bench_page import PLACES, counts
from tools.page_clients import Served, camera_options, served, write_camera
from tools.stream_clients import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="Debian's Chromium is not installed: apt-get install chromium"
)

SIZE_PX = (320, 180)
LIMIT_S = 40
SMALLEST_TARGET_PX = 40  # for a finger
DESKTOP, PHONE, PHONE_ON_ITS_SIDE = (1440, 900), (390, 844), (844, 390)
MEAN = """
(id) => {
  const pen = Object.assign(document.createElement("canvas"), { width: 16, height: 9 }).getContext("2d");
  pen.drawImage(document.getElementById(id), 0, 0, 16, 9);
  const bytes = pen.getImageData(0, 0, 16, 9).data, sum = [0, 0, 0];
  for (let at = 0; at < bytes.length; at += 4) for (let of = 0; of < 3; of++) sum[of] += bytes[at + of] / 144;
  return sum;
}
"""
# What can be reached with the keyboard and seen, and the name that a screen reader says.
CONTROLS = """
() => [...document.querySelectorAll("button, input, select, summary, [tabindex]")]
  .filter((part) => !part.disabled && part.checkVisibility({ visibilityProperty: true }))
  .map((part) => ({
    id: part.id || part.className || part.tagName,
    name: part.getAttribute("aria-label") ?? (part.labels?.[0] ?? part).textContent.trim(),
    index: part.tabIndex, h: part.getBoundingClientRect().height, w: part.getBoundingClientRect().width,
  }))
"""
# Texts whose colour is too near that of what they stand on (WCAG 2: 4.5 to 1); those over a picture are left out.
FAINT = """
() => {
  const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, of) => sum + value * [0.2126, 0.7152, 0.0722][of], 0);
  const ground = (part) => {
    for (; part; part = part.parentElement) {
      const color = rgba(getComputedStyle(part).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
  };
  return [...document.querySelectorAll("p, h1, button, summary, dt, dd, label, output, figcaption span, select, input")]
    .filter((part) => part.checkVisibility({ visibilityProperty: true }) && !part.closest("#frame"))
    .filter((part) => (part.textContent || part.placeholder || "").trim())
    .map((part) => {
      const [one, other] = [light(rgba(getComputedStyle(part).color)), light(ground(part))].sort((a, b) => b - a);
      return [part.id || part.className || part.tagName, (one + 0.05) / (other + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
}
"""
NO_CAMERA = """
(name) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", name)); }
"""
HAS_NO_SIDEWAYS_SCROLL = "document.documentElement.scrollWidth <= window.innerWidth"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("tools/serve_tint.py", "--slots", "3") as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_camera(camera, SIZE_PX, 3, or_demo=True)
    with chromium(*camera_options(camera)) as running:
        yield running


Opener = Callable[[tuple[int, int]], "Page"]


@contextlib.contextmanager
def opener(browser: Browser) -> Iterator[Opener]:
    """Opens pages; all are closed at the end. What goes wrong in their scripts fails the test."""
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_one(size_px: tuple[int, int]) -> Page:
        context = browser.new_context(viewport={"width": size_px[0], "height": size_px[1]})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LIMIT_S * 1000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    with opener(browser) as opening:
        yield opening


@pytest.fixture(scope="module")
def playing(server: Served, browser: Browser) -> Iterator[Page]:
    """A page that plays its camera, for all tests that need only one; it holds one of the server's three slots."""
    with opener(browser) as opening:
        page = opening(DESKTOP)
        play(page, server.links["play"])
        until(page, "document.getElementById('skin').videoWidth > 0")
        yield page


def state(page: Page, name: str) -> None:
    """Waits for it."""
    page.wait_for_selector(f"body[data-state='{name}']")


def until(page: Page, says: str) -> None:
    """`Page.wait_for_function` evaluates texts, which our pages do not let."""
    eventually(lambda: page.evaluate(says), LIMIT_S)


def play(page: Page, link: str) -> None:
    page.goto(link)
    page.click("#camera")
    state(page, "live")


def mean(page: Page, video: str = "skin") -> np.ndarray:
    return np.array(page.evaluate(MEAN, video))


def differs(page: Page, from_: np.ndarray, least: float = 12) -> Callable[[], bool]:
    def has_changed() -> bool:
        page.wait_for_timeout(50)
        return bool(np.abs(mean(page) - from_).max() > least)

    return has_changed


def test_a_camera_is_painted_and_the_controls_change_the_received_picture(playing: Page) -> None:
    page = playing
    page.click("[data-theme='frozen-north']")
    page.locator("[data-theme='frozen-north'][aria-pressed='true']").wait_for()
    page.wait_for_timeout(500)
    before = mean(page)
    page.click("[data-theme='ember-wastes']")
    eventually(differs(page, before), LIMIT_S)
    assert page.inner_text("#theme") == "Ember Wastes"
    page.wait_for_timeout(500)
    before = mean(page)
    page.fill("#prompt", "a frozen white world of snow")
    page.click("#prompt-go")
    eventually(differs(page, before), LIMIT_S)
    assert page.locator(".card[aria-pressed='true']").count() == 0, "a prompt is none of the gallery"
    page.fill("#strength", "0.4")
    until(page, "document.getElementById('strength-value').textContent === '40 %'")
    eventually(lambda: page.inner_text("#head-fps").endswith("fps") and page.inner_text("#head-latency") != "", LIMIT_S)
    assert page.inner_text("#state") == "live"


def test_the_bench_finds_every_place_that_a_frame_comes_by(server: Served, playing: Page) -> None:
    before = counts(playing, server)
    assert before.keys() == {name for name, _, _ in PLACES}
    for name in ("source gives", "session gets", "server encodes", "video element gets"):
        eventually(lambda name=name: counts(playing, server)[name] > before[name], LIMIT_S)


def test_a_shared_screen_is_painted_and_never_mirrored(server: Served, open_page: Opener) -> None:
    page = open_page(DESKTOP)
    page.goto(server.links["play"])
    page.click("#share")
    state(page, "live")
    assert page.evaluate("document.activeElement.id") == "frame", "the button that had the focus is gone"
    until(page, "document.getElementById('skin').videoWidth > 0")
    assert not page.is_visible("#mirror")
    assert not page.is_visible("#flip")
    assert page.eval_on_selector("#frame", "frame => !frame.classList.contains('is-mirrored')")


def test_a_recording_is_a_video_of_the_painted_picture(playing: Page, tmp_path: Path) -> None:
    page = playing
    page.click("#record")
    until(page, "document.getElementById('recording').textContent.includes('0:02')")
    with page.expect_download() as download:
        page.click("#record")
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    with VideoReader(target) as reader:
        assert sum(1 for _ in reader) >= 10
    assert target.name in page.inner_text("#note")


def test_a_watcher_sees_the_player_also_one_who_comes_back_and_can_change_nothing(
    server: Served, playing: Page, open_page: Opener
) -> None:
    watcher = open_page(PHONE)
    watcher.goto(server.links["watch"])
    state(watcher, "live")
    until(watcher, "document.getElementById('skin').videoWidth > 0")
    for hidden in ("#gallery", "#prompt", "#strength", "#sources", "#hold", "#stop"):
        assert not watcher.is_visible(hidden), hidden
    watcher.evaluate("link.send({ do: 'theme', id: 'candy' })")
    until(watcher, "document.getElementById('note').textContent.includes('watch')")
    playing.click("#stop")
    state(playing, "idle")
    state(watcher, "watch-wait")
    playing.click("#camera")
    state(playing, "live")
    state(watcher, "live")


def test_it_comes_back_by_itself_with_its_theme_when_the_server_was_killed(server: Served, playing: Page) -> None:
    page = playing
    page.click("[data-theme='noir-ink']")
    page.wait_for_timeout(200)
    session = page.evaluate("link.session")
    page.evaluate("link.lose()")  # as when nothing was heard for a while
    until(page, "link.isLive")
    assert page.evaluate("[link.session, link.isResumed]") == [session, True]
    server.kill()
    state(page, "lost")
    until(page, "document.getElementById('frame').classList.contains('is-original')")  # untouched meanwhile
    server.start()
    state(page, "live")
    until(page, "!document.getElementById('frame').classList.contains('is-original')")
    assert page.inner_text("#theme") == "Noir Ink"
    page.locator("[data-theme='noir-ink'][aria-pressed='true']").wait_for()


def test_who_finds_every_place_taken_waits_in_the_queue_and_comes_in(
    server: Served, playing: Page, open_page: Opener
) -> None:
    state(playing, "live")
    first, second, third = (open_page(PHONE) for _ in range(3))
    for player in (first, second):
        play(player, server.links["play"])
    third.goto(server.links["play"])
    third.click("#camera")
    state(third, "queued")
    assert "next" in third.inner_text("#notice-title")
    first.click("#stop")
    state(first, "idle")
    third.evaluate("dispatchEvent(new Event('online'))")  # it asks at once, and not in 5 s
    state(third, "live")


def test_every_refusal_is_said_in_words(server: Served, open_page: Opener) -> None:
    page = open_page(PHONE)
    base = server.links["play"].split("#")[0]
    page.goto(base)
    state(page, "no-link")
    page.goto(f"{base}#token=a.b.c")  # the same document: the page hears of it
    page.click("#camera")
    state(page, "expired")
    assert "new one" in page.inner_text("#notice-text")
    page.evaluate(NO_CAMERA, "NotAllowedError")
    page.goto(server.links["play"])
    state(page, "idle")
    page.click("#camera")
    state(page, "trouble")
    assert "not allowed" in page.inner_text("#notice-title")
    page.evaluate(NO_CAMERA, "NotFoundError")
    page.click("#camera")
    until(page, "document.getElementById('notice-title').textContent.includes('No camera')")


def test_everything_has_a_name_an_order_and_room(playing: Page) -> None:
    page = playing
    page.eval_on_selector("#figures", "details => { details.open = true; }")
    page.evaluate("note('So it is.')")
    assert page.evaluate(FAINT) == []
    for size_px in (DESKTOP, PHONE, PHONE_ON_ITS_SIDE):
        page.set_viewport_size({"width": size_px[0], "height": size_px[1]})
        assert page.evaluate(HAS_NO_SIDEWAYS_SCROLL)
        controls = page.evaluate(CONTROLS)
        ids = [control["id"] for control in controls]
        assert {"hold", "split", "record", "full", "stop", "prompt", "strength", "lines", "view"} <= set(ids)
        assert [control["id"] for control in controls if not control["name"]] == []
        assert [control["id"] for control in controls if control["index"] != 0] == []
        if size_px != DESKTOP:
            assert [c for c in controls if min(c["h"], c["w"]) < SMALLEST_TARGET_PX] == []
        page.focus("#frame")
        order = ["frame"]
        for _ in range(len(controls) - 1):
            page.keyboard.press("Tab")
            order.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        wanted = ["frame", "hold", "stop", "prompt", "strength", "card", "SUMMARY", "lines"]
        places = [order.index(name) if name in order else order.index("") for name in wanted]
        assert places == sorted(places), order


def test_the_page_loads_nothing_from_elsewhere_and_nobody_may_frame_it() -> None:
    page = play_page()
    for said in ("default-src 'none'", "frame-ancestors 'none'", "script-src 'sha256-", "connect-src 'self'"):
        assert said in page.policy
    assert "unsafe" not in page.policy
    assert "/*s" not in page.html, "style and script are in"
    assert not any(urlsplit(word).netloc for word in page.html.replace('"', " ").split() if word.startswith("http"))
