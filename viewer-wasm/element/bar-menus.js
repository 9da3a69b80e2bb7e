// What the menus of the bars hold.

import { h, throttled } from "./dom.js";
import { icon } from "./icons.js";
import { group, item, listbox } from "./menus.js";
import { kindName, kindValue } from "./conversation.js";
import { windowPresets } from "./controls.js";
import { palettePicker } from "./palettes.js";
import { fits, OFFERED } from "./tools.js";
import { keysDialog } from "./keys-dialog.js";
import { canInvite } from "./consultation.js";
import { names, presentButton } from "./people.js";
import { canRegister, registrationDialog } from "./registration.js";

const GRIDS = [[1, 1], [1, 2], [2, 1], [2, 2], [1, 3], [2, 3], [3, 3], [3, 4]];
const MOST_LINES = 8;
const FACES = { face_front: [0, 0], face_back: [Math.PI, 0], face_left: [Math.PI / 2, 0], face_right: [-Math.PI / 2, 0], face_head: [0, Math.PI / 2], face_feet: [0, -Math.PI / 2] };
const TEXTS = ["corners", "letters", "scale_bar", "color_bar", "crosshair", "reference_lines", "marks", "overlays"];
const LINKS = ["scroll", "pan", "zoom", "window", "palette", "rotation", "crosshair"];

const closing = (viewer, call) => () => {
  viewer.menus.close();
  call();
};

function toolItems(viewer, names) {
  return names.map((name) => item(viewer.t(`tool_${name}`), {
    icon: name, checked: viewer.usedTool === name, disabled: !fits(name, viewer.controls), call: closing(viewer, () => viewer.chooseTool(name)),
  }));
}

/** A drawing of a layout: its cells as little boxes. */
function gridPicture(rows, columns) {
  const box = h("span.grid-picture", { "aria-hidden": "true", style: { "grid-template-columns": `repeat(${columns}, 1fr)`, "grid-template-rows": `repeat(${rows}, 1fr)` } });
  for (let n = 0; n < rows * columns; n += 1) box.append(h("i"));
  return box;
}

function layoutMenu(viewer, box) {
  const { t } = viewer;
  const set = (rows, columns) => closing(viewer, () => viewer.setLayout(rows, columns));
  const grids = GRIDS.map(([rows, columns]) => h("button.grid-button", { type: "button", title: `${rows} × ${columns}`, "aria-label": `${t("layout")} ${rows} × ${columns}`, on: { click: set(rows, columns) } }, gridPicture(rows, columns), h("span", {}, `${rows}×${columns}`)));
  const field = (word) => h("input.typed", { type: "number", min: 1, max: MOST_LINES, value: 2, "aria-label": t(word), inputMode: "numeric" });
  const [rows, columns] = [field("layout_rows"), field("layout_columns")];
  const custom = h("form.custom", { on: { submit: (event) => {
    event.preventDefault();
    viewer.menus.close();
    viewer.setLayout(Number(rows.value), Number(columns.value));
  } } }, h("span", {}, t("layout_custom")), rows, h("span", {}, "×"), columns, h("button.act", { type: "submit" }, t("layout_apply")));
  box.append(h("div.grids", {}, grids));
  if (viewer.form !== "full") return;
  box.append(custom);
  const names = viewer.protocols;
  const options = [{ name: "", label: t("hanging_best") }, ...names.map((name) => ({ name, label: t.protocol(name) }))];
  box.append(h("h3", {}, t("hanging")), listbox(t("hanging"), options, viewer.state.layout?.protocol ?? undefined, (name) => {
    viewer.menus.close();
    viewer.hang(name || null);
  }));
}

