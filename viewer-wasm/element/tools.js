// Names of tools: what the pointer does, what it draws, which volumes it makes. Pure.

/** Movements, in the order of the bar. */
export const MOVE_TOOLS = ["crosshair", "scroll", "window", "pan", "zoom", "rotate"];

/** Marks, as `session::MarkKind` names them. */
export const MARK_TOOLS = [
  "length", "polyline", "angle", "cobb", "bidirectional", "cardiothoracic", "rectangle", "ellipse", "circle", "polygon", "freehand", "spline", "arrow", "text", "probe",
];

/** Volumes of interest and what changes them. */
export const VOI_TOOLS = ["one_click", "threshold", "sphere", "brush", "eraser", "move_voi"];

/** What each form of the viewer offers. */
export const OFFERED = {
  full: { move: MOVE_TOOLS, mark: MARK_TOOLS, voi: VOI_TOOLS },
  clinic: { move: ["scroll", "window", "pan", "zoom"], mark: ["probe", "ellipse", "length"], voi: [] },
  patient: { move: ["scroll", "window", "zoom"], mark: [], voi: [] },
};

/** Tools of a view by the drawer's names for them. */
const NAMED = { window: "drag_window", rotate: "turn", brush: "brush", eraser: "brush", move_voi: "move_voi" };

/** Whether a tool does something on a view whose controls are known. */
export function fits(tool, controls) {
  if (!controls) return true;
  if (MARK_TOOLS.includes(tool)) return controls.marks.includes(tool);
  if (["one_click", "threshold", "sphere"].includes(tool)) return controls.tools.includes("brush");
  if (tool === "rotate") return true;
  if (["scroll", "crosshair"].includes(tool) && controls.tools.includes("jump_to_maximum")) return true;
  return controls.tools.includes(NAMED[tool] ?? tool);
}
