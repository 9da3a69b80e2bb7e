// The bars above and below the views: buttons of tools, actions and menus; what is set is pressed, what cannot be is dim.

import { h, roving } from "./dom.js";
import { icon } from "./icons.js";
import { barItems } from "./bars.js";
import { isSpatial, kindName, fusable } from "./conversation.js";
import { fits, MARK_TOOLS, MOVE_TOOLS, VOI_TOOLS } from "./tools.js";
import { MENUS } from "./bar-menus.js";
import { placeOf } from "./controls.js";

/** Actions: icon, word, what they do; `isOn` and `can` of the viewer. */
const ACTS = {
  series: { icon: "series", word: "series", call: (v) => v.showStrip(), isOn: (v) => v.stripIsShown },
  axial: { icon: "axial", word: "axis_axial", call: (v) => v.showPlane("axial"), can: (v) => v.hasVolume },
  coronal: { icon: "coronal", word: "axis_coronal", call: (v) => v.showPlane("coronal"), can: (v) => v.hasVolume },
  sagittal: { icon: "sagittal", word: "axis_sagittal", call: (v) => v.showPlane("sagittal"), can: (v) => v.hasVolume },
  mip: { icon: "mip", word: "kind_projection", call: (v) => v.showKind({ projection: { of: "maximum" } }), isOn: (v) => kindName(v.activeView?.kind) === "projection", can: (v) => v.hasVolume },
  vr: { icon: "vr", word: "kind_rendering", call: (v) => v.showKind({ rendering: { preset: null } }), isOn: (v) => kindName(v.activeView?.kind) === "rendering", can: (v) => v.hasVolume },
  fused: { icon: "fused", word: "kind_fused", call: (v) => v.showFused(), isOn: (v) => v.activeView?.layers.length > 1 && !isSpatial(v.activeView.kind), can: (v) => v.active !== null && fusable(v.state.series) !== null },
  undo: { icon: "undo", word: "undo", call: (v) => v.do("undo"), can: (v) => v.controls?.can_undo ?? true, key: "edit.undo" },
  redo: { icon: "redo", word: "redo", call: (v) => v.do("redo"), can: (v) => v.controls?.can_redo ?? false, key: "edit.redo" },
  reset: { icon: "reset", word: "reset_view", call: (v) => v.run("view.reset"), can: (v) => v.activeView, key: "view.reset" },
  key_image: { icon: "key_image", word: "key_image", call: (v) => v.run("key_image.toggle"), isOn: (v) => v.isKeyImage, can: (v) => v.activeView && !isSpatial(v.activeView.kind), key: "key_image.toggle" },
  film: { icon: "film", word: "add_to_film", call: (v) => v.run("film.add"), can: (v) => v.activeView, key: "film.add" },
  hide_patient: { icon: "eye_off", word: "patient_text_off", onWord: "patient_text_on", call: (v) => v.hidePatient(), isOn: (v) => v.isDeidentified },
  hide_name: { icon: "eye_off", word: "hide_name", onWord: "show_name", call: (v) => v.hidePatient(), isOn: (v) => v.isDeidentified },
  full_screen: { icon: "full_screen", word: "full_screen", onWord: "full_screen_off", call: (v) => v.fullScreen(), isOn: (v) => v.isFullScreen, can: () => document.fullscreenEnabled },
  panel: { icon: "sliders", word: "panel_view", call: (v) => v.showPanel(), isOn: (v) => v.panelIsShown },
  two_or_three: { icon: "vr", word: "two_or_three", call: (v) => v.twoOrThree(), isOn: (v) => isSpatial(v.activeView?.kind), can: (v) => v.hasVolume },
};

