// What a reader does, as commands: shared by bars, menus, keys, lists and the strip.

import { curveTarget, fusable, isSpatial, kindName, kindValue, protocolsFor, showing, cellsOf } from "./conversation.js";
import { consultationDialog } from "./consultation.js";
import { copyText, exportPng } from "./export.js";
import { toolOf, twoOrThree } from "./gestures.js";
import { askText, keysDialog } from "./keys-dialog.js";
import { PROTOCOLS } from "./words-images.js";
import { keyText, told } from "./keys.js";

const INVERTED = "_inverted";
const UPTAKE = ["PT", "NM"];

export class Actions {
  // Views

  activate(number) {
    if (this.active === number) return;
    this.active = number;
    this.views.activate(number);
    this.tell("active");
  }

  /** Views of this screen in the order of their cells. */
  get viewNumbers() { return cellsOf(this.state.layout, this.screen).cells.map(({ viewport }) => viewport); }

  get placeAmongViews() { return { place: Math.max(0, this.viewNumbers.indexOf(this.active)), views: this.viewNumbers.length }; }

  nextView(by = 1) {
    const numbers = this.viewNumbers;
    if (!numbers.length) return;
    const next = numbers[(numbers.indexOf(this.active) + by + numbers.length) % numbers.length];
    this.hasChosenView = true;
    this.activate(next);
    if (this.solo !== null) this.arrange();
    this.views.get(next)?.element.focus({ preventScroll: true });
  }

  maximize(number) {
    if (this.size === "phone") {
      this.showsAll = !this.showsAll;
      this.arrange();
      return;
    }
    const isAlone = this.state.layout?.maximized === number;
    this.do({ maximize: { viewport: isAlone ? null : number } });
  }

  get hasVolume() {
    const key = this.activeView?.layers[0]?.series;
    return Boolean(this.state.series.find((one) => one.key === key)?.is_volume);
  }

  get canFuse() { return this.active !== null && fusable(this.state.series) !== null; }

  showSeries(series, { viewport = this.active, overlay = false } = {}) {
    if (viewport === null || !series) return;
    const view = this.state.views.get(viewport);
    const shown = view?.layers.map((layer) => layer.series) ?? [];
    const lays = overlay && shown.length && !shown.includes(series.key);
    const how = lays ? { kind: kindValue(view.kind), series: [...shown, series.key] } : showing(series, view);
    this.activate(viewport);
    this.do({ show: { viewport, ...how } });
    if (this.size === "phone") this.showStrip(false);
  }

  /** The series before or after the one in the view, as the strip has them. */
  stepSeries(by) {
    const all = [...this.strip.cards.keys()];
    const at = all.indexOf(this.activeView?.layers[0]?.series);
    const next = this.state.series.find(({ key }) => key === all[at + by]);
    if (next) this.showSeries(next);
  }

  showPlane(axis) {
    const view = this.activeView;
    if (!view) return;
    const { viewport } = view;
    const gesture = this.gesture();
    if (kindName(view.kind) !== "plane") this.do({ set_kind: { viewport, kind: "plane" } }, gesture);
    this.do({ set_axis: { viewport, axis } }, gesture);
  }

  /** Shows as a kind; a kind in space a second time goes back to planes. */
  showKind(kind) {
    const view = this.activeView;
    if (!view) return;
    const isThere = kindName(view.kind) === kindName(kind) && isSpatial(kind);
    this.do({ set_kind: { viewport: view.viewport, kind: isThere ? "plane" : kind } });
  }

  showFused() {
    const view = this.activeView;
    const shown = view?.layers.map(({ series }) => series) ?? [];
    const viewport = this.active;
    const kind = view && kindName(view.kind) === "plane" ? "plane" : "plane";
    if (shown.length > 1) {
      this.do({ show: { viewport, kind, series: [shown[0]] } });
      return;
    }
    const pair = fusable(this.state.series, shown);
    if (pair) this.do({ show: { viewport, kind, series: pair, axis: view && kindName(view.kind) === "plane" ? undefined : "axial" } });
  }

