// One control of `session::Controls` as HTML: numbers as slider with typed number, choices as lists, switches, windows
// with typed limits and presets. Each gives its element and `update(setting)`, which leaves alone what is being typed.

import { h, throttled } from "./dom.js";
import { icon } from "./icons.js";
import { listbox } from "./menus.js";
import { gradient, palettePicker } from "./palettes.js";
import { renderingFor } from "./words.js";

/** Positions of a slider. */
const STEPS = 1000;
/** Commands a second of a slider that moves, at most: one an image. */
const PAUSE_MS = 33;
/** Numbers that are read by their ratio: the slider moves along the logarithm. */
const BY_RATIO = new Set(["set_zoom"]);
/** Whole HU, hundredths of SUV; other units by what the window spans. */
const SPANS = { HU: 1000, SUVbw: 10 };
const USUAL_WINDOWS = { HU: [-160, 240], SUVbw: [0, 10] };
/** What is shown in percent. */
const IN_PERCENT = new Set(["set_ratio"]);
/** Usual upper end of sliders whose limit is rarely wanted. */
const USUAL_HIGH = { set_slab: 100, set_zoom: 20 };
const USUAL_LOW = { set_zoom: 0.1 };

/** The command that sets a control's number, choice or switch. */
export function commandOf(name, viewport, layer, value, extra = {}) {
  const args = {
    set_ratio: { ratio: value },
    set_zoom: { zoom: value },
    set_slab: { thickness_mm: value, kind: extra.kind ?? "maximum" },
    sharpen: { amount: value },
    set_interpolation: { on: value },
    set_linked: { on: value },
    set_preset: { name: value },
    set_palette: { layer, name: value },
    invert: { layer },
    set_window: { layer, window: value },
    preset_window: { layer, name: value },
    use_stated_window: { layer, index: value },
  }[name];
  return args ? { [name]: { viewport, ...args } } : null;
}

/** Window limits as commands take them. */
export function windowOf([low, high]) {
  return { center: (low + high) / 2, width: high - low };
}

/** Center and width of limits: as they were told with them, for DICOM's linear windows are one wider than their limits. */
export function levelOf(limits, told) {
  const isTold = told && told.limits.every((limit, n) => limit === limits[n]);
  return isTold ? { center: told.center, width: told.width } : windowOf(limits);
}

/** The ends of a window's slider: wide enough for its unit and for what is set. */
export function windowRange(unit, [low, high]) {
  const width = high - low;
  if (unit === "HU") return [Math.min(-1100, low), Math.max(2000, high)];
  if (unit === "SUVbw") return [Math.min(0, low), Math.max(20, high * 1.25)];
  return [Math.min(0, low - width * 0.5), high + width];
}

/** The slider's place of a value, 0 to STEPS. */
export function placeOf(value, low, high, byRatio) {
  const part = byRatio ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(Math.min(1, Math.max(0, part)) * STEPS);
}

/** The value of a slider's place. */
export function valueAt(place, low, high, byRatio) {
  const part = place / STEPS;
  return byRatio ? low * (high / low) ** part : low + part * (high - low);
}

function rounded(value, span) {
  const digits = span > 500 ? 0 : span > 50 ? 1 : span > 5 ? 2 : 3;
  return Number(value.toFixed(digits));
}

function slider(label, place, call, ended) {
  const input = h("input.slider", { type: "range", min: 0, max: STEPS, step: 1, value: place, "aria-label": label });
  const show = () => input.style.setProperty("--part", input.value / STEPS);
  const tell = throttled(call, PAUSE_MS);
  input.addEventListener("input", () => {
    show();
    tell(Number(input.value));
  });
  input.addEventListener("change", ended);
  show();
  return { input, set: (value) => { input.value = value; show(); } };
}

/** A typed number that tells when it is done, with Enter or by leaving it. */
function typed(label, value, call) {
  const input = h("input.typed", { type: "text", inputMode: "decimal", value, "aria-label": label, autocomplete: "off", spellcheck: false });
  const done = () => {
    const number = Number(input.value.replace(",", ".").trim());
    if (input.value.trim() && Number.isFinite(number)) call(number);
  };
  input.addEventListener("change", done);
  input.addEventListener("focus", () => input.select());
  input.addEventListener("keydown", (event) => event.key === "Enter" && input.blur());
  return input;
}

const isBusy = (input) => input.matches(":focus") && input.getRootNode().activeElement === input;