/** Menus: icon and word; `show` names a tool whose icon stands for what is chosen. */
const BUTTONS = {
  tool: { icon: "tools", word: "tools", chosen: MOVE_TOOLS },
  measure: { icon: "length", word: "tools_measure", chosen: MARK_TOOLS, can: (v) => v.activeView },
  voi: { icon: "threshold", word: "tools_voi", chosen: VOI_TOOLS, can: (v) => v.hasVolume },
  show: { icon: "mpr", word: "tools_view", can: (v) => v.active !== null },
  layout: { icon: "layout", word: "layout" },
  compare: { icon: "compare", word: "compare", can: (v) => v.activeView?.layers.length > 1 },
  cine: { icon: "play", word: "cine", can: (v) => v.activeView, isOn: (v) => v.activeView?.is_playing },
  image: { icon: "rotate_right", word: "tools_image", can: (v) => v.activeView },
  windows: { icon: "window", word: "bar_window", can: (v) => v.activeView },
  palettes: { icon: "look", word: "bar_palette", can: (v) => v.activeView },
  more: { icon: "more", word: "more" },
};

export class Toolbar {
  constructor(viewer) {
    this.viewer = viewer;
    this.top = h("div.bar.top", { role: "toolbar" });
    this.bottom = h("div.bar.bottom", { role: "toolbar", hidden: true });
    this.settle = [roving(this.top, "button, .slider"), roving(this.bottom, "button, .slider")];
    for (const topic of ["controls", "view", "active", "tool", "opened", "people", "key_images", "shown", "series", "layout", "catalogue"]) viewer.on(topic, () => this.refreshSoon());
  }

  build() {
    const { viewer } = this;
    const { top, bottom } = barItems(viewer.form, viewer.size);
    this.items = [];
    this.fill(this.top, top);
    this.bottom.hidden = !bottom;
    this.fill(this.bottom, bottom ?? []);
    for (const bar of [this.top, this.bottom]) bar.setAttribute("aria-label", viewer.t("tools"));
    this.refresh();
  }

  fill(bar, groups) {
    bar.replaceChildren(...groups.map((items) => (items === "space" ? h("span.space") : h("div.group", { role: "group" }, items.map((id) => this.item(id))))));
  }

  item(id) {
    const [kind, name] = id.split(":");
    if (kind === "tool") return this.tool(name);
    if (kind === "act") return this.act(name);
    if (kind === "menu") return this.menu(name);
    return STATES[name](this, this.viewer);
  }

  button(pictured, word, call, extra = {}) {
    return h("button.tool", { type: "button", title: word, "aria-label": word, on: { click: call }, ...extra }, icon(pictured), h("span.word", {}, word));
  }

  tool(name) {
    const { viewer } = this;
    const button = this.button(name, viewer.t(`tool_${name}`), () => viewer.chooseTool(name), { "aria-pressed": "false" });
    this.items.push(() => {
      button.setAttribute("aria-pressed", String(viewer.usedTool === name));
      button.disabled = !fits(name, viewer.controls);
    });
    return button;
  }

  act(name) {
    const { viewer } = this;
    const act = ACTS[name];
    const button = this.button(act.icon, viewer.t(act.word), () => act.call(viewer));
    this.items.push(() => {
      if (act.isOn) button.setAttribute("aria-pressed", String(Boolean(act.isOn(viewer))));
      button.disabled = act.can ? !act.can(viewer) : false;
      const key = act.key && viewer.keyOf(act.key);
      const word = viewer.t(act.onWord && act.isOn(viewer) ? act.onWord : act.word);
      button.title = key ? `${word} (${key})` : word;
      button.setAttribute("aria-label", word);
    });
    return button;
  }

  menu(name) {
    const { viewer } = this;
    const menu = BUTTONS[name];
    const word = viewer.t(menu.word);
    const button = this.button(menu.icon, word, () => viewer.menus.toggle(button, word, (box) => MENUS[name](viewer, box), { class: `for-${name}` }), { "aria-haspopup": "true", "aria-expanded": "false", class: "has-menu" });
    let shown = menu.icon;
    this.items.push(() => {
      button.disabled = menu.can ? !menu.can(viewer) : false;
      const chosen = menu.chosen?.includes(viewer.usedTool) ? viewer.usedTool : null;
      const isOn = Boolean(chosen) || Boolean(menu.isOn?.(viewer));
      button.classList.toggle("on", isOn);
      const wanted = chosen ?? menu.icon;
      if (wanted === shown) return;
      button.querySelector("svg").replaceWith(icon(wanted));
      shown = wanted;
    });
    return button;
  }

