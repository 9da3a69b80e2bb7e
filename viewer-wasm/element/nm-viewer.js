// <nm-viewer>: views of studies, drawn by the server or in the browser, with all that a reader needs around them.
//
//   <nm-viewer study="1.2.3 1.2.4" series="1.2.3.5" mode="auto" tools="full" lang="zh-CN"></nm-viewer>
//
// study    Study Instance UIDs, 1 to 5 with spaces between, the current one first
// series   shown alone
// mode     auto, local, remote: who draws
// tools    full, clinic, patient
// lang     zh-CN, en; else that of the page
// screen   1, 2: which of two screens; else `?screen=` of the page's address
// session  of somebody who lets others take part
// bytes    size of the studies, where the page knows it: for `auto`
//
// Events: nm-ready, nm-problem, nm-viewchange, nm-measure, nm-lesions, nm-keyimage, nm-film, nm-preference. What
// nm-preference tells the page keeps and gives back as the property `preferences`: the element stores nothing.

import { Viewer } from "./viewer.js";

const STYLE = new URL("./nm-viewer.css", import.meta.url);
let sheet = null;

/** The style sheet, loaded once for all viewers of a page. */
function style() {
  sheet ??= fetch(STYLE).then((answer) => answer.text()).then((text) => {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    return made;
  });
  return sheet;
}

export class NmViewer extends HTMLElement {
  static observedAttributes = ["study", "series", "mode", "tools", "lang", "session"];

  constructor() {
    super();
    this.shadow = this.attachShadow({ mode: "open", delegatesFocus: false });
    this.kept = {};
  }

  async connectedCallback() {
    const turn = (this.turn = {});
    const made = await style();
    // It may have been taken off the page meanwhile.
    if (turn !== this.turn || !this.isConnected) return;
    this.shadow.adoptedStyleSheets = [made];
    this.viewer = new Viewer(this, this.shadow, this.kept);
    this.viewer.start();
  }

  disconnectedCallback() {
    this.turn = null;
    this.viewer?.end();
    this.viewer = null;
  }

  attributeChangedCallback(name, before, now) {
    if (before === now || !this.viewer) return;
    if (name === "mode") this.viewer.switchTo(now ?? "auto");
    else this.viewer.restart();
  }

  /** What the reader prefers, as `nm-preference` told it: `{keys: […]}`. */
  get preferences() {
    return this.kept;
  }

  set preferences(kept) {
    this.kept = kept ?? {};
    this.viewer?.prefer(this.kept);
  }

  /** Does a command of `engine::session` on what is shown. */
  do(command) {
    this.viewer?.do(command);
  }

  /** Asks the drawer; see docs/viewer-session.md. */
  ask(question) {
    return this.viewer ? this.viewer.ask(question) : Promise.reject(new Error("the viewer is not on a page"));
  }
}

if (!customElements.get("nm-viewer")) customElements.define("nm-viewer", NmViewer);
