/* The control page: shows what status.json says, and posts what is clicked. Everything of the page is set from the
   status, so a hotkey and another page's click are seen here too. */
const token = new URLSearchParams(location.search).get("token");
const part = (id) => document.getElementById(id);
const POLL_MS = 500, KEPT = 240; // two minutes
const samples = []; // { latency, missed }
let before = null; // the status before this one
let sliding = false;

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
  for (const card of document.querySelectorAll(".card"))
    card.setAttribute("aria-pressed", card.dataset.name === status.theme);
  if (!sliding) showStrength(status.strength);
  part("latency").textContent = `${status.latency_ms.now.toFixed(0)} ms`;
  part("missed").textContent = status.ticks ? `${((100 * status.missed) / status.ticks).toFixed(2)} %` : "–";
  part("fps").textContent = status.fps.toFixed(2);
  const engine = status.engine.state;
  showState(engine === "active" ? "live" : `engine ${engine}`, engine === "active" ? "on" : "");
  const counts = before !== null && status.ticks >= before.ticks; // it begins anew when the warm-up ends
  samples.push({ latency: status.latency_ms.now, missed: counts ? status.missed - before.missed : 0 });
  if (samples.length > KEPT) samples.shift();
  before = status;
  plot();
}

function showStrength(strength) {
  part("strength").value = strength;
  part("strength-value").textContent = `${Math.round(strength * 100)} %`;
}

function plot() {
  const canvas = part("plot"), scale = devicePixelRatio;
  const w = canvas.clientWidth, h = canvas.clientHeight;
  canvas.width = w * scale;
  canvas.height = h * scale;
  const pen = canvas.getContext("2d");
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  pen.scale(scale, scale);
  pen.font = "11px system-ui";
  const most = Math.max(60, ...samples.map((sample) => sample.latency)) * 1.1;
  const left = 40, y = (ms) => h - 4 - (h - 12) * (ms / most), step = (w - left) / (KEPT - 1);
  const x = (index) => w - (samples.length - 1 - index) * step;
  for (let ms = 0; ms < most; ms += most > 300 ? 200 : most > 150 ? 100 : most > 90 ? 50 : 20) {
    pen.fillStyle = color("--line");
    pen.fillRect(left, y(ms), w - left, 1);
    pen.fillStyle = color("--soft");
    pen.fillText(ms ? `${ms} ms` : "0", 0, Math.min(h - 1, y(ms) + 4));
  }
  pen.fillStyle = color("--bad");
  samples.forEach(({ missed }, index) => {
    const bar = Math.min(1, missed / 12) * (h - 12); // of the ticks of half a second
    if (missed) pen.fillRect(x(index) - step / 2, h - 4 - bar, Math.max(2, step), bar);
  });
  pen.strokeStyle = color("--accent");
  pen.lineWidth = 1.5;
  pen.beginPath();
  samples.forEach(({ latency }, index) => pen.lineTo(x(index), y(latency)));
  pen.stroke();
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

function card(theme) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "card";
  button.title = theme.description;
  button.dataset.name = theme.name;
  button.dataset.theme = theme.id;
  const look = document.createElement(theme.has_picture ? "img" : "span");
  look.className = "look";
  if (theme.has_picture) {
    look.src = `/picture/${encodeURIComponent(theme.id)}?token=${token}`;
    look.alt = "";
  } else {
    look.style.background = `linear-gradient(${theme.colors.join(", ")})`;
  }
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = theme.name;
  button.append(look, name);
  button.onclick = () => act("theme", theme.id);
  return button;
}

async function showGallery() {
  try {
    const answer = await fetch(`/themes.json?token=${token}`);
    if (answer.ok) part("gallery").replaceChildren(...(await answer.json()).map(card));
  } catch { /* the state says so */ }
}

part("overlay").onclick = () => act("overlay", !before?.on);
for (const button of document.querySelectorAll("#views button")) button.onclick = () => act("view", button.dataset.view);
part("strength").oninput = () => {
  showStrength(part("strength").valueAsNumber);
  if (sliding) return; // one on its way: the newest follows it
  sliding = true;
  const follow = async () => {
    const value = part("strength").valueAsNumber;
    await act("strength", value).catch(() => {});
    setTimeout(() => (part("strength").valueAsNumber === value ? (sliding = false) : follow()), 80);
  };
  follow();
};
part("prompt-row").onsubmit = async (event) => {
  event.preventDefault();
  if (!part("prompt").value.trim()) return;
  part("prompt-go").disabled = true;
  await act("prompt", part("prompt").value).catch(() => {});
  part("prompt-go").disabled = false;
};
watch(part("screen"), undefined, (connected) => { if (connected) showGallery(); });
showGallery();
poll();
