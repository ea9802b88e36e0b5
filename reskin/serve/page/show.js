/* What the page shows: the state in words, the picture, the theme, the figures. Decides nothing. */
function showState(name, facts) {
  const words = WORDS[name](facts);
  if (name === "live") note("");
  show(words, name);
  showUntouched();
  part("frame").classList.toggle("has-picture", name === "live" || !!source.track);
  part("bar").hidden = name !== "live" && name !== "lost";
  part("numbers").hidden ||= name !== "live";
  if (name === "live") wake();
  if (["expired", "forbidden", "refused"].includes(name)) release();
}

function show(words, name = "trouble") {
  const focused = document.activeElement;
  queueMicrotask(() => { // what had the focus may go: it stays near
    if (focused !== document.body && focused.checkVisibility?.() === false) part("frame").focus({ preventScroll: true });
  });
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
  const heard = words.title ? `${words.title}. ${words.heard ?? words.text}` : "The picture is live.";
  if (part("heard").textContent !== heard) part("heard").textContent = heard; // not at every second of a countdown
}

function showUntouched() { // the original, until there is a painted picture to be seen
  compare.set({ isUntouched: !!source.track && !(link.isLive && part("skin").readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) });
}

function showPicture(stream) {
  const skin = part("skin");
  skin.srcObject = stream;
  skin.onloadeddata = showUntouched;
  startPicture();
}

function startPicture() { // muted, so it is let; but not on an iPhone that saves its battery
  part("skin").play().then(() => (part("tap").hidden = true), ({ name }) => {
    if (name === "NotAllowedError") part("tap").hidden = false;
  });
}

function showTheme(id, name) { // one that is none of the gallery has a name alone
  const item = gallery.find(id);
  part("theme").textContent = item?.name ?? name ?? "";
  gallery.mark(item?.id ?? "");
  const backdrop = part("backdrop");
  if (item?.has_picture) backdrop.style.backgroundImage = `url("${item.picture_url}")`;
  else if (item) backdrop.style.backgroundImage = `linear-gradient(${item.colors.join(", ")})`;
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
  part("fps").textContent = part("head-fps").textContent = `${now.fps.toFixed(now.fps < 10 ? 1 : 0)} fps`;
  part("latency").textContent = now.latencyMs === null ? "–" : `about ${ms(now.latencyMs)}`;
  part("head-latency").textContent = now.latencyMs === null ? "" : ms(now.latencyMs);
  part("trip").textContent = ms(now.tripMs);
  part("engine").textContent = now.engineMs === null ? "–" : `${now.engineMs.toFixed(1)} ms`;
  part("dropped").textContent = String(now.droppedInAll);
  part("size").textContent = now.w ? `${now.w} × ${now.h}` : "–";
  part("rate").textContent = `${now.upMbit.toFixed(1)}, ${now.downMbit.toFixed(1)} Mb/s`;
  samples.push({ line: now.latencyMs ?? 0, bar: now.dropped / FRAMES_IN_S });
  if (samples.length > KEPT) samples.shift();
  plot(part("plot"), samples, KEPT);
  adapt(now);
}

function adapt(now) { // a smaller picture when the machine, the line or the engine cannot keep up
  if (part("lines").value !== "0" || !now.sentH || document.hidden) return;
  const given = now.givenFps ?? source.track?.getSettings().frameRate ?? 0; // of a paused game there are few
  const isSlow = now.fps < Math.min(SLOW_FPS, given * 0.8);
  slowS = isSlow ? slowS + 1 : 0;
  fineS = isSlow ? 0 : fineS + 1;
  if (autoLines && fineS >= raiseS) { // it was something that has passed: one step up
    fineS = 0;
    hasRaised = true;
    autoLines = SIZES.findLast((lines) => lines > autoLines) ?? 0;
    return link.fit(autoLines);
  }
  if (slowS < SLOW_S) return;
  slowS = 0;
  const smaller = SIZES.find((lines) => lines < Math.min(now.sentW, now.sentH));
  if (!smaller) return;
  if (hasRaised) raiseS = Math.min(2 * raiseS, MOST_RAISE_S); // that was too soon
  hasRaised = false;
  autoLines = smaller;
  link.fit(autoLines);
  note(`The picture came too slowly, so it is sent at ${smaller} lines now. “Figures” has the size.`);
}

