// The page's socket: hints that something changed, and an honest word about the connection.
//
// startLive() dispatches `ecoa:hint` on document for every hint and whenever the socket opens: what happened since the
// page was made, while the server was away or while the page was paused has gone by unheard. What changed is pulled by the page; nothing of it travels here.

const RETRY_MS = [250, 500, 1000, 2000, 4000, 8000];
const PING_MS = 20_000;

/** How long to wait before attempt n (0-based), with jitter so that a restarted server is not stampeded. */
export function retryDelay(attempt, random = Math.random) {
  const base = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
  return base * (0.5 + random() * 0.5);
}

/** The socket's address for a project, beside the page's own. */
export function socketUrl(location, project) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/ws/live/?project=${encodeURIComponent(project)}`;
}

/** Keep a socket open for a project; returns { pause, resume, toggle, stop }. `onState` gets live, reconnecting, paused. */
export function startLive(project, { onState = () => {}, target = document } = {}) {
  let socket = null;
  let attempt = 0;
  let timer = 0;
  let paused = false;
  let stopped = false;

  const ring = (cursor) => target.dispatchEvent(new CustomEvent("ecoa:hint", { detail: { cursor } }));

  function open() {
    if (stopped || paused) return;
    socket = new WebSocket(socketUrl(window.location, project));
    socket.addEventListener("open", opened);
    socket.addEventListener("message", (event) => ring(JSON.parse(event.data).cursor));
    socket.addEventListener("close", closed);
  }

  function opened(event) {
    if (event.target !== socket) return;
    attempt = 0;
    onState("live");
    ring(null);
  }

  function closed(event) {
    if (event.target !== socket) return;
    socket = null;
    onState("reconnecting");
    if (event.code === 4403) {
      // No longer signed in or no longer a member: the page itself will say so.
      window.location.reload();
      return;
    }
    timer = window.setTimeout(open, retryDelay(attempt));
    attempt += 1;
  }

  const pings = window.setInterval(() => {
    if (socket?.readyState === WebSocket.OPEN) socket.send('"ping"');
  }, PING_MS);

  const online = () => {
    window.clearTimeout(timer);
    if (!socket) open();
  };
  window.addEventListener("online", online);

  // Closed while it still connects, a socket would be reported as failed in the reader's console.
  function close() {
    const leaving = socket;
    socket = null;
    if (leaving?.readyState === WebSocket.CONNECTING) leaving.addEventListener("open", () => leaving.close());
    else leaving?.close();
  }

  function pause() {
    paused = true;
    window.clearTimeout(timer);
    close();
    onState("paused");
  }

  function resume() {
    paused = false;
    onState("reconnecting");
    open();
  }

  onState("reconnecting");
  open();
  return {
    pause,
    resume,
    toggle: () => (paused ? resume() : pause()),
    stop() {
      stopped = true;
      window.clearTimeout(timer);
      window.clearInterval(pings);
      window.removeEventListener("online", online);
      close();
    },
  };
}
