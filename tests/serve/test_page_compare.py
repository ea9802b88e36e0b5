"""Game and skin on the page of `reskin serve`: they fade into each other, and change places at most once a second.

The real page in a real Chromium, a white canvas as the game and a black one as the skin; no server and no camera.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from reskin.serve.page import play_page
from tests.platforms.looking import eventually
from tools.stream_clients import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="Debian's Chromium is not installed: apt-get install chromium"
)

ADDRESS = "http://127.0.0.1/"
LIMIT_S = 20
HOLD_OFF_MS = 1000
EARLY_MS = 20  # a timer of Chromium may go off so much before its time
FADE_MS = 250
FRAME_MS = 17
PICTURES = """
() => {
  const video = (id, color) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const pen = canvas.getContext("2d");
    setInterval(() => { pen.fillStyle = color; pen.fillRect(0, 0, 320, 180); }, 40);
    Object.assign(part(id), { srcObject: canvas.captureStream() }).play();
  };
  video("skin", "#000");
  video("original", "#fff");
  part("frame").classList.add("has-picture");
  part("bar").hidden = false;
  show({ pill: "live", kind: "on" }, "live");
}
"""
# What is seen left and right of the middle at every frame of the browser, while `act` is done every 25 ms.
WATCHED = """
([act, times, afterMs]) => new Promise((resolve) => {
  const original = part("original"), seen = [], began = performance.now();
  const look = () => {
    const style = getComputedStyle(original), left = Number(style.opacity);
    seen.push([performance.now() - began, left, left * Number(style.getPropertyValue("--rest"))]);
    if (performance.now() - began < times * 25 + afterMs) requestAnimationFrame(look);
    else resolve(seen);
  };
  const hold = (type) => part("hold").dispatchEvent(new KeyboardEvent(type, { key: " " }));
  const acts = { hold: (at) => hold(at % 2 ? "keyup" : "keydown"), split: () => part("split").click() };
  let at = 0;
  const timer = setInterval(() => (at < times ? acts[act](at++) : clearInterval(timer)), 25);
  look();
})
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    document = play_page()

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(
                body=document.html, content_type="text/html", headers={"content-security-policy": document.policy}
            )
        else:
            route.fulfill(status=404)

    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.evaluate(PICTURES)
        until(page, "part('skin').readyState > 2 && part('original').readyState > 2")
        yield page


@pytest.fixture(params=["no-preference", "reduce"])
def calm(page: Page, request: pytest.FixtureRequest) -> Page:
    """Showing the skin for more than a second, with and without the wish for less motion."""
    page.emulate_media(reduced_motion=request.param)
    page.evaluate("compare.reset()")
    page.wait_for_timeout(HOLD_OFF_MS)
    until(page, "compare.view === 'skin' && getComputedStyle(part('original')).opacity === '0'")
    page.wait_for_timeout(HOLD_OFF_MS)
    return page


def until(page: Page, says: str) -> None:
    """`Page.wait_for_function` evaluates texts, which our pages do not let."""
    eventually(lambda: page.evaluate(says), LIMIT_S)


def watched(page: Page, act: str, times: int, after_ms: int = 1500) -> np.ndarray:
    """(n, 3): time in ms, how much of the original is seen left and right of the divider."""
    return np.array(page.evaluate(WATCHED, [act, times, after_ms]))


def switches_ms(seen: np.ndarray) -> list[float]:
    """When the share of one side began to move, or turned."""
    times, shares = seen[:, 0], seen[:, 1]
    ways = np.sign(np.diff(shares))
    return [float(times[i]) for i in range(1, len(ways)) if ways[i] != 0 and ways[i] != ways[i - 1]]


def sides(page: Page) -> tuple[Any, Any]:
    """Brightness on the screen left and right of the middle, 0..255."""
    frame = page.locator("#frame").bounding_box()
    assert frame is not None
    picture = np.array(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    y = round(frame["y"] + 0.3 * frame["height"])
    left, right = (picture[y, round(frame["x"] + share * frame["width"])] for share in (0.25, 0.75))
    return left, right


def test_a_hold_hammered_twenty_times_a_second_switches_once_a_second_and_fades(calm: Page) -> None:
    seen = watched(calm, "hold", 160)
    began = switches_ms(seen)
    assert 2 <= len(began) <= 1 + seen[-1, 0] / HOLD_OFF_MS, "a busy machine hammers for more than its four seconds"
    assert all(later - before >= HOLD_OFF_MS - EARLY_MS - 2 * FRAME_MS for before, later in pairwise(began))
    assert np.abs(np.diff(seen[:, 1:], axis=0)).max() < 0.9, "no cut"
    for at_ms in began:
        fading = seen[(seen[:, 0] > at_ms) & (seen[:, 0] < at_ms + FADE_MS + FRAME_MS)]
        assert ((fading[:, 1] > 0) & (fading[:, 1] < 1)).sum() >= 3
    assert seen[-1, 1] == 0, "the last wish wins: it is let go"


def test_split_fades_each_side_by_itself(calm: Page) -> None:
    seen = watched(calm, "split", 1)
    assert 0 < np.median(seen[(seen[:, 1] > 0) & (seen[:, 1] < 1), 1]) < 1
    assert (seen[:, 2] == 0).all(), "the right side stays the skin"
    assert sides(calm) == (255, 0)
    seen = watched(calm, "hold", 1)
    assert (seen[seen[:, 0] > FADE_MS, 1] == 1).all(), "and the left one the original"
    assert ((seen[:, 2] > 0) & (seen[:, 2] < 1)).sum() >= 3
    assert sides(calm) == (255, 255)


def test_the_original_is_seen_while_it_is_held_and_on_one_side_of_the_split(calm: Page) -> None:
    page = calm
    assert sides(page) == (0, 0)
    page.hover("#hold")
    page.mouse.down()
    assert page.get_attribute("#hold", "aria-pressed") == "true"
    eventually(lambda: sides(page) == (255, 255), LIMIT_S)
    page.mouse.up()
    eventually(lambda: sides(page) == (0, 0), LIMIT_S)
    page.focus("#hold")
    page.keyboard.down("Space")
    eventually(lambda: sides(page) == (255, 255), LIMIT_S)
    page.keyboard.up("Space")
    eventually(lambda: sides(page) == (0, 0), LIMIT_S)
    page.focus("#frame")
    page.keyboard.press("s")
    eventually(lambda: sides(page) == (255, 0), LIMIT_S)
    page.evaluate("mirror(true)")
    eventually(lambda: sides(page) == (255, 0), LIMIT_S)
    page.evaluate("mirror(false)")
    page.focus("#divider")
    page.keyboard.press("Home")
    assert page.get_attribute("#divider", "aria-valuetext") == "0 % original"
    page.evaluate("part('divider').value = 0.5, compare.place()")


def test_a_line_that_drops_and_comes_back_at_once_shows_no_cut(calm: Page) -> None:
    """As show.js asks for it, by itself and at any rate."""
    calm.evaluate("compare.set({ isUntouched: true })")
    assert calm.evaluate("getComputedStyle(part('original')).opacity") < "1"
    calm.evaluate("compare.set({ isUntouched: false })")
    seen = watched(calm, "hold", 0)
    began = switches_ms(seen)  # its way there too, where the page has not begun it before it is watched
    assert len(began) <= 2, "back, a second later"
    assert all(later - before >= HOLD_OFF_MS - EARLY_MS - 2 * FRAME_MS for before, later in pairwise(began))
    assert seen[-1, 1] == 0
