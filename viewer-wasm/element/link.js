// The way to whoever draws: a WebSocket to the server or a worker of the page. Both say the same messages
// (docs/viewer-session.md); a socket that breaks is opened again with the same session.

export const SOCKET_PATH = "/viewer/v1/session";
export const PROTOCOL = "uptake.viewer.v1";
export const WORKER_PATH = "/viewer/element/local-worker.js";
const MAGIC = "UPTKPIC1";
/** Closed with these the conversation is over: the drawer said why. */
const FINAL_CODES = new Set([1000, 1008, 1009, 1003]);

/** Seconds to wait before the attempt of a number, from 0: quickly at first, then every 15 s. */
export function pause_s(attempt) {
  return Math.min(15, 0.5 * 2 ** attempt);
}

/** A picture's head and its coded bytes. Throws for what is none. */
export function parsePicture(buffer) {
  const bytes = new Uint8Array(buffer);
  const magic = String.fromCharCode(...bytes.subarray(0, 8));
  if (bytes.length < 12 || magic !== MAGIC) throw new Error(`expected a picture that begins with ${MAGIC}, found ${bytes.length} bytes`);
  const length = new DataView(buffer).getUint32(8, true);
  if (12 + length > bytes.length) throw new Error(`expected a head of ${length} bytes, found ${bytes.length - 12}`);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)));
  return { ...head, bytes: bytes.subarray(12 + length) };
}

/**
 * One conversation. `on` has `message(object)`, `picture(head)`, `state(name, detail)`:
 * `opening`, `open`, `lost` with `{again_in_s, attempt}`, `closed` with `{reason, snapshot}`: where it was, if that is known.
 */
export class Link {
  /** `kind` is `remote` or `local`; `opening()` gives the object of the first message. */
  constructor(kind, opening, on, make = { socket: newSocket, worker: newWorker }) {
    Object.assign(this, { kind, opening, on, make });
    this.attempt = 0;
    this.number = 0;
    this.waiting = new Map();
    this.isOver = false;
  }

  /** Opens the conversation; a socket that breaks is opened again. */
  connect() {
    clearTimeout(this.timer);
    if (this.isOver) return;
    this.on.state("opening", {});
    const carrier = this.kind === "local" ? this.make.worker() : this.make.socket();
    this.carrier = carrier;
    carrier.onopen = () => carrier === this.carrier && carrier.send(JSON.stringify({ open: this.opening() }));
    carrier.ontext = (text) => carrier === this.carrier && this.take(text);
    carrier.onbytes = (buffer) => carrier === this.carrier && this.takePicture(buffer);
    carrier.onend = (code, reason) => carrier === this.carrier && this.ended(code, reason);
  }

  take(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if ("answer" in message) this.answered(message);
    else if (message.closing) this.goodbye = message.closing;
    if (message.opened) {
      this.attempt = 0;
      this.isOpen = true;
      this.on.state("open", message.opened);
    }
    if (message.closing && this.kind === "local") this.ended(1000, message.closing.reason);
    this.on.message(message);
  }

  takePicture(buffer) {
    let picture;
    try {
      picture = parsePicture(buffer);
    } catch (error) {
      console.warn(error.message);
      return;
    }
    this.on.picture(picture);
  }

  answered(message) {
    const waits = this.waiting.get(message.answer);
    if (!waits) return;
    this.waiting.delete(message.answer);
    if ("refused" in message) waits.reject(new Error(message.refused));
    else waits.resolve(message.is);
  }

  ended(code, reason) {
    this.isOpen = false;
    this.carrier.close();
    this.carrier = null;
    for (const { reject } of this.waiting.values()) reject(new Lost());
    this.waiting.clear();
    const bye = this.goodbye;
    this.goodbye = null;
    if (this.isFinal(bye, code)) {
      this.isOver = true;
      this.on.state("closed", { reason: bye?.reason ?? reason ?? "", snapshot: bye?.snapshot ?? null });
      return;
    }
    const wait_s = bye?.again_in_s ?? pause_s(this.attempt);
    this.attempt += 1;
    this.on.state("lost", { again_in_s: wait_s, attempt: this.attempt });
    this.timer = setTimeout(() => this.connect(), wait_s * 1000);
  }

  /** Whether nothing is to be gained by trying again: what a page's own drawer cannot do another must. */
  isFinal(bye, code) {
    if (bye) return Boolean(bye.remote) || bye.again_in_s === undefined || bye.again_in_s === null;
    return this.kind === "local" || FINAL_CODES.has(code);
  }

  /** Tries again at once. */
  retry() {
    if (!this.carrier && !this.isOver) this.connect();
  }

  say(object) {
    if (this.isOpen) this.carrier.send(JSON.stringify(object));
    return Boolean(this.isOpen);
  }

  ask(question) {
    if (!this.isOpen) return Promise.reject(new Lost());
    this.number += 1;
    const number = this.number;
    const answer = new Promise((resolve, reject) => this.waiting.set(number, { resolve, reject }));
    this.carrier.send(JSON.stringify({ ask: number, for: question }));
    return answer;
  }

  close() {
    this.isOver = true;
    this.isOpen = false;
    clearTimeout(this.timer);
    const carrier = this.carrier;
    this.carrier = null;
    carrier?.close();
    for (const { reject } of this.waiting.values()) reject(new Lost());
    this.waiting.clear();
  }
}

/** The link broke before an answer came. */
export class Lost extends Error {
  constructor() {
    super("the link was lost");
    this.name = "Lost";
  }
}

function newSocket() {
  const address = new URL(SOCKET_PATH, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address, PROTOCOL);
  socket.binaryType = "arraybuffer";
  const carrier = { send: (text) => socket.readyState === 1 && socket.send(text), close: () => socket.close() };
  socket.onopen = () => carrier.onopen();
  socket.onmessage = ({ data }) => (typeof data === "string" ? carrier.ontext(data) : carrier.onbytes(data));
  socket.onclose = ({ code, reason }) => carrier.onend(code, reason);
  return carrier;
}

function newWorker() {
  const worker = new Worker(WORKER_PATH, { type: "module" });
  const carrier = { send: (text) => worker.postMessage(text), close: () => worker.terminate() };
  worker.onmessage = ({ data }) => (typeof data === "string" ? carrier.ontext(data) : carrier.onbytes(data));
  worker.onerror = (event) => carrier.onend(1011, event.message || "the worker could not be loaded");
  // What is posted before the worker listens waits for it.
  queueMicrotask(() => carrier.onopen());
  return carrier;
}