  /** Lays a curved plane along points of a view into another: an empty one where there is one, else the next. */
  showCurve(from, points) {
    const numbers = this.viewNumbers;
    const viewport = curveTarget(numbers, from, (n) => this.state.views.has(n));
    this.do({ show_curve: { viewport, from, points, straightened: false } });
    this.chooseTool(this.tool);
    if (viewport !== from) this.toast("curve_shown", { n: numbers.indexOf(viewport) + 1 });
  }

  twoOrThree() { if (this.activeView) this.do(twoOrThree(this.activeView)); }

  setLayout(rows, columns) {
    if (!(rows >= 1 && columns >= 1)) return;
    this.showsAll = true;
    this.do({ set_layout: { layout: { name: `${rows}x${columns}`, rows, columns }, screen: this.screen } });
  }

  hang(protocol) {
    const box = this.views.element.getBoundingClientRect();
    this.do({ hang: { studies: this.studies, protocol, screens: [[Math.round(box.width), Math.round(box.height)]] } });
  }

  /** Screen 2 has views of its own. */
  addScreen() {
    if (this.state.layout && !this.state.layout.screens[this.screen]) this.do({ set_layout: { layout: { name: "1x1", rows: 1, columns: 1 }, screen: this.screen } });
  }

  // Layers

  /** The layer that windows and palettes are for: the chosen one, else the uppermost. */
  layerOf(view) {
    const chosen = this.layers.get(view.viewport);
    return chosen !== undefined && chosen < view.layers.length ? chosen : Math.max(0, view.layers.length - 1);
  }

  chooseLayer(viewport, layer) {
    this.layers.set(viewport, layer);
    this.tell("active");
  }

  uptakeLayer(viewport) {
    const view = this.state.views.get(viewport);
    const found = view.layers.findIndex(({ modality }) => UPTAKE.includes(modality));
    return found < 0 ? this.layerOf(view) : found;
  }

  /** The window that a layer is drawn with, set or usual; null before its voxels come. */
  windowNow(viewport, layer) {
    const of = this.state.views.get(viewport)?.layers[layer];
    return of?.window ? { limits: of.window, center: of.window_center, width: of.window_width } : null;
  }

  /** The palette of a layer, for its colours in the list; the usual one where none is said. */
  usualPalette(viewport, layer) {
    const of = this.state.views.get(viewport)?.layers[layer];
    if (of?.palette) return of.palette;
    if (!UPTAKE.includes(of?.modality)) return "gray";
    return layer > 0 ? "hot_iron" : "gray_inverted";
  }

  colorsOf(name) {
    if (!name || !this.colors) return null;
    if (this.colors.has(name)) return this.colors.get(name);
    const plain = name.endsWith(INVERTED) ? this.colors.get(name.slice(0, -INVERTED.length)) : null;
    return plain ? [...plain].reverse() : null;
  }

  /** What lies around a body, in the colour that the lowest layer gives to nothing; renderings stand on black. */
  colorOfNothing(viewport) {
    const view = this.state.views.get(viewport);
    if (kindName(view.kind) === "rendering") return "#000000";
    const name = this.usualPalette(viewport, 0);
    const colors = this.colorsOf(name) ?? (name.endsWith(INVERTED) ? ["#ffffff", "#000000"] : ["#000000", "#ffffff"]);
    return colors.at(view.layers[0].is_inverted ? -1 : 0);
  }

  /** The view whose mix the simple bar sets: the active one, else the first that is fused. */
  get fusedView() {
    const isFused = (view) => view?.layers.length > 1;
    return isFused(this.activeView) ? this.activeView : [...this.state.views.values()].find(isFused);
  }

  setRatio(ratio, gesture) {
    const view = this.fusedView;
    if (view) this.doSoon({ set_ratio: { viewport: view.viewport, ratio } }, gesture);
  }

  async askControls() {
    const viewport = this.active;
    this.controls = this.state.views.has(viewport) ? await this.ask({ controls: { viewport } }).catch(() => this.controls) : null;
    this.tell("controls");
  }

  // Tools

  get usedTool() { return this.tool ?? toolOf(0, [], this.mouse); }

  chooseTool(name) {
    this.tool = name === this.tool ? (this.isCoarse ? "scroll" : null) : name;
    this.pointer.drawn.cancel();
    this.root.dataset.tool = this.usedTool;
    this.tell("tool");
  }

  drawingDone() { this.tell("tool"); }

