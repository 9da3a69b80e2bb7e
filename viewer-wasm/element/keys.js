// Keys and what they do: the look's table, what the reader changed, and the film's keys, which every reader knows.

import { modifiersOf } from "./gestures.js";

/** What the keys of every look have besides. F6 and F7 take pictures for the film whatever a look has them for. */
const ALWAYS = [
  { key: "F6", command: "film.add" },
  { key: "F7", command: "film.add_series" },
];
const USUAL = [
  { key: "k", command: "key_image.toggle" },
  { key: "Enter", command: "view.maximize" },
  { key: "Tab", modifiers: ["ctrl"], command: "view.next" },
  { key: "n", command: "view.next" },
  { key: "g", command: "series.jump" },
  { key: "Delete", command: "mark.delete" },
  { key: "Backspace", command: "mark.delete" },
  { key: "?", command: "help.keys" },
  { key: "ArrowLeft", command: "slice.previous" },
  { key: "ArrowRight", command: "slice.next" },
];

/** What patients have no keys for. */
const NOT_PATIENTS = /^(film|key_image|mark|fusion)\./;

/** Whether a form of the viewer has keys for a command. */
export function isOffered(form, command) {
  return form !== "patient" || !NOT_PATIENTS.test(command);
}

const nameOf = ({ key, modifiers = [] }) => [...modifiers].sort().concat(key.length === 1 ? key.toLowerCase() : key).join("+");

/**
 * All bindings: `mine` (what the reader changed) before the film's, before the look's, before the usual ones. A command
 * that the reader gave another key has its old ones no more; one with an empty key has none.
 */
export function bindings(look, mine = []) {
  const all = new Map();
  const moved = new Set(mine.map(({ command }) => command));
  const lay = (list) => {
    for (const binding of list) if (!all.has(nameOf(binding))) all.set(nameOf(binding), binding);
  };
  lay(mine.filter(({ key }) => key));
  for (const list of [ALWAYS, look ?? [], USUAL]) lay(list.filter(({ command }) => !moved.has(command)));
  return [...all.values()];
}

/** The command of a key event, or null. Shift is in the key itself where it makes another sign. */
export function commandOf(event, list) {
  const modifiers = modifiersOf(event);
  const isSign = event.key.length === 1 && !/[a-z]/i.test(event.key);
  const held = isSign ? modifiers.filter((one) => one !== "shift") : modifiers;
  const wanted = nameOf({ key: event.key, modifiers: held });
  // Command on a Mac is what Ctrl is elsewhere.
  const elsewhere = nameOf({ key: event.key, modifiers: held.map((one) => (one === "meta" ? "ctrl" : one)) });
  return (list.find((one) => nameOf(one) === wanted) ?? list.find((one) => nameOf(one) === elsewhere))?.command ?? null;
}

/** What a reader reads of a key. */
export function keyText({ key, modifiers = [] }) {
  const names = { " ": "Space", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", ctrl: "Ctrl", shift: "Shift", alt: "Alt", meta: "⌘", Escape: "Esc" };
  return [...modifiers, key].map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" + ");
}

/** What the list of shortcuts says of a command. */
export function commandText(command, t) {
  const preset = /^window\.preset\.(.+)$/.exec(command);
  return preset ? t("key_window_preset", { name: t.preset(preset[1]) }) : t(`key_${command.replace(".", "_")}`);
}

/** The reader's changes with a key of a command set anew; what had that key loses it by being behind. */
export function remapped(mine, command, key, modifiers) {
  const isSame = (one) => nameOf(one) === nameOf({ key, modifiers });
  return [...mine.filter((one) => one.command !== command && !isSame(one)), { key, modifiers, command }];
}

/** The command for the drawer of a key's command on a view; null for what the page does itself. */
export function told(command, view, layer) {
  if (!view) return null;
  const viewport = view.viewport;
  const preset = /^window\.preset\.(.+)$/.exec(command);
  if (preset) return { preset_window: { viewport, layer: windowedLayer(view, preset[1], layer), name: preset[1] } };
  const by = (steps) => ({ scroll: { viewport, steps } });
  const ratio = (step) => {
    const upper = view.layers[1];
    return upper ? { set_ratio: { viewport, ratio: Math.min(1, Math.max(0, Number((upper.ratio + step).toFixed(2)))) } } : null;
  };
  switch (command) {
    case "view.reset": return { reset: { viewport } };
    case "view.fit": return { set_zoom: { viewport, zoom: 1 } };
    case "palette.invert": return { invert: { viewport, layer } };
    case "slice.previous": return by(-1);
    case "slice.next": return by(1);
    case "fusion.more": return ratio(0.1);
    case "fusion.less": return ratio(-0.1);
    case "film.add": return { add_to_film: { viewport } };
    case "film.add_series": return { add_series_to_film: { viewport } };
    case "key_image.toggle": return { mark_key_image: { viewport } };
    default: return null;
  }
}

/** The layer that a preset is for: ranges of uptake are PET's, the others CT's. */
function windowedLayer(view, name, layer) {
  const wanted = name.startsWith("suv_") ? "PT" : "CT";
  const found = view.layers.findIndex(({ modality }) => modality === wanted);
  return found < 0 ? layer : found;
}
