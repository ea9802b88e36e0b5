/* Every state of the page in words: { title, text, pill, kind, action?, sources?, heard? }; heard is
   what is read aloud instead of a text that counts seconds. Knows nothing of how it came about. */
const PRIVATE = "Your picture goes to this server and back. It is not stored, and nobody else is sent it. Sound stays here.";

const WORDS = {
  idle: ({ canShare = true }) => ({
    title: "See your game in another world", pill: "ready", sources: true, small: PRIVATE,
    text: `${canShare ? "Share its window, a tab or your camera" : "Point the camera at it, or at anything else"}, and it is painted in the theme that you pick, live.`,
  }),
  "no-link": () => ({
    title: "This page needs its whole link", pill: "no link", kind: "off",
    text: "Open the link that “reskin serve” printed. It ends in a token, which says that you may come in.",
  }),
  insecure: () => ({
    title: "This needs a safe connection", pill: "not safe", kind: "off",
    text: "Browsers give a page the camera or the screen only over https, or on the machine itself. Open the link that begins with https.",
  }),
  "no-camera": () => ({
    title: "This browser has no camera for pages", pill: "not possible", kind: "off",
    text: "It may be a part of another app. Open the link in Safari, Chrome or Firefox itself.",
  }),
  unsupported: () => ({
    title: "This browser cannot do it", pill: "not possible", kind: "off",
    text: "It has no live video for pages (WebRTC). Chrome, Edge, Firefox and Safari of the last years have.",
  }),
  asking: ({ kind }) => ({
    title: kind === "camera" ? "Allow the camera" : "Choose what to share", pill: "waiting for you",
    text: kind === "camera" ? "The browser asks whether this page may use it." : "The browser asks which window, tab or screen. Leave this page itself out of the picture.",
  }),
  connecting: () => ({ title: "Connecting", text: "The engine is getting ready.", pill: "connecting", isBusy: true, action: "Cancel" }),
  queued: ({ place, inS }) => ({
    title: place > 1 ? `You are number ${place} in the queue` : "You are next", pill: `queue: ${place}`, isBusy: true, heard: "",
    text: inS > 0 ? `All places are taken. This page asks again in ${inS} s by itself.` : "Asking again.", action: "Leave the queue",
  }),
  busy: ({ text, inS }) => ({
    title: "Not just yet", pill: "waiting", isBusy: true, action: "Stop trying", heard: text, text: `${text}${inS > 0 ? ` (again in ${inS} s)` : ""}`,
  }),
  lost: ({ inS }) => ({
    title: "Connection lost", pill: "reconnecting", kind: "off", isBusy: true, isSmall: true, heard: "",
    text: inS > 0 ? `You see the original. Trying again in ${inS} s, with the same session.` : "You see the original. Trying again now, with the same session.",
  }),
  blocked: ({ inS }) => ({
    title: "The picture does not come through", pill: "blocked", kind: "off", isBusy: true, heard: "The way for the video is shut. Trying again.",
    text: `The server answers, but the way for the video (UDP) is shut: another network or a VPN may be between. Trying again${inS > 0 ? ` in ${inS} s` : ""}.`, action: "Stop trying",
  }),
  away: ({ inS }) => ({
    title: "The server does not answer", pill: "no server", kind: "off", isBusy: true, heard: "Trying again.",
    text: `It may be starting, or you are offline. Trying again${inS > 0 ? ` in ${inS} s` : " now"}.`, action: "Stop trying",
  }),
  expired: () => ({
    title: "This link has expired", pill: "link expired", kind: "off",
    text: "Ask whoever runs the server for a new one, and open it: this page goes on from there.",
  }),
  forbidden: ({ text }) => ({
    title: "This link does not allow that", pill: "not allowed", kind: "off", text: text || "It is for something else. Ask for another.",
  }),
  refused: ({ text }) => ({ title: "The server refused", pill: "refused", kind: "off", text, action: "Try again" }),
  ended: ({ text }) => ({ title: "It has ended", pill: "ended", sources: true, text: text || "Share again whenever you like." }),
  "watch-wait": () => ({ title: "Nothing to see yet", text: "This page comes on by itself when the player does.", pill: "waiting", isBusy: true }),
  "watch-ended": () => ({ title: "You do not watch any more", text: "The player plays on, or will.", pill: "ended", kind: "off", action: "Watch again" }),
  live: () => ({ pill: "live", kind: "on" }),
};

const SOURCE_TROUBLE = {
  NotAllowedError: {
    camera: ["The camera was not allowed", "Allow it beside the address (the camera or the lock), then try again."],
    screen: ["Nothing was shared", "Choose a window, a tab or a screen, and share it. On a Mac, the system too must let the browser record the screen."],
  },
  NotFoundError: { camera: ["No camera found", "Plug one in or switch it on, or share a window instead."], screen: ["Nothing to share was found", "Try the camera instead."] },
  NotReadableError: {
    camera: ["The camera does not answer", "Another program may be using it: close that, then try again."],
    screen: ["That could not be grabbed", "The system refused. Try another window, or the whole screen."],
  },
};

function sourceTrouble(error, kind) {
  const [title, text] = SOURCE_TROUBLE[error.name]?.[kind] ?? ["That did not work", `${error.name}: ${error.message}`];
  return { title, text, pill: "no picture", kind: "off", sources: true };
}
