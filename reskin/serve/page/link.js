/* The connection to the engine: WebRTC, one offer to each attempt, a data channel for what is asked and said. Comes back
   by itself, with the same session, until `stop`. Knows nothing of the page. Version 1 of reskin/serve/messages.py. */
const PING_MS = 400, MOST_UNHEARD = 4; // pings in a row, 2 s, after which the connection is lost, whatever WebRTC still hopes
const GATHER_MS = 1500, ANSWER_MS = 8000, OPEN_MS = 8000;
const AGAIN_MS = [300, 700, 1500, 3000, 5000]; // after the first loss, the second in a row, ...
const LONGEST_SIDE = 1920, MOST_LINES = 1080, MOST_BITS = 6e6, LEAST_BITS = 1.2e6; // a second: at 1280x720, and what a busy server cannot talk it below

class EngineLink {
  constructor({ state, picture, said, wanted }) {
    this.tell = state; // (name, facts)
    this.onPicture = picture; // (MediaStream)
    this.said = said; // (message)
    this.wanted = wanted; // () -> { theme, messages }: how it shall look when the session is a new one
    this.session = null;
    this.track = null;
    this.lines = 0; // of the picture that is sent; 0: as it comes
    this.reset();
  }

  reset() {
    this.connection = this.channel = null;
    this.attempt = this.lossesInARow = 0; // an attempt whose number is not the newest any more does nothing
    this.isLive = this.isWanted = false;
  }

  start({ token, isWatcher = false, watch = null, track = null }) {
    this.stop();
    Object.assign(this, { token, isWatcher, watch, track, isWanted: true });
    this.tell("connecting", {});
    this.connect();
  }

  stop() {
    if (this.session && !this.isWatcher) // the place is free at once
      fetch(`/session/${this.session}`, { method: "DELETE", headers: this.headers(), keepalive: true }).catch(() => {});
    this.session = null;
    this.isWanted = this.isLive = false;
    this.attempt++;
    clearTimeout(this.waiting);
    this.close();
  }

  headers() { return { Authorization: `Bearer ${this.token}` }; }

  send(message) { // false when there is nobody to hear it
    if (this.channel?.readyState !== "open") return false;
    this.channel.send(JSON.stringify(message));
    return true;
  }

  async replace(track) { // another camera: the connection stays
    this.track = track;
    const sender = this.sender;
    if (!sender) return;
    await sender.replaceTrack(track);
    await this.fit();
  }

  async fit(lines = this.lines) { // what is sent fits the server's limit and the size that was asked for
    this.lines = lines;
    const parameters = this.sender?.getParameters();
    if (!parameters?.encodings?.length) return;
    Object.assign(parameters.encodings[0], this.encoding());
    parameters.degradationPreference = "maintain-framerate"; // rather a coarser picture than a slower one
    await this.sender.setParameters(parameters).catch(() => {});
  }

  encoding() {
    const { width = 1280, height = 720 } = this.track.getSettings();
    const short = Math.min(width, height), long = Math.max(width, height);
    const by = Math.max(1, long / LONGEST_SIDE, short / MOST_LINES, this.lines ? short / this.lines : 1);
    const share = (width * height) / (by * by * 1280 * 720); // a small picture needs more for each pixel
    return { scaleResolutionDownBy: by, maxBitrate: Math.round(MOST_BITS * share ** 0.75), maxFramerate: 60 }; // at 30 Chromium leaves out what comes a little early
  }

  async connect() {
    const attempt = ++this.attempt;
    const isOld = () => attempt !== this.attempt;
    this.close();
    const headers = this.headers();
    try {
      const connection = this.prepared(isOld);
      await connection.setLocalDescription();
      await gathered(connection);
      if (isOld()) return;
      const answer = await this.ask(headers);
      if (isOld()) return await this.leave(answer, headers);
      if (answer.ok) await this.accept(await answer.json(), isOld);
      else await this.refused(answer);
    } catch (error) {
      if (isOld()) return;
      if (!error.isAway) console.error(error);
      this.lose(error.isAway ? "away" : "lost");
    }
  }

  prepared(isOld) { // a connection with its track and channel, not yet offered to anybody
    const connection = this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const channel = this.channel = connection.createDataChannel("control", { ordered: true });
    const transceiver = this.track
      ? connection.addTransceiver(this.track, { direction: "sendrecv", sendEncodings: [this.encoding()] })
      : connection.addTransceiver("video", { direction: "recvonly" });
    this.sender = this.track ? transceiver.sender : null;
    this.receiver = transceiver.receiver;
    if ("jitterBufferTarget" in this.receiver) this.receiver.jitterBufferTarget = 0; // the newest, not the smoothest
    else this.receiver.playoutDelayHint = 0;
    connection.ontrack = ({ track }) => this.onPicture(new MediaStream([track]));
    connection.onconnectionstatechange = () => {
      if (!isOld() && ["failed", "closed"].includes(connection.connectionState)) this.lose();
    };
    channel.onopen = () => { if (!isOld()) this.open(); };
    channel.onclose = () => { if (!isOld()) this.lose(); };
    channel.onmessage = ({ data }) => { if (!isOld()) this.hear(JSON.parse(data)); };
    return connection;
  }

