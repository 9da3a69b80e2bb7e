// One series laid on another by hand: a small window beside the views with steps along and about the body's axes. Each step
// is a command of its own, to be taken back like any other.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const AXES = [["x", [1, 0, 0]], ["y", [0, 1, 0]], ["z", [0, 0, 1]]];
/** Least and largest step, and the one that is offered first. */
const STEPS = { move: { least: 0.1, most: 500, first: 2, unit: "mm" }, turn: { least: 0.1, most: 180, first: 1, unit: "°" } };

/** Volumes that can be laid on another one: those of another space. [moving, fixed] of each pair. */
export function pairsOf(series) {
  const volumes = series.filter(({ is_volume }) => is_volume);
  return volumes.flatMap((moving) => volumes.filter((fixed) => fixed.space !== moving.space).map((fixed) => [moving, fixed]));
}

/** The pair to begin with: what is shown stays, and lies on nothing yet where that can be. */
export function firstPair(pairs, shown) {
  const stays = shown.flatMap((key) => pairs.filter(([, fixed]) => fixed.key === key));
  return stays.find(([moving]) => shown.includes(moving.key)) ?? stays[0] ?? pairs[0] ?? null;
}

/** A step as the command that makes it: `move` in mm to the left, back and head, `turn` in degrees, right-handed. */
export function stepOf([moving, fixed], kind, axis, amount) {
  const change = kind === "move" ? { move_by: { mm: axis.map((part) => part * amount) } } : { turn_by: { axis, angle_rad: (amount * Math.PI) / 180 } };
  return { align_by_hand: { moving: moving.key, fixed: fixed.key, change } };
}

/** A typed step within its limits; null for what is no number. */
export function stepRead(text, kind) {
  const { least, most } = STEPS[kind];
  const value = Number(text.replace(",", ".").trim());
  return text.trim() && Number.isFinite(value) ? Math.min(most, Math.max(least, Math.abs(value))) : null;
}

/** Whether two spaces are joined already, by what a snapshot says. */
export function areJoined(joints, [moving, fixed]) {
  const spaces = [moving.space, fixed.space];
  return joints.some((joint) => joint.origin !== "none" && joint.origin !== "offset" && spaces.includes(joint.moving) && spaces.includes(joint.fixed));
}

export function canRegister(viewer) {
  return pairsOf(viewer.state.series).length > 0;
}

/** The window itself; one at a time. */
export function registrationDialog(viewer) {
  const { t } = viewer;
  viewer.root.querySelector(".registration")?.close();
  const pairs = pairsOf(viewer.state.series);
  let pair = firstPair(pairs, viewer.activeView?.layers.map(({ series }) => series) ?? []);
  const dialog = h("dialog.dialog.registration", { "aria-label": t("registration") });
  const send = (command) => {
    viewer.do(command, viewer.gesture());
    viewer.rest();
  };
  const change = (what) => send({ align_by_hand: { moving: pair[0].key, fixed: pair[1].key, change: what } });

  const named = (one) => [t.modality(one.modality), one.number, one.description].filter(Boolean).join(" ");
  const choose = (n, word) => {
    const select = h("select.series-choice", { "aria-label": t(word) });
    const fill = () => {
      const possible = n ? pairs.filter(([moving]) => moving === pair[0]).map(([, fixed]) => fixed) : [...new Set(pairs.map(([moving]) => moving))];
      select.replaceChildren(...possible.map((one) => h("option", { value: one.key, selected: one === pair[n] }, named(one))));
    };
    select.addEventListener("change", () => {
      const found = pairs.filter((one) => one[n].key === select.value);
      pair = found.find((one) => one[1 - n] === pair[1 - n]) ?? found[0];
      for (const one of selects) one.fill();
    });
    return { fill, element: h("label.control", {}, h("span.name", {}, t(word)), select) };
  };
  const selects = [choose(0, "registration_moving"), choose(1, "registration_fixed")];

  const row = (kind, [name, axis]) => {
    const { first, unit } = STEPS[kind];
    const label = t(`registration_${kind}_${name}`);
    const field = h("input.typed", { type: "text", inputMode: "decimal", value: first, "aria-label": `${label}, ${unit}`, autocomplete: "off" });
    field.addEventListener("change", () => { field.value = stepRead(field.value, kind) ?? first; });
    const step = (sign) => {
      const word = t(`registration_${kind}_${name}_${sign < 0 ? "minus" : "plus"}`);
      return h("button.act", { type: "button", "aria-label": `${label}: ${word}`, on: { click: () => send(stepOf(pair, kind, axis, sign * (stepRead(field.value, kind) ?? first))) } }, word);
    };
    return h("div.step", {}, h("span.name", {}, label), step(-1), h("span.field", {}, field, h("span.unit", {}, unit)), step(1));
  };

  const overlay = async () => {
    const viewport = viewer.active;
    const snapshot = await viewer.ask("snapshot").catch(() => null);
    if (viewport === null || !snapshot) return;
    const gesture = viewer.gesture();
    // What nothing joins cannot be laid over each other: it begins where frames of reference have it.
    if (!areJoined(snapshot.state.joints, pair)) viewer.do(stepOf(pair, "move", AXES[0][1], 0), gesture);
    viewer.do({ show: { viewport, kind: "plane", series: [pair[1].key, pair[0].key], axis: "axial" } }, gesture);
  };
  // The upper series of a fused view goes with the pointer.
  const drag = h("button.act", { type: "button", on: { click: () => viewer.chooseTool("align") } }, icon("pan"), t("registration_drag"));
  const showTool = () => drag.setAttribute("aria-pressed", String(viewer.tool === "align"));
  const ended = viewer.on("tool", showTool);
  showTool();
  const act = (word, picture, call) => h("button.act", { type: "button", on: { click: call } }, icon(picture), t(word));
  const close = h("button.plain", { type: "button", "aria-label": t("close"), on: { click: () => dialog.close() } }, icon("close"));
  dialog.append(
    h("header", {}, h("h2", {}, t("registration")), close),
    h("div.chosen-series", {}, selects.map(({ element }) => element)),
    h("h3", {}, t("registration_move")), ...AXES.map((axis) => row("move", axis)),
    h("h3", {}, t("registration_turn")), ...AXES.map((axis) => row("turn", axis)),
    h("footer", {}, act("registration_overlay", "fused", overlay), drag, act("undo", "undo", () => viewer.do("undo")), act("registration_forget", "trash", () => change("forget"))),
  );
  for (const one of selects) one.fill();
  dialog.addEventListener("close", () => {
    ended();
    if (viewer.tool === "align") viewer.chooseTool("align");
    dialog.remove();
  });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") dialog.close();
  });
  viewer.root.append(dialog);
  // The views stay in reach: what moves is looked at.
  dialog.show();
}
