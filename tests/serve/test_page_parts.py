"""Parts of the page's scripts alone, in Playwright's node: no browser, no server; what they ask for is written down."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reskin.serve.page import FILES
from reskin.sinks.web import pages

# What the scripts find in a browser, as far as these tests come by it.
BROWSER = """
const asked = [];
class Part {
  constructor() { this.classList = { toggle() {}, contains() { return false; }, add() {}, remove() {} }; }
  value = "0"; hidden = false; textContent = ""; dataset = {}; style = { setProperty() {} };
  setAttribute() {} querySelectorAll() { return []; } play() { return Promise.resolve(); } replaceChildren() {}
}
const parts = {};
const document = {
  hidden: false, body: new Part(), activeElement: null, getElementById: (id) => (parts[id] ??= new Part()),
  addEventListener() {}, querySelectorAll: () => [],
};
document.activeElement = document.body;
const location = { hash: "", search: "" }, sessionStorage = { getItem: () => null, setItem() {} };
let every; // what was asked for last
const setInterval = (callback, ms) => { every = { callback, ms }; };
const addEventListener = () => {}, isSecureContext = true;
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
navigator.mediaDevices = { getDisplayMedia() {}, getUserMedia() {} };
class Gallery { mark() {} find() {} show() {} }
class StrengthSlider { show() {} }
class Compare { set() {} reset() {} }
class FileRecorder { stop() {} }
class MediaStream {}
let fetched = async () => { throw new TypeError("there is no server"); };
const fetch = (...given) => fetched(...given), watch = () => {};
const onPrompt = () => {}, plot = () => {}, RTCPeerConnection = class {};
"""


PLAY = tuple(FILES / f"{name}.js" for name in ("words", "source", "link", "figures", "show", "play"))


def told(script: str, scripts: tuple[Path, ...] = PLAY) -> Any:
    """What `script`, the body of an async function that runs after the page's own, returns."""
    from playwright._impl._driver import compute_driver_executable

    page = "\n".join(path.read_text("utf-8") for path in scripts)
    said = (
        f"(async () => {{ {script} }})().then((found) => {{ console.log(JSON.stringify(found)); process.exit(0); }});"
    )
    done = subprocess.run(
        [compute_driver_executable()[0], "-"], input=f"{BROWSER}\n{page}\n{said}", capture_output=True, text=True,
        timeout=30, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SECONDS = """
link.fit = (lines) => asked.push(lines);
const seconds = (count, fps, givenFps) => {
  for (let at = 0; at < count; at++) adapt({ fps, givenFps, sentW: 1280, sentH: autoLines || 720 });
  return asked.splice(0);
};
"""


def test_a_paused_game_keeps_its_size_and_a_slow_one_gets_it_back() -> None:
    found = told(
        SECONDS
        + """
        source.stream = { getVideoTracks: () => [{ getSettings: () => ({ frameRate: 30 }) }] };
        return [seconds(100, 1, 1), seconds(5, 20, 30), seconds(14, 10, 30), seconds(59, 24, 30), seconds(1, 24, 30),
                seconds(6, 10, 30), seconds(119, 24, 30), seconds(1, 24, 30), seconds(120, 24, 30)];
        """
    )
    assert found[:5] == [[], [], [540, 360], [], [540]], "a step up after a minute"
    assert found[5:7] == [[360], []], "it was in vain: the next one comes later"
    assert found[7:] == [[540], [720]]


def test_what_was_given_is_counted_at_the_source() -> None:
    found = told("""
        const reports = (at) => new Map([
          ["i", { type: "inbound-rtp", kind: "video", framesDecoded: 20 * at, bytesReceived: 0 }],
          ["s", { type: "media-source", kind: "video", frames: 5 * at }],
        ]);
        let at = 0;
        const figures = new Figures({ connection: { getStats: async () => reports(at) } });
        await figures.read();
        at = 1;
        const now = await figures.read();
        return now.fps / now.givenFps;
    """)
    assert found == pytest.approx(4)


CAMERAS = """
const track = (settings) => ({ getSettings: () => settings });
const other = async (settings, count) => {
  navigator.mediaDevices.enumerateDevices = async () =>
    [{ kind: "audioinput", deviceId: "m" },
     ...Array.from({ length: count }, (_, at) => ({ kind: "videoinput", deviceId: `c${at}` }))];
  source.stream = { getVideoTracks: () => [track(settings)] };
  return source.otherCamera();
};
"""


def test_flip_takes_the_next_camera_of_a_pc_and_the_other_side_of_a_phone() -> None:
    found = told(
        CAMERAS
        + """return [await other({ deviceId: "c0" }, 2), await other({ deviceId: "c1" }, 2),
                    await other({ deviceId: "c1" }, 3), await other({ deviceId: "c2", facingMode: "user" }, 4)];"""
    )
    assert found == [
        {"deviceId": {"exact": "c1"}}, {"deviceId": {"exact": "c0"}}, {"deviceId": {"exact": "c2"}},
        {"facingMode": {"ideal": "environment"}},
    ]  # fmt: skip


def test_stop_while_the_other_camera_opens_begins_nothing() -> None:
    found = told("""
        const stream = (stop) => ({
          getVideoTracks: () => [{ getSettings: () => ({}) }], getAudioTracks: () => [], getTracks: () => [{ stop }],
        });
        source.stream = stream(() => asked.push("stopped the first"));
        link.isWanted = true;
        link.start = () => asked.push("start");
        link.replace = async () => asked.push("replace");
        source.open = async () => {
          end();
          source.stream = stream(() => asked.push("stopped the other"));
        };
        await share("camera");
        return asked;
    """)
    assert found == ["stopped the first", "stopped the other"]


def test_a_watcher_who_stops_or_is_refused_may_begin_again() -> None:
    found = told("""
        claims.isWatcher = true;
        link.start = () => asked.push("start");
        const { dataset } = document.body;
        showState("refused", { text: "no" });
        part("action").onclick();
        showState("watch-wait", {});
        part("action").onclick();
        asked.push(dataset.state, part("action").hidden);
        part("action").onclick();
        return asked;
    """)
    assert found == ["start", "watch-ended", False, "start"]


def test_a_picture_that_may_not_play_by_itself_is_started_by_a_tap() -> None:
    found = told("""
        let name = "AbortError";
        const hidden = [];
        part("tap").hidden = true;
        part("skin").play = async () => { if (name) throw { name }; };
        for (name of ["AbortError", "NotAllowedError"]) {
          showPicture(new MediaStream());
          await new Promise(setImmediate);
          hidden.push(part("tap").hidden);
        }
        name = "";
        part("tap").onclick();
        await new Promise(setImmediate);
        return [...hidden, part("tap").hidden];
    """)
    assert found == [True, False, True]


def test_a_phone_with_android_shares_its_camera_alone() -> None:
    found = told("""
        return [undefined, "Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Android 15; Mobile; rv:140.0)"].map(
          (userAgent) => Object.assign(navigator, { userAgent }) && Source.canShare);
    """)
    assert found == [True, True, False]


def test_one_wake_lock_is_held_at_a_time() -> None:
    found = told("""
        navigator.wakeLock = { request: async () => { asked.push("asked"); return { released: false }; } };
        await wake();
        await wake();
        wakeLock.released = true;
        await wake();
        return asked.length;
    """)
    assert found == 2


@pytest.mark.parametrize(
    ("before", "answered", "ended"), [("null", "s1", ["s1"]), ("'s1'", "s1", []), ("'s1'", "s2", ["s2"])]
)
def test_an_answer_that_nobody_waits_for_gives_its_place_back(before: str, answered: str, ended: list[str]) -> None:
    """But not where the next attempt asks for the same session."""
    found = told(f"""
        link.close = () => {{}};
        link.token = "t";
        link.session = {before};
        fetched = async (path, {{ method }}) => {{
          if (method === "DELETE") asked.push(path.split("/").at(-1));
          else link.attempt++;
          return {{ ok: true, json: async () => ({{ session: "{answered}", sdp: "", resume: false }}) }};
        }};
        RTCPeerConnection.prototype.createDataChannel = () => ({{}});
        RTCPeerConnection.prototype.addTransceiver = () => ({{ receiver: {{}} }});
        RTCPeerConnection.prototype.setLocalDescription = async () => {{}};
        RTCPeerConnection.prototype.localDescription = {{ type: "offer", sdp: "v=0" }};
        RTCPeerConnection.prototype.iceGatheringState = "complete";
        link.accept = () => asked.push("accepted");
        await link.connect();
        return asked;
    """)
    assert found == ended


@pytest.mark.parametrize(
    ("comes", "is_lost"), [("", True), ("link.hear({ say: 'pong', at: 0 })", False), ("link.see()", False)]
)
def test_a_connection_is_lost_after_two_seconds_without_an_answer_and_without_a_picture(
    comes: str, is_lost: bool
) -> None:
    pings, took_ms, lost = told(f"""
        link.send = () => asked.push("ping");
        link.lose = () => asked.push("lost");
        link.open();
        let took = 0;
        for (let at = 0; at < 20 && !asked.includes("lost"); at++) {{
          if (at % 3 === 2) {{ {comes}; }} // a bad line: most pings are lost
          took += every.ms;
          every.callback();
        }}
        return [asked.filter((what) => what === "ping").length, took, asked.includes("lost")];
    """)
    assert lost == is_lost
    assert (took_ms <= 2000) == is_lost
    assert pings >= 5


def test_a_server_that_paints_is_live_too() -> None:
    found = told(
        """
        const status = (state) => ({ engine: { state }, latency_ms: { now: 1 }, fps: 24, ticks: 0, missed: 0 });
        const shown = (state) => { showStatus(status(state)); return part("state").textContent; };
        return ["active", "remote", "away"].map(shown);
        """,
        (pages.FILES / "control.js",),
    )
    assert found == ["live", "live", "engine away"]


def test_a_look_is_chosen_also_where_the_browser_keeps_nothing() -> None:
    found = told("""
        sessionStorage.setItem = () => { throw new Error("cookies are blocked"); };
        link.send = (message) => asked.push(message.do);
        chooseTheme({ id: "candy", name: "Candy" });
        choosePrompt("a warm afternoon");
        return asked;
    """)
    assert found == ["theme", "prompt"]


def test_single_keys_are_heard_with_caps_lock_and_by_their_place_on_other_layouts() -> None:
    found = told("""
        const keys = [["s", "KeyS"], ["S", "KeyS"], ["ы", "KeyS"], ["c", "KeyI"]];
        return keys.map(([key, code]) => letter({ key, code }));
    """)
    assert found == ["s", "s", "s", "c"]
