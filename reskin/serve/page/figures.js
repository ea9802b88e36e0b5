/* What the connection costs, once a second. How far the picture is behind the original is a sum of what the browser and
   the server measure (coding, the way there and back, the engine, waiting), so it is called "about". */
class Figures {
  constructor(link) {
    this.link = link;
    this.before = null;
    this.server = null; // what it said last: { fps, dropped, engine_ms_p50, ... }
  }

  reset() { this.before = this.server = null; }

  async read() { // null until there are two readings of one connection
    const connection = this.link.connection;
    if (!connection) return null;
    const now = { connection, atMs: performance.now(), dropped: this.server?.dropped ?? 0 };
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "video") now.in = report;
      if (report.type === "outbound-rtp" && report.kind === "video") now.out = report;
      if (report.type === "media-source" && report.kind === "video") now.source = report;
    }
    const before = this.before?.connection === connection ? this.before : null;
    this.before = now;
    if (!before?.in || !now.in) return null;
    const seconds = (now.atMs - before.atMs) / 1000;
    const per = (kind, sum, count) => { // ms for each one that was counted since the reading before
      const counted = (now[kind]?.[count] ?? 0) - (before[kind]?.[count] ?? 0);
      return counted > 0 ? (1000 * (now[kind][sum] - before[kind][sum])) / counted : 0;
    };
    const waited = now.in.totalProcessingDelay !== undefined
      ? per("in", "totalProcessingDelay", "framesDecoded")
      : per("in", "jitterBufferDelay", "jitterBufferEmittedCount") + per("in", "totalDecodeTime", "framesDecoded");
    const tripMs = this.link.tripMs, engineMs = this.server?.engine_ms_p50 ?? null;
    return {
      fps: (now.in.framesDecoded - before.in.framesDecoded) / seconds,
      givenFps: before.source?.frames === undefined || now.source?.frames === undefined ? null // this browser does not count
        : Math.max(0, now.source.frames - before.source.frames) / seconds,
      tripMs, engineMs,
      latencyMs: tripMs === null || (now.out && engineMs === null) ? null
        : per("out", "totalEncodeTime", "framesEncoded") + (now.out ? tripMs + engineMs : tripMs / 2) + waited,
      dropped: Math.max(0, now.dropped - before.dropped),
      droppedInAll: now.dropped,
      w: now.in.frameWidth, h: now.in.frameHeight, sentW: now.out?.frameWidth, sentH: now.out?.frameHeight,
      upMbit: now.out ? ((now.out.bytesSent - before.out.bytesSent) * 8e-6) / seconds : 0,
      downMbit: ((now.in.bytesReceived - before.in.bytesReceived) * 8e-6) / seconds,
    };
  }
}
