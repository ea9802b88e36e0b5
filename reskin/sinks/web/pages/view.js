watch(document.getElementById("screen"), (number, sent) =>
  window.dispatchEvent(new CustomEvent("reskin-picture", { detail: { number, sent } })));
