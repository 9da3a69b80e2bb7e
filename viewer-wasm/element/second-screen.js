// A second window for dual-screen reading: it takes part in the first one's session and shows screen 2. Windows of one
// page keep in step by a channel; only session numbers and study UIDs go over it.

const CHANNEL = "uptake.viewer";

/** A window's place on another screen, for `window.open`. */
export function featuresOf({ availLeft, availTop, availWidth, availHeight }) {
  return `popup,left=${availLeft},top=${availTop},width=${availWidth},height=${availHeight}`;
}

/** The address of the same page for screen 2. */
export function secondAddress(address) {
  const url = new URL(address);
  url.searchParams.set("screen", "2");
  return url.toString();
}

export class SecondScreen {
  /** `on` has `session(name)` in a second window, `study(studies, session)`, `close()`. */
  constructor(number, on) {
    Object.assign(this, { number, on });
    if (!("BroadcastChannel" in window)) return;
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => this.heard(data);
  }

  heard({ ask, says, studies, session, closes }) {
    if (this.number === 0 && ask === "session" && this.session && this.isSame(studies)) this.channel.postMessage({ says: "session", session: this.session, studies: this.studies });
    if (this.number > 0 && says === "session" && !this.session && this.isSame(studies)) {
      this.session = session;
      this.on.session(session);
    }
    if (this.number > 0 && says === "study" && session !== this.session) this.on.study(studies, session);
    if (this.number > 0 && closes && closes === this.session) this.on.close();
  }

  isSame(studies) {
    return studies.join() === this.studies?.join();
  }

  /** Asks the first window for its session. */
  ask(studies) {
    this.studies = studies;
    this.channel?.postMessage({ ask: "session", studies });
  }

  /** The first window has a session; a second one that is open follows. */
  opened(studies, session) {
    const isNew = this.session !== undefined && this.session !== session;
    this.studies = studies;
    // Screen 2 has the first one's, or one of its own until the first one's is heard of.
    if (this.number > 0) return;
    this.session = session;
    this.channel?.postMessage({ says: isNew ? "study" : "session", studies, session });
  }

  /** Opens the second window on another screen where the browser tells of one. Says whether it opened. */
  async open() {
    const details = await window.getScreenDetails?.().catch(() => null);
    const other = details?.screens.find((one) => one !== details.currentScreen);
    const place = other ?? { availLeft: screen.availLeft ?? 0, availTop: screen.availTop ?? 0, availWidth: Math.round(screen.availWidth * 0.8), availHeight: Math.round(screen.availHeight * 0.8) };
    this.window = window.open(secondAddress(location.href), "uptake-viewer-2", featuresOf(place));
    return Boolean(this.window);
  }

  close() {
    if (this.number === 0 && this.session) this.channel?.postMessage({ closes: this.session });
    this.channel?.close();
    this.channel = null;
  }
}
