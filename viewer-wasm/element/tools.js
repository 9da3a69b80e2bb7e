// Names of tools: what the pointer does, what it draws, which volumes it makes. Pure.

/** Movements, in the order of the bar. */
export const MOVE_TOOLS = ["crosshair", "scroll", "window", "pan", "zoom", "rotate"];

/** Marks, as `session::MarkKind` names them; an outline along edges is kept as one by hand. */
export const MARK_TOOLS = [
  "length", "polyline", "angle", "cobb", "bidirectional", "cardiothoracic", "rectangle", "ellipse", "circle", "polygon", "freehand", "livewire", "spline", "arrow", "text", "probe",
];

/** A line along which another view is laid. */
export const CURVE_TOOLS = ["curve"];

/** Volumes of interest and what changes them. */
export const VOI_TOOLS = ["one_click", "threshold", "sphere", "brush", "eraser", "move_voi"];

/** What each form of the viewer offers. */
export const OFFERED = {
  full: { move: MOVE_TOOLS, mark: MARK_TOOLS, voi: VOI_TOOLS, curve: CURVE_TOOLS },
  clinic: { move: ["scroll", "window", "pan", "zoom"], mark: ["probe", "ellipse", "length"], voi: [], curve: [] },
  patient: { move: ["scroll", "window", "zoom"], mark: [], voi: [], curve: [] },
};

/** Whether a tool draws what is seen as a rubber band. */
export function isDrawing(tool) {
  return MARK_TOOLS.includes(tool) || VOI_TOOLS.includes(tool) || CURVE_TOOLS.includes(tool);
}

/** Tools of a view by the drawer's names for them. */
const NAMED = { window: "drag_window", rotate: "turn", brush: "brush", eraser: "brush", move_voi: "move_voi" };

/** Whether a tool does something on a view whose controls are known. */
export function fits(tool, controls) {
  if (!controls) return true;
  if (tool === "livewire") return controls.tools.includes("livewire");
  // Where slices are paged there is a plane to draw on.
  if (tool === "curve") return controls.tools.includes("scroll");
  if (MARK_TOOLS.includes(tool)) return controls.marks.includes(tool);
  if (["one_click", "threshold", "sphere"].includes(tool)) return controls.tools.includes("brush");
  if (tool === "rotate") return true;
  if (["scroll", "crosshair"].includes(tool) && controls.tools.includes("jump_to_maximum")) return true;
  return controls.tools.includes(NAMED[tool] ?? tool);
}
