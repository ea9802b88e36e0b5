/* The control page: shows what status.json says, and posts what is clicked. Everything of the page is set from the
   status, so a hotkey and another page's click are seen here too. */
const token = new URLSearchParams(location.search).get("token");
const part = (id) => document.getElementById(id);
const POLL_MS = 500, KEPT = 240; // two minutes
const TICKS = 12; // in half a second
const samples = []; // { line: latency in ms, bar: missed ticks, of TICKS }
let before = null; // the status before this one

const gallery = new Gallery(part("gallery"), {
  picture: (theme) => `/picture/${encodeURIComponent(theme.id)}?token=${token}`,
  choose: (theme) => act("theme", theme.id),
});
const strength = new StrengthSlider(part("strength"), part("strength-value"), (value) => act("strength", value));

async function act(action, value) {
  const answer = await fetch("/action", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ action, value }),
  });
  const said = answer.status === 200 || answer.status === 400 ? await answer.json() : { error: await answer.text() };
  part("note").textContent = said.error ?? said.note;
  return answer.ok;
}

function showState(text, kind) {
  part("state").textContent = text;
  part("state").className = `pill ${kind}`;
}

function showStatus(status) {
  part("theme").textContent = status.theme;
  part("overlay").setAttribute("aria-pressed", status.on);
  part("overlay").textContent = status.on ? "Overlay on" : "Overlay off";
  for (const button of document.querySelectorAll("#views button"))
    button.setAttribute("aria-pressed", button.dataset.view === status.view);
  gallery.mark(status.theme);
  strength.show(status.strength);
  part("latency").textContent = `${status.latency_ms.now.toFixed(0)} ms`;
  part("missed").textContent = status.ticks ? `${((100 * status.missed) / status.ticks).toFixed(2)} %` : "–";
  part("fps").textContent = status.fps.toFixed(2);
  const engine = status.engine.state;
  const paints = engine === "active" || engine === "remote"; // here, or on a server
  showState(paints ? "live" : `engine ${engine}`, paints ? "on" : "");
  const counts = before !== null && status.ticks >= before.ticks; // it begins anew when the warm-up ends
  samples.push({ line: status.latency_ms.now, bar: counts ? (status.missed - before.missed) / TICKS : 0 });
  if (samples.length > KEPT) samples.shift();
  before = status;
  plot(part("plot"), samples, KEPT);
}

async function poll() {
  try {
    const answer = await fetch(`/status.json?token=${token}`);
    if (answer.ok) showStatus(await answer.json());
    else showState("another run: use the link it printed", "off");
  } catch {
    showState("Reskin is not running", "off");
  }
  setTimeout(poll, POLL_MS);
}

async function showGallery() {
  try {
    const answer = await fetch(`/themes.json?token=${token}`);
    if (answer.ok) gallery.show(await answer.json());
  } catch { /* the state says so */ }
}

part("overlay").onclick = () => act("overlay", !before?.on);
for (const button of document.querySelectorAll("#views button")) button.onclick = () => act("view", button.dataset.view);
onPrompt(part("prompt-row"), part("prompt"), part("prompt-go"), (text) => act("prompt", text));
watch(part("screen"), undefined, (connected) => { if (connected) showGallery(); });
showGallery();
poll();
