// What holds the parts of a viewer together: the link to the drawer, what it said, and who is told when that changes.

import { h } from "./dom.js";
import { Actions } from "./actions.js";
import { hasPanel, sizeOf } from "./bars.js";
import { decide, look } from "./capability.js";
import { cellsOf, fresh, fusedIn, take, ticks } from "./conversation.js";
import { coalesced } from "./gestures.js";
import { bindings, isOffered } from "./keys.js";
import { Keyboard } from "./keyboard.js";
import { Link, Lost, SOCKET_PATH } from "./link.js";
import { Menus } from "./menus.js";
import { Panels } from "./panels.js";
import { Pointer } from "./pointer.js";
import { SecondScreen } from "./second-screen.js";
import { Status } from "./status.js";
import { Strip } from "./strip.js";
import { Toolbar } from "./toolbar.js";
import { Views } from "./views.js";
import { words } from "./words.js";

const LOOK = { name: "uptake", mouse: [{ button: "left", tool: "window" }, { button: "middle", tool: "pan" }, { button: "right", tool: "zoom" }, { button: "wheel", tool: "scroll" }], keys: [] };
/** From this width on a screen is read from further away: letters and lines on images grow with the rest. */
const WALL = 2300;
const WALL_POINTS = 1.3;
/** What plays is moved on so often, at most. */
const TICK_S = 1 / 40;
/** Why a protocol was chosen: nothing to stop a reader with. */
const HANGS = / fits best, /;
/** How often a viewer that draws by itself is remembered, for when its device is lost. */
const REMEMBER_MS = 4000;
const SNAPSHOT_MS = 4000;
/** How long screen 2 waits for the first: its page may be on its way. */
const JOIN_MS = 8000;

export class Viewer extends Actions {
  constructor(host, shadow, kept) {
    super();
    Object.assign(this, { host, shadow, listeners: new Map(), turn: null, gestures: 0, waiting: [], cines: new Map(), layers: new Map() });
    Object.assign(this, { tool: null, active: null, solo: null, controls: null, marks: [], vois: [], keyImages: [], chosenVoi: null, chosenMark: null, slabKind: "maximum" });
    this.myKeys = kept.keys ?? [];
    this.state = fresh();
  }

  // The page's wishes

  get studies() { return (this.host.getAttribute("study") ?? "").split(/\s+/).filter(Boolean); }

  /** The session of somebody else that this one takes part in. */
  get invited() { return this.host.getAttribute("session"); }

  get form() {
    const wanted = this.host.getAttribute("tools");
    return ["clinic", "patient"].includes(wanted) ? wanted : "full";
  }

  get screen() {
    const told = this.host.getAttribute("screen") ?? new URLSearchParams(location.search).get("screen") ?? "1";
    return Math.max(0, (Number(told) || 1) - 1);
  }

  start() {
    this.mode = this.host.getAttribute("mode") ?? "auto";
    this.t = words(this.host.getAttribute("lang") ?? this.host.closest("[lang]")?.lang ?? navigator.language);
    this.isCoarse = matchMedia("(pointer: coarse)").matches;
    if (this.isCoarse) this.tool = "scroll";
    this.build();
    this.second ??= new SecondScreen(this.screen, {
      session: (session) => this.open(session),
      study: (studies) => this.host.setAttribute("study", studies.join(" ")),
      close: () => window.close(),
    });
    if (!this.studies.length) this.status.closed(this.t("no_studies"), false);
    else if (this.screen > 0) this.join();
    else this.open(this.invited);
  }

  /** Screen 2 waits for the first one's session. */
  join() {
    this.status.opening("second_screen_waiting");
    this.second.session = undefined;
    this.second.ask(this.studies);
    this.joinTimer = setTimeout(() => !this.link && this.open(), JOIN_MS);
  }

