/* A line of milliseconds with bars below, newest at the right. samples: [{ line, bar }], line in ms, bar from 0 to 1. */
function plot(canvas, samples, kept) {
  const scale = devicePixelRatio, w = canvas.clientWidth, h = canvas.clientHeight;
  if (!w || !h) return; // folded away
  canvas.width = w * scale;
  canvas.height = h * scale;
  const pen = canvas.getContext("2d");
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  pen.scale(scale, scale);
  pen.font = "11px system-ui";
  const most = Math.max(60, ...samples.map((sample) => sample.line)) * 1.1;
  const left = 40, y = (ms) => h - 4 - (h - 12) * (ms / most), step = (w - left) / (kept - 1);
  const x = (index) => w - (samples.length - 1 - index) * step;
  for (let ms = 0; ms < most; ms += most > 300 ? 200 : most > 150 ? 100 : most > 90 ? 50 : 20) {
    pen.fillStyle = color("--line");
    pen.fillRect(left, y(ms), w - left, 1);
    pen.fillStyle = color("--soft");
    pen.fillText(ms ? `${ms} ms` : "0", 0, Math.min(h - 1, y(ms) + 4));
  }
  pen.fillStyle = color("--bad");
  samples.forEach(({ bar }, index) => {
    const height = Math.min(1, bar) * (h - 12);
    if (bar) pen.fillRect(x(index) - step / 2, h - 4 - height, Math.max(2, step), height);
  });
  pen.strokeStyle = color("--accent");
  pen.lineWidth = 1.5;
  pen.beginPath();
  samples.forEach(({ line }, index) => pen.lineTo(x(index), y(line)));
  pen.stroke();
}