  /** A place of the body under a spot, LPS mm. */
  async placeOf(viewport, at) {
    const { figures } = await this.ask({ probe: { viewport, at } });
    const place = ["x", "y", "z"].map((name) => figures.find((figure) => figure.name === name)?.value);
    if (place.some((value) => value === undefined)) throw new Error(this.t("no_place"));
    return place;
  }

  // Volumes and marks

  voisCame(before) {
    this.chosenVoi = this.vois.find((one) => one.is_selected)?.voi ?? (this.vois.some(({ voi }) => voi === this.chosenVoi) ? this.chosenVoi : null);
    const known = new Set(before.map(({ voi }) => voi));
    const news = this.vois.filter(({ voi }) => !known.has(voi));
    if (news.length !== 1) return;
    this.chosenVoi = news[0].voi;
    const wanted = this.voiWanted;
    this.voiWanted = null;
    wanted?.(this.chosenVoi);
  }

  whenVoiComes(call) { this.voiWanted = call; }

  detectLesions() {
    const views = [this.activeView, ...this.state.views.values()];
    const has = (view, modalities) => view && !isSpatial(view.kind) && view.layers.some(({ modality }) => modalities.includes(modality));
    // Where tissue lies below uptake, what is physiological is told apart better.
    const found = views.find((view) => has(view, ["PT"]) && has(view, ["CT"])) ?? views.find((view) => has(view, ["PT"]));
    const view = found ?? this.activeView;
    if (!view) return;
    this.toast("lesions_detecting");
    this.do({ detect_lesions: { viewport: view.viewport, layer: this.uptakeLayer(view.viewport) } });
    if (this.panels && this.size === "wide") this.panels.choose("lesions");
  }

  /** Brings the views to a volume. */
  goTo(voi) {
    this.chooseVoi(voi.voi);
    const views = [...this.state.views.values()];
    const own = views.filter((view) => view.layers[0].series === voi.series);
    const view = own.find((one) => !isSpatial(one.kind)) ?? views.find((one) => one.layers.some(({ series }) => series === voi.series) && !isSpatial(one.kind)) ?? this.activeView;
    if (view && voi.place_mm) {
      const gesture = this.gesture();
      this.do({ crosshair_at: { viewport: view.viewport, place_mm: voi.place_mm } }, gesture);
      this.do({ center_on: { viewport: view.viewport, place_mm: voi.place_mm } }, gesture);
    }
  }

  chooseVoi(voi) {
    Object.assign(this, { chosenVoi: voi, chosenMark: null });
    this.do({ select_voi: { voi } });
    this.tell("chosen");
  }

  get hasChosen() { return this.chosenMark !== null; }

  chooseMark(mark) {
    this.chosenMark = mark;
    this.do({ select_mark: { mark } });
    this.tell("chosen");
  }

  deleteChosen() {
    if (this.chosenMark !== null && this.marks.some(({ mark }) => mark === this.chosenMark)) this.do({ delete_mark: { mark: this.chosenMark } });
    else if (this.chosenVoi !== null && this.vois.some(({ voi }) => voi === this.chosenVoi)) this.do({ delete_voi: { voi: this.chosenVoi } });
    this.chosenMark = null;
  }

  get isKeyImage() {
    const view = this.activeView;
    return Boolean(view?.slice) && this.keyImages.some(({ series, slice }) => series === view.layers[0].series && slice === view.slice[0]);
  }

  // What plays

  get protocols() { return this.catalogue?.protocols ?? protocolsFor(Object.keys(PROTOCOLS), this.state.series); }

  cineOf(view) {
    const possible = isSpatial(view.kind) ? ["rotation"] : ["slices", ...(view.phase?.[1] > 1 ? ["phases"] : [])];
    const kept = { ...view.motion, ...this.cines.get(view.viewport) };
    const over = possible.includes(kept?.over) ? kept.over : possible.at(-1);
    return { steps_per_s: 12, backward: false, swings: false, ...kept, over, possible };
  }

  setCine(change) {
    const view = this.activeView;
    if (!view) return;
    this.cines.set(view.viewport, { ...this.cines.get(view.viewport), ...change });
    if (view.is_playing) this.play(view);
  }

