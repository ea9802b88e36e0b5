/* The original over the skin: held, split with a line that can be dragged, or alone while the connection is away.

No flash limiter comes after this page, so a change of what is seen must be none by itself: the style fades it for
250 ms, for those too who asked for less motion, and one begins at most once in HOLD_OFF_MS. */
const HOLD_OFF_MS = 1000;

class Compare {
  constructor({ frame, skin, original, divider, hold, split, badge }) {
    Object.assign(this, { frame, skin, original, divider, hold, split, badge });
    this.isHeld = this.isSplit = this.isUntouched = false; // what is wished
    this.view = "skin"; // what is shown, and since when
    this.switchedMs = -HOLD_OFF_MS;
    hold.onpointerdown = (event) => { hold.setPointerCapture(event.pointerId); this.set({ isHeld: true }); };
    hold.onpointerup = hold.onpointercancel = hold.onblur = () => this.set({ isHeld: false });
    hold.onkeydown = ({ key, repeat }) => { if ((key === " " || key === "Enter") && !repeat) this.set({ isHeld: true }); };
    hold.onkeyup = () => this.set({ isHeld: false });
    hold.oncontextmenu = (event) => event.preventDefault(); // of a long touch
    split.onclick = () => this.set({ isSplit: !this.isSplit });
    divider.oninput = () => this.place();
    this.place();
  }

  set(change) {
    Object.assign(this, change);
    this.hold.setAttribute("aria-pressed", this.isHeld);
    this.split.setAttribute("aria-pressed", this.isSplit);
    this.follow();
  }

  follow() { // the wish that stands now, not those that came and went while the last switch was young
    const view = !this.original.srcObject ? "skin" : this.isHeld || this.isUntouched ? "original" : this.isSplit ? "split" : "skin";
    clearTimeout(this.timer);
    if (view === this.view) return;
    const waitsMs = this.switchedMs + HOLD_OFF_MS - performance.now();
    if (waitsMs > 0) return void (this.timer = setTimeout(() => this.follow(), waitsMs));
    this.switchedMs = performance.now();
    this.view = view;
    this.frame.classList.toggle("is-original", view === "original");
    this.frame.classList.toggle("is-split", view === "split");
    this.original.setAttribute("aria-hidden", view === "skin");
    this.divider.hidden = view !== "split";
    this.badge.hidden = view === "skin";
    this.badge.textContent = view === "split" ? "original | skin" : "original";
  }

  place() {
    this.frame.style.setProperty("--split", this.divider.value);
    this.divider.setAttribute("aria-valuetext", `${Math.round(this.divider.value * 100)} % original`);
  }

  reset() {
    this.set({ isHeld: false, isSplit: false, isUntouched: false });
  }
}
