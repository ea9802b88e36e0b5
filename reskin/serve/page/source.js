/* What the player shares: a window, a tab, a screen or a camera. Knows nothing of where it goes. */
const RATE = { ideal: 30, max: 30 }; // the engine paints 24 a second; but what is ideal becomes the most, and Chromium drops what comes sooner
const CAMERA_SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
const GAME_CAMERAS = /capture|hdmi|cam link|virtual|obs/i; // by their names
const SCREEN = {
  video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: RATE },
  audio: { suppressLocalAudioPlayback: false, echoCancellation: false, noiseSuppression: false, autoGainControl: false }, // recorded, never sent
  selfBrowserSurface: "exclude", surfaceSwitching: "include", systemAudio: "include", // where the browser knows them
};

class Source {
  constructor(onEnd, onPaused = () => {}) { // the player, or the system, ended it; the system took the camera, or gave it back
    Object.assign(this, { onEnd, onPaused });
    this.kind = null; // "camera", "screen"
    this.camera = { facingMode: { ideal: "user" } }; // the one that is wanted
    this.stream = null;
  }

  static get canShare() { return !!navigator.mediaDevices?.getDisplayMedia && !/Android/.test(navigator.userAgent); } // Firefox there has it, and it always fails

  static get isPossible() { return !!navigator.mediaDevices?.getUserMedia; }

  get track() { return this.stream?.getVideoTracks()[0] ?? null; }

  get sound() { return this.stream?.getAudioTracks()[0] ?? null; }

  get isSelfie() { // of a face, and so mirrored on the screen; what brings a game's picture in is none
    return this.kind === "camera" && this.track?.getSettings().facingMode !== "environment" && !GAME_CAMERAS.test(this.track.label);
  }

  async open(kind, camera = this.camera) { // raises what the browser raises
    const stream = kind === "camera" ? await this.openCamera(camera) : await navigator.mediaDevices.getDisplayMedia(SCREEN);
    this.close();
    this.kind = kind;
    this.camera = camera;
    this.stream = stream;
    this.track.contentHint = "detail"; // at "motion" Chromium's H.264 leaves out a tenth of the frames, to keep its bits even
    const track = this.track;
    track.onended = () => { if (track === this.track) this.onEnd(); };
    if (kind !== "camera") return; // a window that is minimised may pause as well
    track.onmute = () => { if (track === this.track) this.onPaused(true); };
    track.onunmute = () => { if (track === this.track) this.onPaused(false); };
  }

  async openCamera(camera) {
    if (this.kind === "camera") this.close(); // a phone opens one at a time
    const video = { ...camera, frameRate: RATE, ...CAMERA_SIZE };
    try {
      return await navigator.mediaDevices.getUserMedia({ video });
    } catch (error) {
      if (error.name !== "OverconstrainedError") throw error;
      return navigator.mediaDevices.getUserMedia({ video: true });
    }
  }

  async otherCamera() { // a phone with many has a front and a back; else the next one, for a PC's cameras face nowhere
    const { facingMode, deviceId } = this.track?.getSettings() ?? {};
    const ids = (await this.cameras()).map((camera) => camera.deviceId);
    if (facingMode && ids.length > 2) return { facingMode: { ideal: facingMode === "user" ? "environment" : "user" } };
    return ids.length ? { deviceId: { exact: ids[(ids.indexOf(deviceId) + 1) % ids.length] } } : this.camera;
  }

  async hasMoreCameras() { return (await this.cameras()).length > 1; }

  async cameras() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = track.onmute = track.onunmute = null;
      track.stop();
    }
    this.stream = null;
    this.kind = null;
  }
}