function numberControl(viewer, viewport, { command, layer, setting }, label) {
  const { t } = viewer;
  const byRatio = BY_RATIO.has(command);
  const percent = IN_PERCENT.has(command);
  let now = setting.number;
  const low = Math.max(now.low, USUAL_LOW[command] ?? now.low);
  const high = Math.max(Math.min(now.high, USUAL_HIGH[command] ?? now.high), now.value);
  let gesture = viewer.gesture();
  const shown = (value) => (percent ? Math.round(value * 100) : rounded(value, byRatio ? 10 : high - low));
  const set = (value) => viewer.doSoon(commandOf(command, viewport, layer, value, { kind: viewer.slabKind }), gesture);
  const slide = slider(label, placeOf(now.value, low, high, byRatio), (place) => {
    const value = valueAt(place, low, high, byRatio);
    field.value = shown(value);
    set(rounded(value, percent ? 1 : high - low));
  }, () => {
    viewer.rest();
    gesture = viewer.gesture();
  });
  const field = typed(label, shown(now.value), (value) => {
    set(Math.min(now.high, Math.max(now.low, percent ? value / 100 : value)));
    viewer.rest();
  });
  const unit = percent ? "%" : command === "set_zoom" ? "×" : t.unit(now.unit);
  return {
    element: h("div.control.number", {}, h("span.name", {}, label), slide.input, h("span.field", {}, field, h("span.unit", {}, unit))),
    update(next) {
      now = next.number;
      if (isBusy(slide.input) || isBusy(field)) return;
      slide.set(placeOf(now.value, low, high, byRatio));
      field.value = shown(now.value);
    },
  };
}

function switchControl(viewer, viewport, { command, layer, setting }, label) {
  const input = h("input.switch", { type: "checkbox", checked: setting.switch.value, role: "switch" });
  input.addEventListener("change", () => viewer.do(commandOf(command, viewport, layer, input.checked)));
  return {
    element: h("label.control.switched", {}, h("span.name", {}, label), input),
    update(next) { input.checked = next.switch.value; },
  };
}

/** A button that shows the present choice and opens the list. */
function choiceControl(viewer, viewport, { command, layer, setting }, label) {
  const { t } = viewer;
  let now = setting.choice;
  const isPalette = command === "set_palette";
  const titleOf = (name) => {
    if (name === null || name === undefined) return t(isPalette ? "palette_usual" : "preset_usual");
    return isPalette ? t.palette(name) : command === "set_preset" ? t.rendering(name) : name;
  };
  const swatch = h("span.swatch", { "aria-hidden": "true" });
  const text = h("span.label", {});
  const show = () => {
    text.textContent = titleOf(now.value);
    button.setAttribute("aria-label", `${label}: ${text.textContent}`);
    if (isPalette) swatch.style.background = gradient(viewer.colorsOf(now.value ?? viewer.usualPalette(viewport, layer)));
  };
  const take = (value) => {
    const chosen = command === "use_stated_window" ? now.choices.indexOf(value) : value;
    viewer.do(commandOf(command, viewport, layer, chosen));
    if (!isPalette) viewer.menus.close();
    now = { ...now, value };
    show();
  };
  const button = h("button.choice", { type: "button", "aria-haspopup": "listbox", "aria-expanded": "false" }, isPalette && swatch, text, icon("down"));
  button.addEventListener("click", () => viewer.menus.toggle(button, label, (box) => {
    if (isPalette) box.append(palettePicker(viewer, now.choices, now.value, take));
    else box.append(listbox(label, optionsOf(viewer, viewport, command, now, titleOf), now.value, take));
  }, { class: isPalette ? "palettes" : "list" }));
  show();
  return {
    element: h("div.control.chosen", {}, h("span.name", {}, label), button),
    update(next) {
      now = next.choice;
      show();
    },
  };
}

/** Renderings for the modality that is shown come first. */
function optionsOf(viewer, viewport, command, now, titleOf) {
  const names = [...now.choices];
  if (command === "set_preset") {
    const shown = viewer.state.views.get(viewport)?.layers.map(({ modality }) => modality) ?? [];
    names.sort((a, b) => Number(shown.includes(renderingFor(b))) - Number(shown.includes(renderingFor(a))));
  }
  return names.map((name) => ({ name, label: titleOf(name) }));
}

