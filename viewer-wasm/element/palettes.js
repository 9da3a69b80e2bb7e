// Palettes with their colours, by family, with a field to find one.

import { h, roving } from "./dom.js";
import { FAMILY_ORDER, familyOf } from "./words.js";

const INVERTED = "_inverted";

/** CSS of a palette's colours from left to right. */
export function gradient(colors) {
  return colors?.length ? `linear-gradient(90deg, ${colors.join(", ")})` : "none";
}

/** Names by family, in a menu's order, each palette followed by its inverse. */
export function byFamily(names) {
  const families = new Map(FAMILY_ORDER.map((family) => [family, []]));
  for (const name of names) families.get(familyOf(name))?.push(name);
  return [...families].filter(([, list]) => list.length);
}

/** Whether a palette is meant by what was typed. */
export function matches(name, title, typed) {
  const wanted = typed.trim().toLowerCase();
  return !wanted || title.toLowerCase().includes(wanted) || name.replaceAll("_", " ").includes(wanted.replaceAll("_", " "));
}

/** A list of palettes; `call(name)` for what is chosen. It stays open: palettes are tried one after the other. */
export function palettePicker(viewer, names, chosen, call) {
  const { t } = viewer;
  const find = h("input.find", { type: "search", placeholder: t("palette_search"), "aria-label": t("palette_search"), autocomplete: "off" });
  const rows = [];
  const groups = byFamily(names).map(([family, list]) => {
    const options = list.map((name) => row(name));
    return h("div.family", { role: "group", "aria-label": t.family(family) }, h("h3", { "aria-hidden": "true" }, t.family(family)), options);
  });
  function row(name) {
    const option = h("div.option", { role: "option", tabIndex: -1, "aria-selected": String(name === chosen) }, h("span.swatch", { style: { background: gradient(viewer.colorsOf(name)) } }), h("span.label", {}, t.palette(name)));
    if (name.endsWith(INVERTED)) option.classList.add("inverse");
    const take = () => {
      for (const other of rows) other.option.setAttribute("aria-selected", String(other.option === option));
      call(name);
    };
    option.addEventListener("click", take);
    option.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      take();
    });
    rows.push({ name, option, title: t.palette(name) });
    return option;
  }
  const list = h("div.listbox.palette-list", { role: "listbox", "aria-label": t("control_set_palette") }, groups);
  const settle = roving(list, ".option", true);
  find.addEventListener("input", () => {
    for (const { name, option, title } of rows) option.hidden = !matches(name, title, find.value);
    for (const group of groups) group.hidden = ![...group.querySelectorAll(".option")].some((option) => !option.hidden);
    settle();
  });
  queueMicrotask(() => {
    const current = rows.find(({ name }) => name === chosen) ?? rows[0];
    if (current) current.option.tabIndex = 0;
    current?.option.scrollIntoView({ block: "center" });
  });
  return h("div.picker", {}, find, list);
}
