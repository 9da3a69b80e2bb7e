// Menus and sheets: under their button on wide screens, from below on phones. One at a time; Escape gives the focus back.

import { h, roving } from "./dom.js";
import { icon } from "./icons.js";

export class Menus {
  constructor(viewer) {
    this.viewer = viewer;
    this.layer = h("div.menus");
    this.veil = h("div.veil", { hidden: true, on: { pointerdown: () => this.close() } });
    this.layer.append(this.veil);
  }

  /** Opens what `fill(box)` makes under a button; the button again closes it. */
  toggle(button, label, fill, options = {}) {
    if (this.button === button) {
      this.close();
      return;
    }
    this.close(false);
    const box = h("div.menu", { role: options.role ?? "dialog", "aria-label": label, tabIndex: -1 });
    if (options.class) box.classList.add(options.class);
    this.button = button;
    this.box = box;
    button.setAttribute("aria-expanded", "true");
    if (this.viewer.size === "phone") box.append(h("header.sheet-head", {}, h("strong", {}, label), this.closer()));
    fill(box);
    this.veil.hidden = false;
    this.layer.append(box);
    this.place();
    box.addEventListener("keydown", (event) => this.key(event));
    this.whenClosed = options.whenClosed;
    this.focusFirst(box);
  }

  /** What is chosen has the focus first; a field only where it brings up no keyboard of the screen. */
  focusFirst(box) {
    const wanted = ["[aria-selected=true], [aria-checked=true], [aria-pressed=true]", this.viewer.isCoarse ? ".option" : "input", "button:not(.sheet-close)"];
    const found = wanted.map((selector) => box.querySelector(selector)).find(Boolean);
    (found ?? box).focus({ preventScroll: true });
  }

  closer() {
    return h("button.plain.sheet-close", { type: "button", "aria-label": this.viewer.t("close"), on: { click: () => this.close() } }, icon("close"));
  }

  key(event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
  }

  /** Under the button where there is room, within the viewer in any case. */
  place() {
    const { box, button } = this;
    if (this.viewer.size === "phone") return;
    const [own, about] = [this.layer.getBoundingClientRect(), button.getBoundingClientRect()];
    const { offsetWidth: width, offsetHeight: height } = box;
    const left = Math.max(6, Math.min(about.left - own.left, own.width - width - 6));
    const below = about.bottom - own.top + 4;
    const above = about.top - own.top - height - 4;
    const top = below + height <= own.height - 6 ? below : above >= 6 ? above : Math.max(6, own.height - height - 6);
    box.style.left = `${left}px`;
    box.style.top = `${top}px`;
  }

  get isOpen() {
    return Boolean(this.box);
  }

  close(givesFocus = true) {
    if (!this.box) return;
    const { box, button, whenClosed } = this;
    Object.assign(this, { box: null, button: null, whenClosed: null });
    this.veil.hidden = true;
    box.remove();
    button.setAttribute("aria-expanded", "false");
    if (givesFocus && button.isConnected) button.focus({ preventScroll: true });
    whenClosed?.();
  }
}

/** A row of a menu that does something. */
export function item(label, { icon: name, checked, key, call, disabled, role } = {}) {
  const kind = role ?? (checked === undefined ? "menuitem" : "menuitemradio");
  const props = { type: "button", role: kind, disabled, on: { click: call } };
  const button = h("button.item", props, name && icon(name), h("span.label", {}, label), key && h("kbd", {}, key));
  if (checked !== undefined) button.setAttribute("aria-checked", String(checked));
  return button;
}

/** A group of rows with a heading. */
export function group(heading, ...items) {
  const box = h("div.items", { role: "group", "aria-label": heading ?? undefined }, heading && h("h3", {}, heading), items);
  queueMicrotask(roving(box, "button.item", true));
  return box;
}

/** Names to choose from, as a listbox: arrows move, Enter takes. */
export function listbox(label, options, chosen, call) {
  const rows = options.map((option) => {
    const isChosen = option.name === chosen;
    const row = h("div.option", { role: "option", tabIndex: isChosen ? 0 : -1, "aria-selected": String(isChosen), data: { name: option.name ?? "" } }, option.before, h("span.label", {}, option.label));
    const take = () => {
      for (const other of rows) other.setAttribute("aria-selected", String(other === row));
      call(option.name);
    };
    row.addEventListener("click", take);
    row.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      take();
    });
    return row;
  });
  const box = h("div.listbox", { role: "listbox", "aria-label": label }, rows);
  if (rows.length && chosen === undefined) rows[0].tabIndex = 0;
  queueMicrotask(roving(box, ".option", true));
  return box;
}