function windowControl(viewer, viewport, { layer, setting }, label) {
  const { t } = viewer;
  let now = setting.window;
  // Before voxels come nobody says the limits of the usual window: fields stay empty.
  const known = () => now.value ?? viewer.windowNow(viewport, layer)?.limits;
  const limits = () => known() ?? USUAL_WINDOWS[now.unit] ?? [0, 1];
  const level = () => levelOf(limits(), viewer.windowNow(viewport, layer));
  let range = windowRange(now.unit, limits());
  let gesture = viewer.gesture();
  const rest = () => {
    viewer.rest();
    gesture = viewer.gesture();
  };
  const set = ([low, high]) => {
    const least = (range[1] - range[0]) / 10000;
    const value = [low, Math.max(high, low + least)];
    now = { ...now, value };
    viewer.doSoon({ set_window: { viewport, layer, window: windowOf(value) } }, gesture);
  };
  const moved = (n) => (place) => {
    const value = limits().slice();
    value[n] = rounded(valueAt(place, ...range), range[1] - range[0]);
    // One handle pushes the other along.
    if (value[0] > value[1]) value[1 - n] = value[n];
    set(value);
    show(true);
  };
  const slides = ["window_low", "window_high"].map((name, n) => slider(t(name), 0, moved(n), rest));
  const fields = ["window_low", "window_high"].map((name, n) => typed(t(name), "", (number) => {
    const value = limits().slice();
    value[n] = number;
    set(value[0] < value[1] ? value : n ? [number - 1e-3, number] : [number, number + 1e-3]);
    rest();
  }));
  // Whoever reads CT thinks in width and level, whoever reads uptake in limits.
  const levels = now.unit === "HU" ? ["window_width", "window_center"].map((name, n) => typed(t(name), "", (number) => {
    const { center, width } = level();
    const told = n ? { center: number, width } : { center, width: Math.max(1, number) };
    set([told.center - told.width / 2, told.center + told.width / 2]);
    show();
    rest();
  })) : [];
  const show = (keepsRange) => {
    const value = limits();
    if (!keepsRange) range = windowRange(now.unit, value);
    const span = SPANS[now.unit] ?? value[1] - value[0];
    slides.forEach((slide, n) => !isBusy(slide.input) && slide.set(placeOf(value[n], ...range)));
    const { center, width } = level();
    const told = [...fields.map((field, n) => [field, value[n]]), ...levels.map((field, n) => [field, n ? center : width])];
    for (const [field, number] of told) if (!isBusy(field)) field.value = known() ? rounded(number, span) : "";
    track.style.setProperty("--low", placeOf(value[0], ...range) / STEPS);
    track.style.setProperty("--high", placeOf(value[1], ...range) / STEPS);
  };
  const track = h("div.range", {}, slides.map((slide) => slide.input));
  const presets = h("button.choice", { type: "button", "aria-haspopup": "listbox", "aria-expanded": "false" }, h("span.label", {}, t("presets")), icon("down"));
  presets.addEventListener("click", () => viewer.menus.toggle(presets, t("presets"), (box) => box.append(windowPresets(viewer, viewport, layer, now)), { class: "list" }));
  const unit = h("span.unit", {}, t.unit(now.unit));
  show();
  return {
    element: h("div.control.windowed", {}, h("span.name", {}, label, unit), track, 
      h("div.limits", {}, fields[0], h("span", {}, "–"), fields[1], presets), levels.length > 0 && h("div.limits", {}, h("span.unit", {}, "W"), levels[0], h("span.unit", {}, "L"), levels[1])),
    update(next) {
      now = next.window;
      if (!slides.some(({ input }) => isBusy(input))) show();
    },
  };
}

/** The list of window presets, the usual window first. */
export function windowPresets(viewer, viewport, layer, { presets }) {
  const { t } = viewer;
  const options = [{ name: "", label: t("window_usual") }, ...presets.map((name) => ({ name, label: t.preset(name) }))];
  return listbox(t("presets"), options, undefined, (name) => {
    viewer.do(name ? commandOf("preset_window", viewport, layer, name) : { set_window: { viewport, layer, window: null } });
    viewer.menus.close();
  });
}

const MAKERS = { number: numberControl, switch: switchControl, choice: choiceControl, window: windowControl };

/** The HTML of a control; null for what this page cannot set. */
export function makeControl(viewer, viewport, control) {
  const kind = Object.keys(control.setting)[0];
  if (!MAKERS[kind] || !commandOf(control.command, viewport, control.layer ?? 0, null)) return null;
  const made = MAKERS[kind](viewer, viewport, control, viewer.t(`control_${control.command}`));
  return { ...made, name: control.command, update: (setting) => made.update(setting) };
}
