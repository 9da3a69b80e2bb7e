// From what a hand does to what the drawer is told. Pure: no page, no clock.

import { isSpatial, kindName } from "./conversation.js";

/** Movements below this are a click, in CSS pixels. */
export const CLICK_PIXELS = 4;
/** A finger that stays this long probes. */
export const LONG_PRESS_MS = 480;
/** Two taps within this are a double tap. */
export const DOUBLE_TAP_MS = 320;
/** Magnification of one CSS pixel of a zooming drag. */
const ZOOM_PER_PIXEL = 1.008;
/** Turns of two fingers below this are none. */
const LEAST_TURN_RAD = 0.12;
/** The middle of two fingers that only turn trembles by less, in picture pixels. */
const LEAST_PAN = 0.05;
/** A notch of the wheel turns what is seen in space so far, as a part of the picture's width. */
const WHEEL_TURN = 0.03;

const BUTTONS = ["left", "middle", "right"];
const MODIFIERS = { shift: "shiftKey", ctrl: "ctrlKey", alt: "altKey", meta: "metaKey" };

/** The modifiers that an event holds, by name. */
export function modifiersOf(event) {
  return Object.keys(MODIFIERS).filter((name) => event[MODIFIERS[name]]);
}

/**
 * The tool of a button (0 left, 1 middle, 2 right, or `wheel`) with modifiers, by the look's table. What was chosen in
 * the tool bar is the left button's.
 */
export function toolOf(button, modifiers, mouse, chosen = null) {
  const name = BUTTONS[button] ?? button;
  if (name === "left" && !modifiers.length && chosen) return chosen;
  const has = (binding) => {
    const wanted = binding.modifiers ?? [];
    return binding.button === name && wanted.length === modifiers.length && wanted.every((one) => modifiers.includes(one));
  };
  return mouse.find(has)?.tool ?? "none";
}

/** What a tool means on what is shown: what cannot be paged turns, what cannot be crossed jumps to the maximum. */
export function meant(tool, kind) {
  const name = kindName(kind);
  if (isSpatial(kind)) {
    if (tool === "scroll") return "turn";
    if (tool === "crosshair") return name === "projection" ? "jump" : "turn";
    return tool === "rotate" ? "turn" : tool;
  }
  if (tool === "rotate") return name === "plane" ? "turn" : "rotate";
  if (name === "curved" && !["window", "zoom"].includes(tool)) return "none";
  return tool;
}

/** CSS pixels that page by one: a drag over the whole height pages through all. */
export function pixelsAStep(slices, height) {
  return Math.max(2, Math.min(18, height / Math.max(1, slices)));
}

/**
 * The command of a piece of a drag, or null.
 *
 * `from`, `to` and `start` are spots `[x, y, width, height]` in picture pixels; `by` the movement in CSS pixels;
 * `rest` what an earlier piece left over of a step, which is kept by the caller.
 */
export function dragged(tool, view, { from, to, start, by, layer, rest, height }) {
  const viewport = view.viewport;
  switch (meant(tool, view.kind)) {
    case "scroll": {
      const along = by[1] + (rest.pixels ?? 0);
      const pixels = pixelsAStep(view.slice?.[1] ?? 100, height);
      const steps = Math.trunc(along / pixels);
      rest.pixels = along - steps * pixels;
      return steps ? { scroll: { viewport, steps } } : null;
    }
    case "window":
      return by[0] || by[1] ? { drag_window: { viewport, layer, by } } : null;
    case "pan":
      return { pan: { viewport, from, to } };
    case "turn":
      return { turn: { viewport, from, to } };
    case "zoom":
      return by[1] ? { zoom: { viewport, factor: ZOOM_PER_PIXEL ** -by[1], about: start } } : null;
    case "rotate":
      return { rotate: { viewport, angle_rad: turnAbout(from, to) } };
    case "crosshair":
      return { crosshair: { viewport, at: to } };
    case "align": {
      const [fixed, moving] = view.layers;
      return moving ? { align_by_hand: { moving: moving.series, fixed: fixed.series, change: { drag: { viewport, from, to } } } } : null;
    }
    case "jump":
      return { jump_to_maximum: { viewport, layer, at: to } };
    default:
      return null;
  }
}

/** The angle from one spot to another about the middle of the picture, clockwise. */
export function turnAbout(from, to) {
  const angle = ([x, y, width, height]) => Math.atan2(y - height / 2, x - width / 2);
  const turn = angle(to) - angle(from);
  return Math.atan2(Math.sin(turn), Math.cos(turn));
}