  build() {
    const { t } = this;
    this.size = null;
    this.root = h("section.viewer", { "aria-label": t("viewer"), lang: t.language, data: { form: this.form } });
    this.shadow.replaceChildren(this.root);
    this.menus = new Menus(this);
    this.views = new Views(this);
    this.status = new Status(this);
    this.toolbar = new Toolbar(this);
    this.strip = new Strip(this);
    this.panels = hasPanel(this.form) ? new Panels(this) : null;
    this.pointer = new Pointer(this);
    this.keyboard = new Keyboard(this);
    this.views.element.setAttribute("aria-label", t("views"));
    this.stage = h("div.stage", {}, this.views.element, this.status.over);
    this.root.append(this.toolbar.top, h("div.middle", {}, this.strip.element, this.stage, this.panels?.element ?? null), this.status.line, this.toolbar.bottom, this.menus.layer, this.status.toasts);
    this.sizer = new ResizeObserver(() => this.sized());
    this.sizer.observe(this.host);
    this.filled = () => this.tell("shown");
    document.addEventListener("fullscreenchange", this.filled);
    this.sized();
    if (!this.panels) for (const topic of ["active", "changed_controls"]) this.on(topic, () => this.askControls());
  }

  sized() {
    const { clientWidth: width, clientHeight: height } = this.host;
    const size = sizeOf(width, height, this.isCoarse);
    this.root.dataset.wide = width >= WALL ? "wall" : width >= 1640 ? "wide" : width >= 1440 ? "roomy" : "";
    this.views.points = width >= WALL ? WALL_POINTS : 1;
    if (size === this.size) return;
    this.size = size;
    this.root.dataset.size = size;
    this.menus.close(false);
    this.stripIsShown = size === "wide" && this.form === "full";
    this.panelIsShown = size === "wide" && Boolean(this.panels);
    this.arrangeSides();
    this.toolbar.build();
    if (this.state.layout) this.arrange();
  }

  arrangeSides() {
    this.strip.element.hidden = !this.stripIsShown;
    if (this.panels) this.panels.element.hidden = !this.panelIsShown;
    this.tell("shown");
  }

  restart() {
    this.stop();
    this.state = fresh();
    this.link = null;
    this.active = null;
    this.start();
  }

  /** Ends all but the tie to a second window, which follows to another study. */
  stop() {
    this.turn = null;
    this.link?.close();
    this.sizer?.disconnect();
    this.views?.observer.disconnect();
    this.keyboard?.end();
    this.status?.end();
    cancelAnimationFrame(this.ticking);
    clearInterval(this.remembering);
    clearTimeout(this.joinTimer);
    this.listeners.clear();
    document.removeEventListener("fullscreenchange", this.filled);
  }

  end() {
    this.stop();
    this.second?.close();
  }

  // The link

  async open(session = null, snapshot = null) {
    const bytes = this.host.getAttribute("bytes");
    const turn = (this.turn = {});
    const { where, why } = decide(await look(this.screen > 0 || this.invited ? "remote" : this.mode, bytes === null ? null : Number(bytes)));
    // It may have been stopped meanwhile, and be on the page again with another viewer.
    if (turn !== this.turn || !this.host.isConnected) return;
    this.connect(where, why, session, snapshot);
  }

  connect(where, why, session, snapshot) {
    Object.assign(this, { where, why });
    this.root.dataset.where = where;
    this.link?.close();
    this.views.begun();
    let joined = session;
    let restored = snapshot;
    const link = new Link(where, () => {
      const box = this.views.element.getBoundingClientRect();
      const opening = { studies: this.studies, screens: [[Math.round(box.width), Math.round(box.height)]], language: this.t.language };
      const series = this.host.getAttribute("series");
      if (series) opening.series = series;
      if (joined) opening.session = joined;
      if (restored) opening.snapshot = restored;
      return opening;
    }, {
      message: (message) => link === this.link && this.heard(message),
      picture: (picture) => link === this.link && this.pictured(picture),
      state: (name, detail) => {
        if (link !== this.link) return;
        if (name === "open") {
          joined = detail.session;
          restored = null;
        }
        this.linked(name, detail);
      },
    });
    this.link = link;
    link.connect();
  }

  linked(name, detail) {
    this.state.phase = name;
    this.root.dataset.phase = name;
    if (name === "opening") this.status.opening(this.state.layout ? "lost_now" : this.where === "local" ? "opening_local" : "opening");
    else if (name === "lost") this.lost(detail);
    else if (name === "closed") this.closed(detail.reason, detail.snapshot);
    else if (name === "open") this.status.open();
  }

  /** A link that cannot be opened again and again may be refused: whoever signed out is told so. */
  async lost({ again_in_s, attempt }) {
    this.status.lost(again_in_s);
    if (attempt < 2) return;
    const answer = await fetch(SOCKET_PATH, { redirect: "manual" }).catch(() => null);
    if (!answer || this.isOpen || !(answer.type === "opaqueredirect" || [401, 403].includes(answer.status))) return;
    this.link.close();
    this.linked("closed", { reason: this.t("signed_out") });
  }

