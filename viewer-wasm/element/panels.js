// The panel beside the views: what can be set of the active view, layer by layer; the lesions; the measurements.

import { h, roving, throttled } from "./dom.js";
import { icon } from "./icons.js";
import { makeControl } from "./controls.js";
import { kindName } from "./conversation.js";
import { lesionsPanel } from "./lesions.js";
import { marksPanel } from "./marks.js";

/** Views that move change their controls all the time; what their own messages tell is shown at once. */
const ASK_PAUSE_MS = 300;
const SLABS = ["maximum", "mean", "minimum"];

/** What a view's message says of a control. */
export function knownOf(command, view, layer) {
  const of = view.layers[layer ?? 0];
  const known = {
    set_window: of?.window ?? undefined,
    set_palette: of?.palette,
    invert: of?.is_inverted,
    set_ratio: view.layers[1]?.ratio,
    set_zoom: view.zoom,
  };
  return known[command];
}

export class Panels {
  constructor(viewer) {
    this.viewer = viewer;
    this.tab = "view";
    this.made = new Map();
    this.element = h("div.panel", { role: "group" });
    this.askSoon = throttled(() => this.ask(), ASK_PAUSE_MS);
    this.build();
    for (const topic of ["changed_controls", "active"]) viewer.on(topic, () => this.askSoon());
    viewer.on("view", (message) => this.viewed(message.view ?? message.empty));
    viewer.on("series", () => this.clear());
    viewer.on("catalogue", () => this.clear());
  }

  build() {
    const { t } = this.viewer;
    this.element.setAttribute("aria-label", t("tools"));
    this.view = h("div.tab-body", { role: "tabpanel", "aria-label": t("panel_view") });
    this.lesions = lesionsPanel(this.viewer);
    this.marks = marksPanel(this.viewer);
    this.bodies = { view: this.view, lesions: this.lesions.element, marks: this.marks.element };
    this.tabs = Object.keys(this.bodies).map((name) => h("button.tab", {
      type: "button", role: "tab", "aria-selected": String(name === this.tab), tabIndex: name === this.tab ? 0 : -1, data: { tab: name }, on: { click: () => this.choose(name) },
    }, t(`panel_${name}`), h("span.count")));
    const list = h("div.tabs", { role: "tablist" }, this.tabs);
    roving(list, ".tab");
    const hide = h("button.plain", { type: "button", title: t("panel_hide"), "aria-label": t("panel_hide"), on: { click: () => this.viewer.showPanel(false) } }, icon("close"));
    this.element.replaceChildren(h("div.panel-head", {}, list, hide), ...Object.values(this.bodies));
    this.choose(this.tab);
  }

