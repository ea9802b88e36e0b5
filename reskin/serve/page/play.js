/* The page that plays at a distance: what is clicked, and what is shown of it. Knows nothing of WebRTC. */
const part = (id) => document.getElementById(id);
const KEPT = 120, FIGURES_MS = 1000; // two minutes
const IDLE_MS = 2600; // in full screen, until the buttons fade
const FRAMES_IN_S = 24;
const SLOW_FPS = 19, SLOW_S = 6, SIZES = [1080, 720, 540, 360]; // automatic picture size: one step down when slow for so long
const KEYS = { s: "split", r: "record", f: "full", m: "mirror" };

const samples = []; // { line: ms behind, bar: share passed over }
let claims = readLink();
let theme = recall("theme"); // { id, name } or { name, prompt }; what is wanted, also before there is a session
let strengthWanted = null; // null: the theme's own
let isAsking = false, slowS = 0, autoLines = 0;

const source = new Source(() => end("The sharing was ended outside of this page."));
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
  return { token, watch: given.get("watch"), isWatcher: said.scope === "watch" || given.has("watch"), endsS: said.exp };
}

function recall(name) { // of this tab: a reload keeps the look
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

function wanted() { // for a session that begins
  const messages = [];
  if (theme?.prompt) messages.push({ do: "prompt", text: theme.prompt });
  if (strengthWanted !== null) messages.push({ do: "strength", value: strengthWanted });
  if (part("view").value !== "skin") messages.push({ do: "view", value: part("view").value });
  return { theme: theme?.id ?? null, messages };
}

function note(text) { part("note").textContent = text ?? ""; }

/* What is shown */

function showState(name, facts) {
  const words = WORDS[name](facts);
  if (name === "live") note("");
  show(words, name);
  compare.set({ isUntouched: !!source.track && name !== "live" });
  part("skin").classList.toggle("is-stale", name !== "live");
  part("frame").classList.toggle("has-picture", name === "live" || !!source.track);
  part("bar").hidden = !(name === "live" || source.track);
  if (name === "live") wake();
  if (["expired", "forbidden", "refused"].includes(name)) release();
}

function show(words, name = "trouble") {
  document.body.dataset.state = name;
  const pill = part("state");
  if (pill.textContent !== words.pill) pill.textContent = words.pill;
  pill.className = `pill ${words.kind ?? ""}`;
  const notice = part("notice");
  notice.hidden = !words.title;
  notice.classList.toggle("is-small", !!words.isSmall);
  notice.classList.toggle("is-busy", !!words.isBusy);
  part("notice-title").textContent = words.title ?? "";
  part("notice-text").textContent = words.text ?? "";
  part("notice-small").textContent = words.small ?? "";
  part("sources").hidden = !words.sources || claims.isWatcher;
  part("action").hidden = !words.action;
  part("action").textContent = words.action ?? "";
  const heard = words.title ? `${words.title}. ${name === "queued" || name === "lost" ? "" : words.text}` : "The picture is live.";
  if (part("heard").textContent !== heard) part("heard").textContent = heard; // not at every second of a countdown
}

function showPicture(stream) {
  const skin = part("skin");
  skin.srcObject = stream;
  skin.play().catch(() => {}); // muted, so it is let
}

function showTheme(name, isMoving = false) {
  part("theme").textContent = name ?? "";
  gallery.mark(name);
  const item = gallery.find(name);
  const backdrop = part("backdrop");
  if (item?.has_picture) backdrop.style.backgroundImage = `url("${item.picture_url}")`;
  else if (item) backdrop.style.backgroundImage = `linear-gradient(${item.colors.join(", ")})`;
  if (item && !isMoving) theme = { id: item.id, name: item.name };
}

function showOriginal() {
  const original = part("original");
  original.srcObject = source.stream ? new MediaStream([source.track]) : null;
  if (source.stream) original.play().catch(() => {});
  part("mirror").hidden = part("flip").hidden = source.kind !== "camera";
  mirror(source.isSelfie);
  if (source.kind === "camera") source.hasMoreCameras().then((more) => (part("flip").hidden = !more));
}

function mirror(is) {
  part("frame").classList.toggle("is-mirrored", is);
  part("mirror").setAttribute("aria-pressed", is);
}

function showRecording() {
  part("record").setAttribute("aria-pressed", recorder.isOn);
  part("record").setAttribute("aria-label", recorder.isOn ? "Stop recording and save" : "Record to a file");
  part("recording").hidden = !recorder.isOn;
  part("recording").textContent = recorder.isOn ? `recording ${recorder.told}` : "";
}

async function showFigures() {
  const now = await figures.read();
  part("numbers").hidden = !link.isLive || !now;
  if (!now || !link.isLive) return;
  const ms = (value) => (value === null ? "–" : `${Math.round(value)} ms`);
  part("fps").textContent = part("head-fps").textContent = `${now.fps.toFixed(now.fps < 10 ? 1 : 0)}`;
  part("head-fps").textContent += " fps";
  part("latency").textContent = now.latencyMs === null ? "–" : `about ${ms(now.latencyMs)}`;
  part("head-latency").textContent = now.latencyMs === null ? "" : ms(now.latencyMs);
  part("trip").textContent = ms(now.tripMs);
  part("engine").textContent = now.engineMs === null ? "–" : `${now.engineMs.toFixed(1)} ms`;
  part("dropped").textContent = String(now.droppedInAll);
  part("size").textContent = now.w ? `${now.w} × ${now.h}` : "–";
  part("rate").textContent = `${now.upMbit.toFixed(1)}, ${now.downMbit.toFixed(1)} Mbit/s`;
  samples.push({ line: now.latencyMs ?? 0, bar: now.dropped / FRAMES_IN_S });
  if (samples.length > KEPT) samples.shift();
  plot(part("plot"), samples, KEPT);
  adapt(now);
}

function adapt(now) { // a smaller picture when the machine, the line or the engine cannot keep up
  const given = source.track?.getSettings().frameRate ?? 0;
  if (part("lines").value !== "0" || !now.sentH || document.hidden) return;
  slowS = now.fps < Math.min(SLOW_FPS, given * 0.8) ? slowS + 1 : 0;
  if (slowS < SLOW_S) return;
  slowS = 0;
  const smaller = SIZES.find((lines) => lines < Math.min(now.sentW, now.sentH));
  if (!smaller) return;
  autoLines = smaller;
  link.fit(autoLines);
  note(`The picture came too slowly, so it is sent at ${smaller} lines now. “Figures” has the size.`);
}

/* What is done */

async function share(kind, facing) {
  if (isAsking) return;
  isAsking = true;
  const before = source.track;
  if (!before) show(WORDS.asking({ kind }), "asking");
  try {
    await source.open(kind, facing);
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
  link.start({ token: claims.token, watch: claims.isWatcher ? claims.watch : null, track: source.track });
}

function end(text) {
  link.stop();
  release();
  if (claims.isWatcher) return;
  showState(text ? "ended" : "idle", { text });
}

function release() { // the camera's light goes out
  recorder.stop();
  source.close();
  compare.reset();
  part("skin").srcObject = null;
  showOriginal();
  part("bar").hidden = true;
  part("frame").classList.remove("has-picture");
  wakeLock?.release().catch(() => {});
  if (document.body.classList.contains("theatre")) fullScreen(false);
}

function chooseTheme(item) {
  theme = { id: item.id, name: item.name };
  strengthWanted = null;
  sessionStorage.setItem("theme", JSON.stringify(theme));
  showTheme(item.id, true);
  part("theme").textContent = item.name;
  note("");
  link.send({ do: "theme", id: item.id, fade_frames: 0 });
}

function choosePrompt(text) {
  theme = { name: text, prompt: text };
  strengthWanted = null;
  sessionStorage.setItem("theme", JSON.stringify(theme));
  part("theme").textContent = text;
  gallery.mark("");
  note(link.send({ do: "prompt", text }) ? "Reading that …" : "It will look like that as soon as you share something.");
}

function hear(message) {
  if (message.say === "figures") figures.server = message;
  if (message.say === "note" || message.say === "error") note(message.text);
  if (message.say !== "state") return;
  const item = gallery.find(message.theme);
  if (item || claims.isWatcher) showTheme(message.theme);
  part("theme").textContent = item?.name ?? message.theme;
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
    for (const item of themes) item.picture_url = `/picture/${encodeURIComponent(item.id)}`;
    gallery.show(themes);
    if (theme === null && themes.length) theme = { id: themes[0].id, name: themes[0].name };
    if (theme?.prompt) part("theme").textContent = theme.prompt;
    else showTheme(theme?.id);
    part("theme").textContent = gallery.find(theme?.id)?.name ?? theme?.name ?? "";
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
  if (claims.isWatcher) return begin();
  showGallery();
  if (!isSecureContext || !Source.isPossible) return showState("insecure", {});
  showState("idle", {});
}

part("share").onclick = () => share("screen");
part("camera").onclick = () => share("camera");
part("action").onclick = () => (document.body.dataset.state === "refused" && !source.track ? showState("idle", {}) : end());
part("stop").onclick = () => end();
part("flip").onclick = () => share("camera", source.facing === "user" ? "environment" : "user");
part("mirror").onclick = () => mirror(!part("frame").classList.contains("is-mirrored"));
part("record").onclick = record;
part("full").onclick = () => fullScreen();
part("lines").onchange = ({ target }) => link.fit(Number(target.value));
part("view").onchange = ({ target }) => link.send({ do: "view", value: target.value });
part("figures").ontoggle = () => plot(part("plot"), samples, KEPT);
part("skin").onresize = ({ target }) => part("frame").style.setProperty("--aspect", `${target.videoWidth || 16} / ${target.videoHeight || 9}`);
part("original").onresize = () => { if (link.isLive) link.fit(); }; // a phone was turned
onPrompt(part("prompt-row"), part("prompt"), part("prompt-go"), choosePrompt);

part("frame").onkeydown = (event) => { // single keys, and so only while the picture has the focus
  if (event.target !== part("frame") || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "c") compare.set({ isHeld: true });
  const button = part(KEYS[event.key] ?? "");
  if (button && !button.hidden && !part("bar").hidden) button.click();
};
part("frame").onkeyup = ({ key }) => { if (key === "c") compare.set({ isHeld: false }); };
for (const name of ["pointermove", "pointerdown", "keydown"]) addEventListener(name, stir, { passive: true });
addEventListener("keydown", ({ key }) => { if (key === "Escape" && document.body.classList.contains("theatre")) fullScreen(false); });
document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement && document.body.classList.contains("theatre")) fullScreen(false); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && link.isLive) wake(); });
addEventListener("online", () => link.hurry());
addEventListener("pagehide", () => link.stop());
addEventListener("hashchange", () => { // a new link in the same tab
  claims = readLink();
  link.stop();
  arrive();
  if (source.track) begin();
});
setInterval(showFigures, FIGURES_MS);
arrive();