/** The command of notches of the wheel, positive towards the reader. */
export function wheeled(tool, view, notches, at) {
  const viewport = view.viewport;
  const what = meant(tool, view.kind);
  if (what === "scroll") return { scroll: { viewport, steps: notches } };
  if (what === "zoom") return { zoom: { viewport, factor: 1.12 ** -notches, about: at } };
  if (what === "turn" || what === "rotate") {
    const [, , width, height] = at;
    const middle = [width / 2, height / 2];
    return { turn: { viewport, from: [...middle, width, height], to: [middle[0] + notches * WHEEL_TURN * width, middle[1], width, height] } };
  }
  return null;
}

/** Whole notches of wheel movements of any device, with the rest kept for the next. */
export function notches(event, rest) {
  const lines = event.deltaMode === 1 ? event.deltaY / 3 : event.deltaMode === 2 ? event.deltaY : event.deltaY / 100;
  // A wheel's notch counts whole, whatever the system makes of it; a touchpad's small pieces add up.
  const isNotch = event.deltaMode !== 0 || Math.abs(event.deltaY) >= 50;
  const along = isNotch ? Math.sign(lines) * Math.max(1, Math.round(Math.abs(lines))) : lines * 4 + (rest.notches ?? 0);
  const whole = Math.trunc(along);
  rest.notches = isNotch ? 0 : along - whole;
  return whole;
}

/** The commands of two fingers that moved: `before` and `now` are pairs of spots; `held` keeps whether they turn. */
export function twoFingers(view, before, now, held) {
  const viewport = view.viewport;
  const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, a[2], a[3]];
  const across = ([a, b]) => [b[0] - a[0], b[1] - a[1]];
  const [from, to] = [middle(before), middle(now)];
  const [u, v] = [across(before), across(now)];
  const commands = [];
  if (Math.hypot(to[0] - from[0], to[1] - from[1]) > LEAST_PAN) commands.push({ pan: { viewport, from, to } });
  const factor = Math.hypot(...v) / Math.hypot(...u);
  if (Number.isFinite(factor) && factor > 0 && factor !== 1) commands.push({ zoom: { viewport, factor, about: to } });
  const turn = Math.atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1]);
  held.turned = (held.turned ?? 0) + turn;
  if (!held.turns && Math.abs(held.turned) > LEAST_TURN_RAD) {
    held.turns = true;
    return [...commands, { rotate: { viewport, angle_rad: held.turned } }];
  }
  if (held.turns && turn) commands.push({ rotate: { viewport, angle_rad: turn } });
  return commands;
}

/** A double tap: from planes to a view in space, and back. Uptake is seen as a projection, tissue as a rendering. */
export function twoOrThree(view) {
  const viewport = view.viewport;
  if (isSpatial(view.kind)) return { set_kind: { viewport, kind: "plane" } };
  const isUptake = ["PT", "NM"].includes(view.layers.at(-1)?.modality);
  const kind = isUptake ? { projection: { of: "maximum" } } : { rendering: { preset: null } };
  return { set_kind: { viewport, kind } };
}

const MERGES = {
  scroll: (a, b) => ({ ...b, steps: a.steps + b.steps }),
  drag_window: (a, b) => (a.layer === b.layer ? { ...b, by: [a.by[0] + b.by[0], a.by[1] + b.by[1]] } : null),
  pan: (a, b) => ({ ...b, from: a.from }),
  turn: (a, b) => ({ ...b, from: a.from }),
  zoom: (a, b) => ({ ...b, factor: a.factor * b.factor }),
  rotate: (a, b) => ({ ...b, angle_rad: a.angle_rad + b.angle_rad }),
  crosshair: (_, b) => b,
  jump_to_maximum: (_, b) => b,
  move_handle: (a, b) => (a.mark === b.mark && a.handle === b.handle ? b : null),
  move_mark: (a, b) => (a.mark === b.mark ? { ...b, from: a.from } : null),
  move_voi: (a, b) => (a.voi === b.voi ? { ...b, from: a.from } : null),
  set_ratio: (_, b) => b,
  set_zoom: (_, b) => b,
  set_slab: (_, b) => b,
  sharpen: (_, b) => b,
  set_window: (a, b) => (a.layer === b.layer ? b : null),
  align_by_hand: (a, b) => (a.change.drag && a.change.drag.viewport === b.change.drag?.viewport ? { ...b, change: { drag: { ...b.change.drag, from: a.change.drag.from } } } : null),
  compare: (_, b) => b,
  go_to_slice: (_, b) => b,
  go_to_phase: (_, b) => b,
  point: (_, b) => b,
};

/** Lays a command onto those that wait for the next image: pieces of one movement become one command. */
export function coalesced(waiting, command) {
  const name = Object.keys(command)[0];
  const at = waiting.findLastIndex((one) => name in one && one[name].viewport === command[name].viewport);
  const merged = at >= 0 && MERGES[name] ? MERGES[name](waiting[at][name], command[name]) : null;
  if (!merged) return [...waiting, command];
  return waiting.map((one, n) => (n === at ? { [name]: merged } : one));
}