  play(view) {
    const { over, steps_per_s, backward, swings } = this.cineOf(view);
    this.do({ play: { viewport: view.viewport, motion: { over, steps_per_s, backward, swings } } });
  }

  toggleCine() {
    const view = this.activeView;
    if (!view) return;
    if (view.is_playing) this.do({ play: { viewport: view.viewport, motion: null } });
    else this.play(view);
  }

  // Around the views

  showStrip(on = !this.stripIsShown) {
    this.stripIsShown = on;
    if (on && this.size === "phone") this.panelIsShown = false;
    this.arrangeSides();
  }

  showPanel(on = !this.panelIsShown) {
    this.panelIsShown = on && Boolean(this.panels);
    if (on && this.size === "phone") this.stripIsShown = false;
    this.arrangeSides();
  }

  get isDeidentified() { return Boolean(this.state.layout?.is_deidentified); }

  hidePatient(on = !this.isDeidentified) {
    this.do({ deidentify: { on } });
    this.settle({ is_deidentified: on });
  }

  setTexts(change) {
    const texts = { ...this.state.layout.texts, ...change };
    this.do({ set_texts: { texts } });
    this.settle({ texts });
  }

  setLink(link, on) {
    this.do({ set_link: { link, on } });
    this.settle({ links: [...this.state.layout.links.filter((one) => one !== link), ...(on ? [link] : [])] });
  }

  /** What was set for all views is so until the drawer tells them again. */
  settle(change) {
    if (this.state.layout) this.state.layout = { ...this.state.layout, ...change };
    this.tell("shown");
  }

  get isFullScreen() { return document.fullscreenElement === this.host; }

  async fullScreen() {
    try {
      if (this.isFullScreen) await document.exitFullscreen();
      else await this.host.requestFullscreen();
    } catch (error) {
      this.refused(error.message);
    }
    this.tell("shown");
  }

  async openSecondScreen() { if (!(await this.second.open())) this.toast("second_screen_blocked"); }

  /** Others may take part, or no more. A session that is drawn in the page moves to the server, where they reach it. */
  share(isShared) {
    this.sharing = isShared && this.where === "local";
    if (this.sharing) this.switchTo("remote");
    else this.say({ share: isShared });
  }

  consult() { consultationDialog(this); }

  exportPng() {
    const view = this.views.get(this.active);
    if (view?.shape) exportPng(view, this.views.scale);
  }

  async copy(text, saidWhenDone) {
    this.toast((await copyText(text, this.root)) ? saidWhenDone : "copy_failed");
  }

  askText(label, value, options) { return askText(this, label, value, options); }

  showProbe(found, view) { this.status.probe(found, view); }

  showBubble(found, view, spot) { this.status.bubble(found, view, spot); }

  // Keys

  keyOf(command) {
    const found = this.bindings.find((one) => one.command === command);
    return found ? keyText(found) : undefined;
  }

  setKeys(keys) {
    this.myKeys = keys;
    this.emit("nm-preference", { keys });
    this.tell("tool");
  }

  prefer({ keys }) {
    this.myKeys = keys ?? [];
    this.tell("tool");
  }

  /** Does a key's command; says whether it was one. */
  run(command) {
    switch (command) {
      case "edit.undo": return this.do("undo");
      case "edit.redo": return this.do("redo");
      case "tool.cancel": return this.cancel();
      case "cine.toggle": return this.toggleCine() ?? true;
      case "series.previous": return this.stepSeries(-1) ?? true;
      case "series.next": return this.stepSeries(1) ?? true;
      case "series.jump": return this.strip.jump();
      case "view.maximize": return this.maximize(this.active) ?? true;
      case "view.next": return this.nextView(1) ?? true;
      case "mark.delete": return this.deleteChosen() ?? true;
      case "help.keys": return keysDialog(this) ?? true;
      default: return this.runOnView(command);
    }
  }

  runOnView(command) {
    const view = this.activeView;
    const asked = view && told(command, view, this.layerOf(view));
    if (!asked) return false;
    this.do(asked);
    this.rest();
    return true;
  }

  cancel() {
    if (this.menus.isOpen) this.menus.close();
    else if (!this.pointer.drawn.cancel()) this.chooseTool(this.tool);
    return true;
  }
}
