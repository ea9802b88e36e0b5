/* The page that plays at a distance: what is clicked, and what is shown of it. Knows nothing of WebRTC. */
const part = (id) => document.getElementById(id);
const KEPT = 120, FIGURES_MS = 1000; // two minutes
const NOTE_MS = 15_000;
const IDLE_MS = 2600; // in full screen, until the buttons fade
const FRAMES_IN_S = 24;
const SLOW_FPS = 19, SLOW_S = 6, SIZES = [1080, 720, 540, 360]; // automatic picture size: one step down when slow for so long
const RAISE_S = 60, MOST_RAISE_S = 960; // and one up when not slow for so long, later each time that it was in vain
const KEYS = { s: "split", r: "record", f: "full", m: "mirror" };

const samples = []; // { line: ms behind, bar: share passed over }
let claims = readLink();
let theme = claims.isWatcher ? null : recall("theme"); // { id, name } or { name, prompt }; what is wanted, also before there is a session
let strengthWanted = null; // null: the theme's own
let isAsking = false, slowS = 0, fineS = 0, raiseS = RAISE_S, hasRaised = false, autoLines = 0;

const source = new Source(
  () => end("The sharing was ended outside of this page."),
  (is) => note(is ? "The camera was paused by the system or by another app." : ""),
);
const link = new EngineLink({ state: showState, picture: showPicture, said: hear, wanted });
const figures = new Figures(link);
const compare = new Compare({
  frame: part("frame"), skin: part("skin"), original: part("original"), divider: part("divider"),
  hold: part("hold"), split: part("split"), badge: part("badge"),
});
const recorder = new FileRecorder({
  changed: showRecording,
  saved: (name, bytes) => note(`Saved ${name} (${(bytes / 1e6).toFixed(1)} MB) to your downloads.`),
  failed: note,
});
const gallery = new Gallery(part("gallery"), { picture: (item) => item.picture_url, choose: chooseTheme });
const strength = new StrengthSlider(part("strength"), part("strength-value"), (value) => {
  strengthWanted = value;
  link.send({ do: "strength", value });
});

function readLink() { // #token=...&watch=...; a token says itself what it is for
  const given = new URLSearchParams(location.hash.slice(1) || location.search);
  const token = given.get("token");
  let said = {};
  try {
    const body = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    said = JSON.parse(atob(body));
  } catch { /* the server will say what is wrong with it */ }
  return { token, watch: given.get("watch"), isWatcher: said.scope === "watch" || given.has("watch") };
}

function recall(name) { // of this tab: a reload keeps the look
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch { /* with cookies blocked the tab forgets it */ }
}

function wanted() { // for a session that begins
  const messages = [];
  if (theme?.prompt) messages.push({ do: "prompt", text: theme.prompt });
  if (strengthWanted !== null) messages.push({ do: "strength", value: strengthWanted });
  if (part("view").value !== "skin") messages.push({ do: "view", value: part("view").value });
  return { theme: theme?.id ?? null, messages };
}

let noteTimer = 0;
function note(text) {
  part("note").textContent = text ?? "";
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => (part("note").textContent = ""), NOTE_MS);
}


async function share(kind, camera) {
  if (isAsking) return;
  isAsking = true;
  const before = source.track, wasWanted = link.isWanted;
  if (!before) show(WORDS.asking({ kind }), "asking");
  try {
    await source.open(kind, camera);
    if (before && wasWanted && !link.isWanted) return release(); // stopped meanwhile
    showOriginal();
    if (before && link.isWanted) await link.replace(source.track);
    else begin();
  } catch (error) {
    if (before?.readyState === "live") note(sourceTrouble(error, kind).text);
    else {
      link.stop();
      release();
      show(sourceTrouble(error, kind));
    }
  } finally {
    isAsking = false;
  }
}

function begin() {
  note("");
  figures.reset();
  samples.length = 0;
  link.lines = autoLines = Number(part("lines").value);
  [slowS, fineS, raiseS, hasRaised] = [0, 0, RAISE_S, false];
  link.start({ ...claims, track: source.track });
}

function end(text) {
  link.stop();
  release();
  if (claims.isWatcher) return showState("watch-ended", {});
  showState(text ? "ended" : "idle", { text, canShare: Source.canShare });
}

function release() { // the camera's light goes out
  recorder.stop();
  source.close();
  compare.reset();
  part("skin").srcObject = null;
  part("tap").hidden = true;
  showOriginal();
  part("bar").hidden = true;
  part("frame").classList.remove("has-picture");
  wakeLock?.release().catch(() => {});
  if (document.body.classList.contains("theatre")) fullScreen(false);
}

function chooseTheme(item) {
  theme = { id: item.id, name: item.name };
  strengthWanted = null;
  keep("theme", theme);
  showTheme(item.id);
  note("");
  link.send({ do: "theme", id: item.id, fade_frames: 0 });
}

function choosePrompt(text) {
  theme = { name: text, prompt: text };
  strengthWanted = null;
  keep("theme", theme);
  showTheme(null, text);
  note(link.send({ do: "prompt", text }) ? "Reading that …" : "It will look like that as soon as you share something.");
}

function hear(message) {
  if (message.say === "figures") figures.server = message;
  if (message.say === "note" || message.say === "error") note(message.text);
  if (message.say !== "state") return;
  showTheme(message.theme, message.theme);
  strength.show(message.strength);
  part("view").value = message.view === "materials" ? "materials" : "skin";
  note(message.note);
}