  /** What draws in the page may fail: then the server goes on where it was. */
  closed(reason, snapshot) {
    if (this.where === "local" && this.screen === 0) {
      this.emit("nm-problem", { kind: "local-failed", reason });
      this.toast("drawer_why_failed");
      this.connect("remote", "failed", null, snapshot ?? this.remembered ?? null);
      return;
    }
    this.emit("nm-problem", { kind: "closed", reason });
    this.status.closed(reason, true);
  }

  get isOpen() { return Boolean(this.link?.isOpen); }

  say(object) { return this.link?.say(object) ?? false; }

  ask(question) { return this.link ? this.link.ask(question) : Promise.reject(new Lost()); }

  gesture() {
    this.gestures += 1;
    return this.gestures;
  }

  do(command, gesture) {
    this.flush();
    return this.say(gesture === undefined ? { do: command } : { do: command, gesture });
  }

  /** Of a movement: pieces are laid together and told once an image. */
  doSoon(command, gesture) {
    if (this.waitingGesture !== gesture) this.flush();
    this.waitingGesture = gesture;
    this.waiting = coalesced(this.waiting, command);
    this.flushing ??= requestAnimationFrame(() => {
      this.flushing = null;
      this.flush();
    });
  }

  flush() {
    const { waiting, waitingGesture } = this;
    this.waiting = [];
    for (const command of waiting) this.say({ do: command, gesture: waitingGesture });
  }

  rest() {
    this.flush();
    this.say({ rest: null });
  }

  heard(message) {
    if ("answer" in message) return;
    const topics = take(this.state, message);
    if (message.view) this.views.get(message.view.viewport)?.told(message.view);
    for (const topic of topics) this.changed(topic, message);
    for (const topic of topics) this.tell(topic, message);
  }

  changed(topic, message) {
    switch (topic) {
      case "opened": return this.opened();
      case "layout": return this.arrange();
      case "view": return this.viewChanged(message);
      case "empty": return this.views.get(message.empty.viewport)?.empty(message.empty.why);
      case "loading": return this.loaded(message.loading.series);
      case "remark": return this.views.get(message.remark.viewport)?.remarks(message.remark.texts);
      case "people": case "cursors": return this.views.redraw();
      case "note": return HANGS.test(message.note) ? undefined : this.status.toast(this.t.remark(message.note));
      case "refused": return this.refused(message.refused);
      case "changed_marks": return this.askList("marks", "marks", "nm-measure");
      case "changed_vois": return this.askList("vois", "vois", "nm-lesions");
      case "changed_key_images": return this.askList("key_images", "keyImages", "nm-keyimage");
      case "changed_film": return this.filmed();
      default: return undefined;
    }
  }

  filmed() {
    this.toast("film_changed");
    this.emit("nm-film", {});
  }

  async opened() {
    const { session, drawer } = this.state;
    this.root.dataset.drawer = drawer;
    this.second.opened(this.studies, session);
    // Before any view is told: a name is not to be seen even for a moment.
    if (this.host.getAttribute("patient") === "hidden") this.hidePatient(true);
    this.views.tellSizes();
    if (this.sharing) this.share(true);
    if (this.size === "phone") this.showFusedFirst();
    this.emit("nm-ready", { session, drawer, where: this.where, why: this.why });
    for (const [question, field, event] of [["marks", "marks", "nm-measure"], ["vois", "vois", "nm-lesions"], ["key_images", "keyImages", "nm-keyimage"]]) this.askList(question, field, event);
    clearInterval(this.remembering);
    if (this.where === "local") this.remembering = setInterval(() => this.remember(), REMEMBER_MS);
    const catalogue = await this.ask("catalogue").catch(() => null);
    if (!catalogue) return;
    this.catalogue = catalogue;
    this.colors = new Map(catalogue.palettes.map(({ name, colors }) => [name, colors]));
    this.tell("catalogue");
    this.tell("tool");
    if (this.screen > 0) this.addScreen();
  }

  /** Where there is room for one view, the fused one says most. */
  async showFusedFirst() {
    const snapshot = await this.ask("snapshot").catch(() => null);
    const fused = snapshot && fusedIn(snapshot);
    if (!fused || this.solo === null || this.hasChosenView || !this.viewNumbers.includes(fused)) return;
    this.activate(fused);
    this.arrange();
  }

