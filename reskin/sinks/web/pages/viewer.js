/* Draws the newest picture onto a canvas: a binary message is a header of 16 bytes and a JPEG, and is answered by its
   number, after which the server sends the newest again. Comes back by itself; black when there has been none for 2 s. */
function watch(canvas, onPicture = () => {}, onState = () => {}) {
  const HEADER_BYTES = 16, AGAIN_MS = 500, BLACK_MS = 2000;
  const pen = canvas.getContext("2d", { alpha: false });
  let blackTimer = 0;

  async function draw(message) {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(message, HEADER_BYTES)], { type: "image/jpeg" }));
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    pen.drawImage(bitmap, 0, 0);
    bitmap.close();
  }

  function connect() {
    const socket = new WebSocket(`ws://${location.host}/frames${location.search}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { clearTimeout(blackTimer); blackTimer = 0; onState(true); };
    socket.onmessage = async ({ data }) => {
      const header = new DataView(data);
      const number = Number(header.getBigUint64(0));
      try {
        await draw(data);
        onPicture(number, header.getFloat64(8), canvas);
      } finally {
        if (socket.readyState === WebSocket.OPEN) socket.send(String(number));
      }
    };
    socket.onclose = () => {
      onState(false);
      blackTimer ||= setTimeout(() => pen.clearRect(0, 0, canvas.width, canvas.height), BLACK_MS);
      setTimeout(connect, AGAIN_MS);
    };
  }
  connect();
}
