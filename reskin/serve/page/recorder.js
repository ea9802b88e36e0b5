/* The painted picture to a file on this device, with the sound of what is shared. Knows nothing of where it comes from. */
const FILE_KINDS = [
  ["video/mp4;codecs=avc3.42E028,mp4a.40.2", "mp4"], ["video/mp4;codecs=avc3.42E028,opus", "mp4"], // avc3 carries a change of size
  ["video/mp4;codecs=avc1.42E01F,mp4a.40.2", "mp4"], ["video/mp4;codecs=avc1.42E01F,opus", "mp4"],
  ["video/webm;codecs=vp9,opus", "webm"], ["video/webm;codecs=vp8,opus", "webm"], ["video/webm", "webm"], ["video/mp4", "mp4"],
];
const MOST_BYTES = 2e9; // it lies in this device's memory until it is saved
const PIECE_MS = 1000;

class FileRecorder {
  constructor({ changed, saved, failed }) { // changed(): begun, a second more, ended; saved(name, bytes); failed(text)
    Object.assign(this, { changed, saved, failed });
    this.recorder = null;
  }

  static get isPossible() { return typeof MediaRecorder === "function"; }

  get isOn() { return this.recorder !== null; }

  get told() { // minutes and seconds
    const s = Math.floor((performance.now() - this.beganMs) / 1000);
    return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  }

  start(picture, sound, name) { // MediaStreamTracks; sound may be null
    const [kind, ending] = FILE_KINDS.find(([text]) => MediaRecorder.isTypeSupported(text)) ?? [undefined, "webm"];
    const { width = 1280, height = 720 } = picture.getSettings();
    const videoBitsPerSecond = Math.max(2.5e6, Math.round((width * height * 24) / 3));
    const pieces = [], ticking = setInterval(this.changed, PIECE_MS);
    let recorder;
    try {
      recorder = new MediaRecorder(new MediaStream(sound ? [picture, sound] : [picture]), { mimeType: kind, videoBitsPerSecond });
    } catch (error) {
      clearInterval(ticking);
      this.failed(`This browser cannot record that: ${error.message}`);
      return;
    }
    recorder.ondataavailable = ({ data }) => {
      pieces.push(data);
      this.bytes += data.size;
      if (this.bytes > MOST_BYTES) this.stop();
    };
    recorder.onerror = ({ error }) => this.failed(`Recording stopped: ${error?.message ?? "the browser gave it up"}`);
    recorder.onstop = () => { // also when the picture's track ended: what there is, is saved
      if (this.recorder === recorder) this.recorder = null;
      clearInterval(ticking);
      this.save(new Blob(pieces, { type: recorder.mimeType }), `${name}-${stamp()}.${ending}`);
      this.changed();
    };
    this.recorder = recorder;
    this.bytes = 0;
    this.beganMs = performance.now();
    recorder.start(PIECE_MS); // an mp4's pieces come later, from whole picture to whole picture
    this.changed();
  }

  stop() {
    if (this.recorder && this.recorder.state !== "inactive") this.recorder.stop();
  }

  save(blob, name) {
    if (!blob.size) return this.failed("Nothing was recorded.");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.saved(name, blob.size);
  }
}

function stamp() {
  const now = new Date(), two = (value) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