function showMenu(viewer, box) {
  const { t } = viewer;
  const view = viewer.activeView;
  const now = kindName(view?.kind);
  const can = viewer.hasVolume;
  const act = (word, name, call, checked, disabled = !can) => item(t(word), { icon: name, checked, disabled, call: closing(viewer, call) });
  const planes = ["axial", "coronal", "sagittal"].map((axis) => act(`axis_${axis}`, axis, () => viewer.showPlane(axis), false));
  box.append(group(t("kind_plane"), planes));
  const kinds = [
    act("kind_projection", "mip", () => viewer.showKind({ projection: { of: "maximum" } }), now === "projection"),
    act("kind_rendering", "vr", () => viewer.showKind({ rendering: { preset: null } }), now === "rendering"),
    act("kind_fused", "fused", () => viewer.showFused(), view?.layers.length > 1, !viewer.canFuse),
    act("kind_stack", "scroll", () => viewer.showKind("stack"), now === "stack", !view),
    act("kind_tiles", "grid", () => viewer.showKind(kindValue("tiles")), now === "tiles", !view),
  ];
  box.append(group(null, kinds, toolItems(viewer, OFFERED[viewer.form].curve)));
  if (now !== "projection" && now !== "rendering") return;
  const { viewport } = view;
  const faces = Object.entries(FACES).map(([word, [azimuth_rad, elevation_rad]]) => h("button.segment", { type: "button", on: { click: () => viewer.do({ look_from: { viewport, azimuth_rad, elevation_rad } }) } }, t(word)));
  box.append(h("h3", {}, t("tools_turn")), h("div.segments", {}, faces));
}

function compareMenu(viewer, box) {
  const { t } = viewer;
  const view = viewer.activeView;
  if (!view || view.layers.length < 2) {
    box.append(h("p.quiet", {}, t("compare_needs_two")));
    return;
  }
  const { viewport } = view;
  const extra = h("div.indented");
  let gesture = viewer.gesture();
  const range = (word, low, high, value, call, unit) => {
    const shown = h("output.unit", {}, "");
    const input = h("input.slider", { type: "range", min: low, max: high, step: (high - low) / 200, value, "aria-label": t(word) });
    const show = () => {
      input.style.setProperty("--part", (input.value - low) / (high - low));
      shown.textContent = unit(Number(input.value));
    };
    input.addEventListener("input", () => {
      show();
      viewer.doSoon(call(Number(input.value)), gesture);
    });
    input.addEventListener("change", () => {
      viewer.rest();
      gesture = viewer.gesture();
    });
    show();
    return h("label.control.number", {}, h("span.name", {}, t(word)), input, shown);
  };
  const now = view.comparing ? `compare_${Object.keys(view.comparing)[0]}` : "compare_none";
  const { cell_mm: cell = 40 } = view.comparing?.checkerboard ?? {};
  const { place: line = 0.5, towards_rad = 0 } = view.comparing?.swipe ?? {};
  const percent = (value) => `${Math.round(value * 100)}%`;
  const compare = (how) => ({ compare: { viewport, how } });
  const ways = {
    compare_none: () => [null, range("control_set_ratio", 0, 1, view.layers[1].ratio, (ratio) => ({ set_ratio: { viewport, ratio } }), percent)],
    compare_checkerboard: () => [{ checkerboard: { cell_mm: cell } }, range("compare_cell", 5, 120, cell, (cell_mm) => compare({ checkerboard: { cell_mm } }), (value) => `${Math.round(value)} mm`)],
    compare_swipe: () => [{ swipe: { place: line, towards_rad } }, range("compare_place", 0, 1, line, (place) => compare({ swipe: { place, towards_rad } }), percent)],
  };
  const buttons = Object.entries(ways).map(([word, way]) => h("button.segment", { type: "button", "aria-pressed": String(now === word), on: { click: (event) => {
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    const [how, slider] = way();
    viewer.do(compare(how));
    extra.replaceChildren(slider);
  } } }, t(word)));
  extra.append(ways[now]()[1]);
  box.append(h("div.segments", {}, buttons), extra);
}