  refreshSoon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.refresh();
    });
  }

  refresh() {
    for (const show of this.items ?? []) show();
    for (const settle of this.settle) settle();
  }
}

const STATES = {
  /** Who draws, and why. */
  drawer(bar, viewer) {
    const button = h("button.state", { type: "button", "aria-haspopup": "true", "aria-expanded": "false" });
    button.addEventListener("click", () => viewer.menus.toggle(button, viewer.t("drawer_switch"), (box) => MENUS.drawer(viewer, box), { class: "for-drawer" }));
    bar.items.push(() => {
      const { drawer } = viewer.state;
      const key = drawer ?? (viewer.where === "local" ? "gpu" : "server");
      const words = [viewer.t(`drawer_${key}`), viewer.why && viewer.t(`drawer_why_${viewer.why}`)].filter(Boolean);
      button.replaceChildren(icon(key === "server" ? "server" : "chip"), h("span.word", {}, viewer.t(`drawer_short_${key}`)));
      button.title = words.join("\n");
      button.setAttribute("aria-label", words.join(", "));
    });
    return button;
  },
  /** Who looks at the same. */
  people(bar, viewer) {
    const button = h("button.state", { type: "button", hidden: true, "aria-haspopup": "true", "aria-expanded": "false" });
    button.addEventListener("click", () => viewer.menus.toggle(button, viewer.t("people"), (box) => MENUS.people(viewer, box), { class: "for-people" }));
    bar.items.push(() => {
      const names = Object.values(viewer.state.people.participants);
      button.hidden = names.length < 2;
      button.replaceChildren(icon("people"), h("span", {}, String(names.length)));
      button.title = names.map(({ name }) => name).join("\n");
      button.setAttribute("aria-label", viewer.t("people_n", { n: names.length }));
    });
    return button;
  },
  /** One view after the other, where there is room for one. */
  pager(bar, viewer) {
    const text = h("button.pager-text", { type: "button", title: viewer.t("maximize"), on: { click: () => viewer.maximize(viewer.active) } });
    const button = (picture, word, by) => h("button.tool", { type: "button", title: viewer.t(word), "aria-label": viewer.t(word), on: { click: () => viewer.nextView(by) } }, icon(picture));
    bar.items.push(() => {
      const { place, views } = viewer.placeAmongViews;
      text.textContent = `${place + 1} / ${views}`;
      text.setAttribute("aria-label", `${viewer.t("view_n", { n: place + 1 })} / ${views}, ${viewer.t("maximize")}`);
      box.hidden = views < 2;
    });
    const box = h("div.pager", {}, button("previous", "previous_view", -1), text, button("next", "next_view", 1));
    return box;
  },
  /** The part of the upper series. */
  fusion(bar, viewer) {
    const word = viewer.t("bar_fusion");
    const slider = h("input.slider", { type: "range", min: 0, max: 1000, step: 10, "aria-label": viewer.t("control_set_ratio") });
    let gesture = viewer.gesture();
    const show = () => slider.style.setProperty("--part", slider.value / 1000);
    slider.addEventListener("input", () => {
      show();
      viewer.setRatio(slider.value / 1000, gesture);
    });
    slider.addEventListener("change", () => {
      viewer.rest();
      gesture = viewer.gesture();
    });
    bar.items.push(() => {
      const view = viewer.fusedView;
      slider.disabled = !view;
      if (view && !slider.matches(":active")) slider.value = placeOf(view.layers[1].ratio, 0, 1, false);
      show();
    });
    return h("label.fusion", {}, h("span.word", {}, word), slider);
  },
};
