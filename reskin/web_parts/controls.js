/* The strength slider and the prompt box. Knows nothing of what is at the other end of `send`. */
class StrengthSlider {
  constructor(input, output, send) { // send(value) may return a promise; of many values only the newest follows
    this.input = input;
    this.output = output;
    this.isHeld = false; // by a hand: what the other end says of it is older
    input.oninput = () => {
      this.write(input.valueAsNumber);
      if (this.isHeld) return; // one is on its way
      this.isHeld = true;
      const follow = async () => {
        const value = input.valueAsNumber;
        try {
          await send(value);
        } catch { /* the page's state says so */ }
        setTimeout(() => (input.valueAsNumber === value ? (this.isHeld = false) : follow()), 80);
      };
      follow();
    };
  }

  show(value) {
    if (!this.isHeld) this.write(value);
  }

  write(value) {
    this.input.value = value;
    this.output.textContent = `${Math.round(value * 100)} %`;
  }
}

function onPrompt(form, input, button, send) { // send(text) may return a promise; the button waits for it
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    button.disabled = true;
    try {
      await send(text);
    } catch { /* the page's state says so */ }
    button.disabled = false;
  };
}