function cineMenu(viewer, box) {
  const { t } = viewer;
  const cine = viewer.cineOf(viewer.activeView);
  const play = h("button.act.main", { type: "button", on: { click: () => viewer.toggleCine() } });
  const show = () => {
    const isPlaying = viewer.activeView?.is_playing;
    play.replaceChildren(icon(isPlaying ? "pause" : "play"), t(isPlaying ? "cine_pause" : "cine_play"));
  };
  const told = h("output.unit");
  const speed = h("input.slider", { type: "range", min: 1, max: 60, step: 1, value: cine.steps_per_s, "aria-label": t("cine_speed") });
  const showSpeed = () => {
    speed.style.setProperty("--part", (speed.value - 1) / 59);
    told.textContent = `${speed.value}${t("per_second")}`;
  };
  const change = throttled((part) => viewer.setCine(part), 60);
  speed.addEventListener("input", () => {
    showSpeed();
    change({ steps_per_s: Number(speed.value) });
  });
  showSpeed();
  const overs = cine.possible.map((over) => h("button.segment", { type: "button", "aria-pressed": String(over === cine.over), on: { click: (event) => {
    for (const other of overs) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    viewer.setCine({ over });
  } } }, t(`cine_${over}`)));
  const tick = (word, name) => {
    const input = h("input.switch", { type: "checkbox", role: "switch", checked: cine[name], on: { change: () => viewer.setCine({ [name]: input.checked }) } });
    return h("label.control.switched", {}, h("span.name", {}, t(word)), input);
  };
  const stop = viewer.on("view", show);
  viewer.menus.whenClosed = stop;
  show();
  box.append(play, h("label.control.number", {}, h("span.name", {}, t("cine_speed")), speed, told), h("div.segments", {}, overs), tick("cine_swings", "swings"), tick("cine_backward", "backward"));
}

function imageMenu(viewer, box) {
  const { t } = viewer;
  const view = viewer.activeView;
  const { viewport } = view;
  const layer = viewer.layerOf(view);
  const act = (word, name, command, key) => item(t(word), { icon: name, key: key && viewer.keyOf(key), call: () => viewer.do(command) });
  box.append(group(null,
    act("invert", "invert", { invert: { viewport, layer } }, "palette.invert"),
    act("rotate_right", "rotate_right", { rotate: { viewport, angle_rad: Math.PI / 2 } }),
    act("flip_horizontally", "flip_horizontally", { flip_horizontally: { viewport } }),
    act("flip_vertically", "flip_vertically", { flip_vertically: { viewport } }),
    act("fit", "fit", { set_zoom: { viewport, zoom: 1 } }, "view.fit"),
  ), group(null,
    item(t("maximize"), { icon: "maximize", key: viewer.keyOf("view.maximize"), call: closing(viewer, () => viewer.maximize(viewport)) }),
    item(t("add_series_to_film"), { icon: "film", key: viewer.keyOf("film.add_series"), call: closing(viewer, () => viewer.run("film.add_series")) }),
    item(t("export_png"), { icon: "export", call: closing(viewer, () => viewer.exportPng()) }),
  ));
}

function windowsMenu(viewer, box) {
  const view = viewer.activeView;
  const layer = viewer.layerOf(view);
  const setting = viewer.controls?.controls.find((control) => control.command === "set_window" && control.layer === layer)?.setting.window;
  box.append(windowPresets(viewer, view.viewport, layer, setting ?? { presets: [] }));
}

function palettesMenu(viewer, box) {
  const view = viewer.activeView;
  const layer = viewer.layerOf(view);
  const names = (viewer.catalogue?.palettes ?? []).map(({ name }) => name);
  box.append(palettePicker(viewer, names, view.layers[layer]?.palette ?? null, (name) => viewer.do({ set_palette: { viewport: view.viewport, layer, name } })));
}

/** Rows of switches of what the session has set. */
function switches(viewer, heading, names, words, isOn, set) {
  const rows = names.map((name) => {
    const input = h("input.switch", { type: "checkbox", role: "switch", checked: isOn(name) });
    input.addEventListener("change", () => set(name, input.checked));
    return h("label.control.switched", {}, h("span.name", {}, viewer.t(`${words}_${name}`)), input);
  });
  return h("details.fold", {}, h("summary", {}, heading), rows);
}