  choose(name) {
    this.tab = name;
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
      tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
    }
    for (const [other, body] of Object.entries(this.bodies)) body.hidden = other !== name;
    if (name === "view") this.askSoon();
  }

  count(name, n) {
    const tab = this.tabs.find((one) => one.dataset.tab === name);
    tab.querySelector(".count").textContent = n || "";
  }

  clear() {
    this.key = null;
    this.askSoon();
  }

  /** Asks for the active view's controls; the tool bar wants them too. */
  async ask() {
    const { viewer } = this;
    const viewport = viewer.active;
    if (!viewer.state.views.has(viewport)) {
      viewer.controls = null;
      this.key = null;
      this.view.replaceChildren(h("p.quiet.centred", {}, viewer.t("panel_empty")));
      viewer.tell("controls");
      return;
    }
    let controls;
    try {
      controls = await viewer.ask({ controls: { viewport } });
    } catch {
      return;
    }
    if (viewport !== viewer.active) return;
    viewer.controls = controls;
    viewer.tell("controls");
    this.show(viewport, controls);
  }

  show(viewport, controls) {
    const told = this.viewer.state.views.get(viewport);
    if (!told) return;
    // What a view shows may have changed before it was told: it is asked again.
    if (controls.controls.some(({ layer }) => layer !== null && layer >= told.layers.length)) {
      this.askSoon();
      return;
    }
    const shape = controls.controls.map(({ command, layer, setting }) => [command, layer, Object.keys(setting)[0], setting.choice?.choices.length, setting.window?.presets.length]);
    const key = this.shapeOf(told) + JSON.stringify(shape);
    this.shape = this.shapeOf(told);
    if (key !== this.key) {
      this.key = key;
      this.make(viewport, told, controls.controls);
      return;
    }
    for (const { command, layer, setting } of controls.controls) this.made.get(`${command} ${layer}`)?.update(setting);
    this.markLayer(told);
  }

  /** What a view's own message tells need not be asked: windows, palettes, mix, magnification. */
  viewed(view) {
    if (view.viewport !== this.viewer.active) return;
    const { controls } = this.viewer;
    if (!view.layers || !this.key || this.shapeOf(view) !== this.shape) {
      this.askSoon();
      return;
    }
    for (const { command, layer, setting } of controls?.controls ?? []) {
      const known = knownOf(command, view, layer);
      if (known !== undefined) this.made.get(`${command} ${layer}`)?.update({ [Object.keys(setting)[0]]: { ...Object.values(setting)[0], value: known } });
    }
  }

  shapeOf(view) {
    return JSON.stringify([view.viewport, kindName(view.kind), view.layers.map(({ series }) => series)]);
  }

  make(viewport, told, list) {
    this.viewer.slabKind = told.slab?.kind ?? this.viewer.slabKind;
    this.made.clear();
    const cards = told.layers.map((layer, n) => this.card(told, layer, n));
    const others = h("div.card.of-view", {}, h("h3", {}, this.viewer.t.kind(kindName(told.kind))));
    for (const control of list) {
      const made = makeControl(this.viewer, viewport, control);
      if (!made) continue;
      this.made.set(`${control.command} ${control.layer}`, made);
      (control.layer === null ? others : cards[control.layer]).append(made.element);
      if (control.command === "set_slab") others.append(this.slabKinds(viewport));
    }
    // The upper layers are what is looked at: they come first, as they lie.
    this.view.replaceChildren(...cards.reverse(), others);
    this.markLayer(told);
  }

  card(told, layer, n) {
    const { viewer } = this;
    const { t } = viewer;
    const series = viewer.state.series.find(({ key }) => key === layer.series);
    const place = told.layers.length < 2 ? "layer_only" : n ? "layer_upper" : "layer_lower";
    const head = h("button.card-head", { type: "button", "aria-pressed": "false", data: { layer: n }, on: { click: () => viewer.chooseLayer(told.viewport, n) } },
      h("span.badge", { data: { modality: layer.modality } }, t.modality(layer.modality)), h("span.label", {}, series?.description || t("series_no_name")), told.layers.length > 1 && h("span.quiet", {}, t(place)));
    return h("div.card.layer", {}, head);
  }

  markLayer(told) {
    const chosen = this.viewer.layerOf(told);
    for (const head of this.view.querySelectorAll(".card-head")) {
      const isChosen = Number(head.dataset.layer) === chosen;
      head.setAttribute("aria-pressed", String(isChosen));
      head.parentElement.classList.toggle("chosen", isChosen && told.layers.length > 1);
    }
  }

  slabKinds(viewport) {
    const { viewer } = this;
    const buttons = SLABS.map((kind) => h("button.segment", { type: "button", "aria-pressed": String(kind === viewer.slabKind), on: { click: () => this.setSlab(viewport, kind) }, data: { kind } }, viewer.t(`projection_${kind}`)));
    this.slabs = buttons;
    return h("div.segments.indented", { role: "group", "aria-label": viewer.t("control_set_slab") }, buttons);
  }

  setSlab(viewport, kind) {
    const { viewer } = this;
    viewer.slabKind = kind;
    for (const button of this.slabs) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    const slab = viewer.controls?.controls.find(({ command }) => command === "set_slab");
    const thickness_mm = slab?.setting.number.value ?? 0;
    if (thickness_mm > 0) viewer.do({ set_slab: { viewport, thickness_mm, kind } });
  }
}
