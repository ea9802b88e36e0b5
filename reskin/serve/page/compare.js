/* The original over the skin: held, split with a line that can be dragged, or alone while the connection is away. */
class Compare {
  constructor({ frame, skin, original, divider, hold, split, badge }) {
    Object.assign(this, { frame, skin, original, divider, hold, split, badge });
    this.isHeld = this.isSplit = this.isUntouched = false;
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
    const has = !!this.original.srcObject;
    const shows = has && (this.isHeld || this.isUntouched);
    const splits = has && this.isSplit && !shows;
    this.frame.classList.toggle("is-original", shows);
    this.frame.classList.toggle("is-split", splits);
    this.divider.hidden = !splits;
    this.badge.hidden = !shows && !splits;
    this.badge.textContent = splits ? "original | skin" : "original";
    this.hold.setAttribute("aria-pressed", this.isHeld);
    this.split.setAttribute("aria-pressed", this.isSplit);
  }

  place() {
    this.frame.style.setProperty("--split", this.divider.value);
    this.divider.setAttribute("aria-valuetext", `${Math.round(this.divider.value * 100)} % original`);
  }

  reset() {
    this.set({ isHeld: false, isSplit: false, isUntouched: false });
  }
}
