// What the bars hold, by form of the viewer and by size. Pure.

import { CURVE_TOOLS, MOVE_TOOLS } from "./tools.js";

const tools = (names) => names.map((name) => `tool:${name}`);
const AXES = ["act:axial", "act:coronal", "act:sagittal"];
const SPATIAL = ["act:mip", "act:vr", "act:fused", "menu:show"];

const BARS = {
  full: {
    wide: {
      top: [["act:series"], tools(MOVE_TOOLS), ["menu:measure", "menu:voi"], [...AXES, ...SPATIAL, ...tools(CURVE_TOOLS)], ["menu:layout", "menu:compare", "menu:cine", "menu:image"], ["act:undo", "act:redo", "act:reset"], ["act:key_image", "act:film"], "space", ["state:people", "state:drawer"], ["act:hide_patient", "act:full_screen", "menu:more", "act:panel"]],
    },
    middle: {
      top: [["act:series"], ["menu:tool", "menu:measure", "menu:voi"], ["menu:show"], ["menu:layout", "menu:compare", "menu:cine", "menu:image"], ["act:undo", "act:redo", "act:reset"], ["act:key_image", "act:film"], "space", ["state:people", "state:drawer"], ["menu:more", "act:panel"]],
    },
    phone: {
      top: [["act:series"], "space", ["state:pager"], "space", ["act:undo", "menu:more"]],
      bottom: [["menu:tool", "menu:windows", "act:two_or_three", "menu:show", "menu:layout", "act:panel"]],
    },
  },
  clinic: {
    wide: {
      top: [["act:series"], tools(["scroll", "window", "pan", "zoom"]), tools(["probe", "ellipse", "length"]), ["state:fusion"], ["menu:palettes", "menu:windows", "menu:layout"], ["act:two_or_three", "act:undo", "act:reset"], "space", ["state:drawer"], ["act:hide_name", "act:full_screen"]],
    },
    middle: {
      top: [["act:series"], ["menu:tool"], tools(["probe", "ellipse"]), ["state:fusion"], ["menu:palettes", "menu:windows", "menu:layout"], ["act:undo", "act:reset"], "space", ["state:drawer", "act:hide_name", "act:full_screen"]],
    },
    phone: {
      top: [["act:series"], ["state:fusion"], "space", ["state:pager"], "space", ["act:reset"]],
      bottom: [["menu:tool", "menu:palettes", "menu:windows", "act:two_or_three", "menu:layout", "act:hide_name"]],
    },
  },
  patient: {
    wide: { top: [["act:series"], tools(["scroll", "window", "zoom"]), ["act:two_or_three", "act:reset"], "space", ["state:drawer"], ["act:hide_name", "act:full_screen"]] },
    middle: { top: [["act:series"], tools(["scroll", "window", "zoom"]), ["act:two_or_three", "act:reset"], "space", ["act:hide_name", "act:full_screen"]] },
    phone: { top: [["act:series"], "space", ["state:pager"], "space", ["act:full_screen"]], bottom: [[...tools(["scroll", "window", "zoom"]), "act:two_or_three", "act:reset", "act:hide_name"]] },
  },
};

/** Widths at which the bar changes, in CSS pixels: fingers need more room. */
const PHONE = 640;
const WIDE = { fine: 1180, coarse: 1500 };

/** The size of a viewer of so many CSS pixels. A phone on its side is one too. */
export function sizeOf(width, height, isCoarse) {
  if (width < PHONE || (isCoarse && height < 460)) return "phone";
  return width < (isCoarse ? WIDE.coarse : WIDE.fine) ? "middle" : "wide";
}

/** Groups of items of the bar above and the bar below, `space` between what goes left and right. */
export function barItems(form, size) {
  const bars = (BARS[form] ?? BARS.full)[size];
  return { top: bars.top, bottom: bars.bottom ?? null };
}

/** Whether a form has a panel beside the views. */
export function hasPanel(form) {
  return form === "full";
}