function moreMenu(viewer, box) {
  const { t } = viewer;
  const looks = (viewer.catalogue?.looks ?? []).map((look) => item(t.look(look), { checked: look.name === viewer.state.layout?.look, call: closing(viewer, () => viewer.do({ set_look: { name: look.name } })) }));
  const act = (word, name, call, key) => item(t(word), { icon: name, key: key && viewer.keyOf(key), call: closing(viewer, call) });
  const isPhone = viewer.size !== "wide";
  box.append(group(null,
    isPhone && act("reset_view", "reset", () => viewer.run("view.reset")),
    isPhone && viewer.size === "phone" && act("redo", "redo", () => viewer.do("redo")),
    isPhone && viewer.size === "phone" && act("key_image", "key_image", () => viewer.run("key_image.toggle")),
    isPhone && viewer.size === "phone" && act("add_to_film", "film", () => viewer.run("film.add")),
    isPhone && act(viewer.isDeidentified ? "patient_text_on" : "patient_text_off", viewer.isDeidentified ? "eye" : "eye_off", () => viewer.hidePatient()),
    act("reset_all", "reset", () => viewer.do({ reset: {} })),
    act("export_png", "export", () => viewer.exportPng()),
    viewer.size !== "phone" && viewer.screen === 0 && act("second_screen", "screens", () => viewer.openSecondScreen()),
    isPhone && document.fullscreenEnabled && act(viewer.isFullScreen ? "full_screen_off" : "full_screen", "full_screen", () => viewer.fullScreen()),
    canInvite(viewer) && act("consultation", "people", () => viewer.consult()),
    viewer.form === "full" && item(t("registration"), { icon: "registration", disabled: !canRegister(viewer), call: closing(viewer, () => registrationDialog(viewer)) }),
    viewer.size !== "phone" && act("keys", "keyboard", () => keysDialog(viewer), "help.keys"),
  ));
  if (looks.length) box.append(group(t("look"), looks));
  if (viewer.size === "phone" && viewer.isShared) box.append(h("h3", {}, t("people")), h("div.people", {}, names(viewer), presentButton(viewer, () => viewer.menus.close())));
  if (viewer.size === "phone") box.append(h("h3", {}, t("drawer_switch")), drawerItems(viewer));
  const { texts, links } = viewer.state.layout ?? {};
  if (texts) box.append(switches(viewer, t("texts"), TEXTS.filter((name) => name in texts), "text", (name) => texts[name], (name, on) => viewer.setTexts({ [name]: on })));
  if (links) box.append(switches(viewer, t("links"), LINKS, "link", (name) => links.includes(name), (link, on) => viewer.setLink(link, on)));
}

function drawerItems(viewer) {
  const { t } = viewer;
  const modes = ["auto", "local", "remote"].map((mode) => item(t(`mode_${mode}`), { checked: viewer.mode === mode, call: closing(viewer, () => viewer.switchTo(mode)) }));
  return group(null, modes);
}

function drawerMenu(viewer, box) {
  const { t } = viewer;
  const key = viewer.state.drawer ?? "server";
  box.append(h("p.told", {}, h("strong", {}, t(`drawer_${key}`)), viewer.why && h("span.quiet", {}, t(`drawer_why_${viewer.why}`))), drawerItems(viewer));
}

function peopleMenu(viewer, box) {
  const invite = canInvite(viewer) && h("button.act", { type: "button", on: { click: closing(viewer, () => viewer.consult()) } }, icon("people"), viewer.t("consultation"));
  box.append(...names(viewer), presentButton(viewer, () => viewer.menus.close()), invite || "");
}

export const MENUS = {
  tool: (viewer, box) => box.append(group(null, toolItems(viewer, OFFERED[viewer.form].move), item(viewer.t("tool_look"), { icon: "tools", checked: viewer.tool === null, call: closing(viewer, () => viewer.chooseTool(null)) })),
    viewer.size === "phone" && OFFERED[viewer.form].mark.length ? group(viewer.t("tools_measure"), toolItems(viewer, OFFERED[viewer.form].mark)) : "",
    viewer.size === "phone" && OFFERED[viewer.form].voi.length ? group(viewer.t("tools_voi"), toolItems(viewer, OFFERED[viewer.form].voi)) : ""),
  measure: (viewer, box) => box.append(group(null, toolItems(viewer, OFFERED[viewer.form].mark))),
  voi: (viewer, box) => box.append(group(null, toolItems(viewer, OFFERED[viewer.form].voi)), group(null, item(viewer.t("detect_lesions"), { icon: "lesions", call: closing(viewer, () => viewer.detectLesions()) }))),
  show: showMenu,
  layout: layoutMenu,
  compare: compareMenu,
  cine: cineMenu,
  image: imageMenu,
  windows: windowsMenu,
  palettes: palettesMenu,
  more: moreMenu,
  drawer: drawerMenu,
  people: peopleMenu,
};
