// The list of shortcuts, where they can be changed. What is changed the host keeps: `nm-preference` tells it.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { modifiersOf } from "./gestures.js";
import { commandText, keyText, remapped } from "./keys.js";

const ONLY_MODIFIERS = ["Shift", "Control", "Alt", "Meta"];

export function keysDialog(viewer) {
  const { t } = viewer;
  const list = h("div.keys");
  const show = () => {
    const commands = new Map();
    for (const binding of viewer.bindings) commands.set(binding.command, [...(commands.get(binding.command) ?? []), binding]);
    list.replaceChildren(...[...commands].map(([command, bindings]) => row(command, bindings)));
  };
  const row = (command, bindings) => {
    const button = h("button.key", { type: "button", data: { command } }, h("span.hidden-text", {}, `${commandText(command, t)}: `), bindings.flatMap((binding) => [h("kbd", {}, keyText(binding)), " "]));
    button.addEventListener("click", () => catchKey(button, command));
    return h("div.key-row", {}, h("span", {}, commandText(command, t)), button);
  };
  const catchKey = (button, command) => {
    button.replaceChildren(h("em", {}, t("keys_press")));
    const taken = (event) => {
      if (ONLY_MODIFIERS.includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      button.removeEventListener("keydown", taken);
      if (event.key !== "Escape") viewer.setKeys(remapped(viewer.myKeys, command, event.key, modifiersOf(event)));
      show();
      list.querySelector(`[data-command="${command}"]`)?.focus();
    };
    button.addEventListener("keydown", taken);
    button.addEventListener("blur", () => {
      button.removeEventListener("keydown", taken);
      show();
    }, { once: true });
  };
  const dialog = h("dialog.dialog", { "aria-label": t("keys") });
  const close = h("button.plain", { type: "button", "aria-label": t("close"), on: { click: () => dialog.close() } }, icon("close"));
  const usual = h("button.act", { type: "button", on: { click: () => {
    viewer.setKeys([]);
    show();
  } } }, t("keys_usual"));
  dialog.append(h("header", {}, h("h2", {}, t("keys")), close), h("p.quiet", {}, t("keys_hint")), list, h("footer", {}, usual));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  show();
  viewer.root.append(dialog);
  dialog.showModal();
}

/** Asks for one line of text; null when the reader leaves it. */
export function askText(viewer, label, value, { title, isNumber } = {}) {
  const { t } = viewer;
  return new Promise((resolve) => {
    const input = h("input", { type: "text", value, "aria-label": t(label), autocomplete: "off", maxLength: 200, inputMode: isNumber ? "numeric" : undefined });
    const dialog = h("dialog.dialog.small", { "aria-label": t(title ?? label) });
    let said = null;
    const form = h("form", { method: "dialog", on: { submit: () => { said = input.value.trim(); } } },
      h("label", {}, h("span", {}, t(label)), input), h("footer", {}, h("button.act", { type: "button", on: { click: () => dialog.close() } }, t("cancel")), h("button.act.main", { type: "submit" }, t("ok"))));
    dialog.append(form);
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(said);
    });
    viewer.root.append(dialog);
    dialog.showModal();
    input.select();
  });
}