  async ask(headers) { // what the server answers; isAway: nothing
    const patience = new AbortController(), timer = setTimeout(() => patience.abort(), ANSWER_MS);
    const request = {
      method: "POST", headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify(this.offer()), signal: patience.signal,
    };
    return fetch("/offer", request).catch((error) => { throw Object.assign(error, { isAway: true }); }).finally(() => clearTimeout(timer));
  }

  async leave(answer, headers) { // nobody wants what it opened any more: its place is free at once
    const { session } = answer.ok && !this.isWatcher ? await answer.json() : {};
    if (session && session !== this.session) await fetch(`/session/${session}`, { method: "DELETE", headers, keepalive: true });
  }

  offer() {
    const { type, sdp } = this.connection.localDescription;
    if (this.isWatcher) return { version: 1, type, sdp, watch: this.watch }; // null: whoever plays now
    return { version: 1, type, sdp, theme: this.wanted().theme, strip: false, session: this.session };
  }

  async accept({ sdp, type, session, resume }, isOld) {
    this.isResumed = resume;
    this.session = session;
    await this.connection.setRemoteDescription({ sdp: this.track ? bounded(sdp, this.encoding().maxBitrate) : sdp, type });
    if (isOld()) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.lose("blocked"), OPEN_MS);
  }

  async refused(answer) {
    const body = await answer.json().catch(() => ({}));
    const text = body.error ?? `The server answered ${answer.status}.`;
    if (answer.status === 429) {
      const place = body.queue ?? 0, retryS = Math.min(60, body.retry_s ?? 0);
      if (place) return this.again(Math.max(1, retryS) * 1000, (inS) => this.tell("queued", { place, inS }));
      if (retryS) return this.again(Math.max(1, retryS) * 1000, (inS) => this.tell("busy", { text, inS }));
    }
    if (answer.status === 409 && this.session) { // that session cannot come back: a new one, with the same look
      this.session = null;
      return this.again(AGAIN_MS[0], () => {});
    }
    if (this.isWatcher && answer.status === 404) return this.again(2000, () => this.tell("watch-wait", {}));
    if (answer.status >= 500) return this.lose("away");
    this.stop();
    this.tell({ 401: "expired", 403: "forbidden" }[answer.status] ?? "refused", { text });
  }

  open() {
    clearTimeout(this.waiting);
    this.isLive = true;
    this.lossesInARow = 0;
    this.unheard = 0;
    if (!this.isResumed && !this.isWatcher) for (const message of this.wanted().messages) this.send(message);
    this.tell("live", { isResumed: this.isResumed });
    clearInterval(this.pinging);
    this.pinging = setInterval(() => {
      if (++this.unheard > MOST_UNHEARD) this.lose();
      else this.send({ do: "ping", at: performance.now() });
    }, PING_MS);
    this.send({ do: "ping", at: performance.now() });
  }

  see() { this.unheard = 0; } // a picture came: on a bad line an answer may take longer

  hear(message) {
    this.unheard = 0;
    if (message.say === "pong") this.tripMs = performance.now() - message.at;
    else this.said(message);
  }

  lose(why = "lost") { // and try again
    if (!this.isWanted) return;
    const wasLive = this.isLive;
    this.isLive = false;
    this.attempt++;
    this.close();
    const wait = AGAIN_MS[Math.min(this.lossesInARow++, AGAIN_MS.length - 1)];
    const lost = this.isWatcher ? "watch-wait" : "lost";
    const name = why === "lost" || (why === "away" && (this.session || wasLive)) ? lost : why;
    this.again(wait, (inS) => this.tell(name, { inS }));
  }

  again(ms, tell) { // says every second how long it still is
    clearTimeout(this.waiting);
    tell(Math.floor(ms / 1000));
    this.waiting = setTimeout(() => (ms > 1000 ? this.again(ms - 1000, tell) : this.connect()), Math.min(ms, 1000));
  }

  hurry() { // the network is back
    if (!this.isWanted || this.isLive) return;
    clearTimeout(this.waiting);
    this.connect();
  }

  close() {
    clearInterval(this.pinging);
    this.tripMs = null;
    this.sender = this.receiver = null;
    this.channel?.close();
    this.connection?.close();
    this.channel = this.connection = null;
  }
}

function bounded(sdp, bits) { // Chromium begins at 0.3 Mbit/s, and falls to it when a busy server's answers jitter
  const said = `x-google-start-bitrate=${Math.round(bits / 1500)};x-google-min-bitrate=${Math.round(Math.min(LEAST_BITS, bits / 2) / 1000)}`;
  return sdp.replace(/(m=video [^]*?)(?=m=|$)/g, (section) => { // other browsers pass over it
    const lines = section.split("\r\n");
    for (const [, type] of section.matchAll(/a=rtpmap:(\d+) (?:VP8|H264)\//g)) {
      const at = lines.findIndex((line) => line.startsWith(`a=fmtp:${type} `));
      if (at >= 0) lines[at] += `;${said}`;
      else lines.splice(lines.findIndex((line) => line.startsWith(`a=rtpmap:${type} `)) + 1, 0, `a=fmtp:${type} ${said}`);
    }
    return lines.join("\r\n");
  });
}

function gathered(connection) { // all candidates are in the offer: there is no other way to send them
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, GATHER_MS);
    connection.onicegatheringstatechange = () => { if (connection.iceGatheringState === "complete") resolve(); };
  });
}