  async remember() {
    this.remembered = await this.ask("snapshot").catch(() => this.remembered);
  }

  async askList(question, field, event) {
    const found = await this.ask(question).catch(() => null);
    if (!found) return;
    const before = this[field];
    this[field] = found;
    if (field === "vois") this.voisCame(before);
    this.tell(question);
    this.emit(event, found);
  }

  arrange() {
    const { cells } = cellsOf(this.state.layout, this.screen);
    const numbers = cells.map(({ viewport }) => viewport);
    if (!numbers.includes(this.active)) this.active = numbers.find((n) => this.state.views.has(n)) ?? numbers[0] ?? null;
    if (this.size === "phone" && !this.showsAll && numbers.length > 1) this.solo = this.active;
    else this.solo = null;
    this.views.arrange(this.state.layout, this.screen, this.solo);
    this.tell("active");
  }

  viewChanged(message) {
    const viewport = (message.view ?? message.empty).viewport;
    if (message.view && this.active === null) this.activate(viewport);
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => this.emit("nm-viewchange", { viewport, view: summary(this.state.views.get(viewport)) }), 150);
    this.tickOn();
  }

  loaded(series) {
    for (const view of this.state.views.values()) if (view.layers.some((layer) => layer.series === series)) this.views.get(view.viewport)?.label(view);
  }

  pictured(picture) {
    const view = this.views.get(picture.viewport);
    if (view) view.take(picture);
    else this.say({ shown: picture.picture });
  }

  painted(view, picture) {
    this.status.painted(view, picture);
    this.emitOnce("nm-painted", { viewport: view.number, fidelity: picture.fidelity });
  }

  /** What plays is moved on by the clock of the screen. */
  tickOn() {
    if (this.ticking || !ticks(this.state)) return;
    let last = performance.now();
    const step = (now) => {
      this.ticking = null;
      if (!ticks(this.state) || !this.isOpen) return;
      const elapsed_s = (now - last) / 1000;
      if (elapsed_s >= TICK_S) {
        last = now;
        this.say({ do: { tick: { elapsed_s: Math.min(1, elapsed_s) } } });
      }
      this.ticking = requestAnimationFrame(step);
    };
    this.ticking = requestAnimationFrame(step);
  }

  /** Another drawer with the same view. */
  async switchTo(mode) {
    this.mode = mode;
    const bytes = this.host.getAttribute("bytes");
    const { turn } = this;
    const { where, why } = decide(await look(mode, bytes === null ? null : Number(bytes)));
    if (turn !== this.turn) return;
    this.why = why;
    this.tell("opened");
    if (where !== "local" && mode === "local") this.toast(`drawer_why_${why}`);
    if (where === this.where || !this.link) return;
    const late = new Promise((resolve) => setTimeout(() => resolve(null), SNAPSHOT_MS));
    const snapshot = await Promise.race([this.ask("snapshot").catch(() => null), late]);
    this.connect(where, why, null, snapshot ?? this.remembered ?? null);
  }

  // Who is told what

  /** Calls when a topic changes; gives what ends it. */
  on(topic, call) {
    this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), call]);
    return () => this.listeners.set(topic, (this.listeners.get(topic) ?? []).filter((one) => one !== call));
  }

  tell(topic, message = {}) { for (const call of this.listeners.get(topic) ?? []) call(message); }

  emit(name, detail) { this.host.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })); }

  emitOnce(name, detail) {
    this.once ??= new Set();
    if (this.once.has(name)) return;
    this.once.add(name);
    this.emit(name, detail);
  }

  toast(key, values) { this.status.toast(this.t(key, values)); }

  refused(text) { this.status.toast(this.t("refused", { why: this.t.refusal(text) }), "refused"); }

  problem(error) { if (!(error instanceof Lost)) this.refused(error.message); }

  // What is looked up

  get look() { return this.catalogue?.looks.find(({ name }) => name === this.state.layout?.look) ?? LOOK; }

  get mouse() { return this.look.mouse ?? LOOK.mouse; }

  get bindings() { return bindings(this.look.keys, this.myKeys).filter(({ command }) => isOffered(this.form, command)); }

  get activeView() { return this.state.views.get(this.active); }

  get isShared() { return Object.keys(this.state.people.participants).length > 1; }
}

function summary(view) {
  if (!view) return null;
  const { marks, turn, picture_changes, ...rest } = view;
  return rest;
}