function record() {
  if (recorder.isOn) return recorder.stop();
  const picture = part("skin").srcObject?.getVideoTracks()[0];
  if (!picture || !link.isLive) return note("There is no painted picture to record yet.");
  recorder.start(picture, source.sound, `reskin-${(theme?.id ?? "look").replace(/[^a-z0-9-]/gi, "")}`);
}

async function fullScreen(is = !document.body.classList.contains("theatre")) {
  document.body.classList.toggle("theatre", is);
  part("full").setAttribute("aria-pressed", is);
  try { // a phone that has none still gets a page that is all picture
    if (is) await document.documentElement.requestFullscreen?.({ navigationUI: "hide" });
    else if (document.fullscreenElement) await document.exitFullscreen();
  } catch { /* it is not let */ }
  stir();
}

let wakeLock = null, stillTimer = 0;
async function wake() { // a phone's screen stays on while there is a picture
  if (wakeLock && !wakeLock.released) return;
  try {
    wakeLock = await navigator.wakeLock?.request("screen");
  } catch { /* the battery is low, or the page is hidden */ }
}

function stir() { // the buttons are there while something moves
  document.body.classList.remove("is-still");
  clearTimeout(stillTimer);
  stillTimer = setTimeout(() => document.body.classList.add("is-still"), IDLE_MS);
}

async function showGallery() {
  try {
    const answer = await fetch("/themes.json", { headers: link.headers.call(claims) });
    if (!answer.ok) return;
    const themes = await answer.json();
    gallery.show(themes);
    theme ??= themes.find((item) => item.is_first) ?? null;
    if (!claims.isWatcher) showTheme(theme?.id, theme?.name);
  } catch { /* the state will say so */ }
}

function arrive() {
  document.body.classList.toggle("watching", claims.isWatcher);
  for (const id of ["prompt", "prompt-go", "strength"]) part(id).disabled = claims.isWatcher;
  part("share").hidden = !Source.canShare;
  part("record").hidden = !FileRecorder.isPossible;
  part("hold").hidden = part("split").hidden = part("stop").hidden = claims.isWatcher;
  if (!claims.token) return showState("no-link", {});
  if (typeof RTCPeerConnection !== "function") return showState("unsupported", {});
  showGallery();
  if (claims.isWatcher) return begin();
  if (!isSecureContext) return showState("insecure", {});
  if (!Source.isPossible) return showState("no-camera", {});
  showState("idle", { canShare: Source.canShare });
}

part("tap").onclick = startPicture;
part("share").onclick = () => share("screen");
part("camera").onclick = () => share("camera");
part("action").onclick = () => {
  const { state } = document.body.dataset;
  if (claims.isWatcher && ["refused", "watch-ended"].includes(state)) return begin();
  if (state === "refused" && !source.track) return showState("idle", { canShare: Source.canShare });
  end();
};
part("stop").onclick = () => end();
part("flip").onclick = () => source.otherCamera().then((camera) => share("camera", camera));
part("mirror").onclick = () => mirror(!part("frame").classList.contains("is-mirrored"));
part("record").onclick = record;
part("full").onclick = () => fullScreen();
part("lines").onchange = ({ target }) => link.fit((autoLines = Number(target.value)));
part("view").onchange = ({ target }) => link.send({ do: "view", value: target.value });
part("figures").ontoggle = () => plot(part("plot"), samples, KEPT);
part("skin").onresize = ({ target }) => part("frame").style.setProperty("--aspect", `${target.videoWidth || 16} / ${target.videoHeight || 9}`);
(function each() { // painted picture
  link.see();
  part("skin").requestVideoFrameCallback?.(each);
})();
part("original").onresize = () => { if (link.isLive) link.fit(); }; // a phone was turned
onPrompt(part("prompt-row"), part("prompt"), part("prompt-go"), choosePrompt);

function letter({ key, code }) { // with CapsLock too; and where the layout has no Latin letters, by the key's place
  return (/^[a-z]$/i.test(key) ? key : code.replace(/^Key/, "")).toLowerCase();
}

part("frame").onkeydown = (event) => { // single keys, and so only while the picture has the focus
  if (event.target !== part("frame") || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (letter(event) === "c") compare.set({ isHeld: true });
  const button = part(KEYS[letter(event)] ?? "");
  if (button && !button.hidden && !part("bar").hidden) button.click();
};
part("frame").onkeyup = (event) => { if (letter(event) === "c") compare.set({ isHeld: false }); };
for (const name of ["pointermove", "pointerdown", "keydown"]) addEventListener(name, stir, { passive: true });
addEventListener("keydown", ({ key }) => { if (key === "Escape" && document.body.classList.contains("theatre")) fullScreen(false); });
document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement && document.body.classList.contains("theatre")) fullScreen(false); });
document.addEventListener("visibilitychange", () => { // iOS stops what cannot be seen
  if (document.hidden) return;
  if (link.isLive) wake();
  for (const id of ["skin", "original"]) if (part(id).srcObject) part(id).play().catch(() => {});
});
addEventListener("online", () => link.hurry());
addEventListener("pagehide", () => link.stop());
addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); }); // "back" leads to a page that has ended
addEventListener("hashchange", () => { // a new link in the same tab
  claims = readLink();
  link.stop();
  arrive();
  if (source.track) begin();
});
setInterval(showFigures, FIGURES_MS);
arrive();
