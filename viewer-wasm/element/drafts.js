// A mark while it is drawn: its points, whether it is whole, and the rubber band that is seen meanwhile. Pure.

/** Points of each kind: how many, `many` for as many as one likes, `free` for a line drawn by hand. */
export const POINTS = {
  length: 2,
  polyline: "many",
  angle: 3,
  cobb: 4,
  bidirectional: 4,
  cardiothoracic: 6,
  rectangle: 2,
  ellipse: "box",
  circle: 2,
  polygon: "many",
  freehand: "free",
  spline: "many",
  arrow: 2,
  text: 1,
  probe: 1,
  curve: "many",
};

/** Fewest points of those with as many as one likes. */
const LEAST = { polyline: 2, curve: 2, polygon: 3, spline: 3, freehand: 3 };
const CLOSED = new Set(["polygon", "spline", "freehand"]);
const COLOR = [255, 220, 60, 255];
/** Points of a line by hand that lie closer are left out, in picture pixels. */
const FREE_STEP = 2;

/** Nothing drawn yet. */
export function begun(kind) {
  return { kind, points: [] };
}

/** With a further point. */
export function with_(draft, point) {
  const last = draft.points.at(-1);
  if (POINTS[draft.kind] === "free" && last && Math.hypot(point[0] - last[0], point[1] - last[1]) < FREE_STEP) return draft;
  return { ...draft, points: [...draft.points, point] };
}

/** Whether nothing is missing. */
export function isWhole(draft) {
  const needed = POINTS[draft.kind];
  if (needed === "box") return draft.points.length >= 2;
  return typeof needed === "number" && draft.points.length >= needed;
}

/** Whether it may be ended now: by a double click, Enter or a lifted pen. */
export function mayEnd(draft) {
  return isWhole(draft) || (LEAST[draft.kind] !== undefined && draft.points.length >= LEAST[draft.kind]);
}

/** Whether its two points are the ends of one drag. */
export function isDragged(kind) {
  return [2, "box", "free"].includes(POINTS[kind]);
}

/** Its points as the command takes them: an ellipse is dragged as a box and told by the ends of its axes. */
export function toldPoints(draft) {
  if (draft.kind !== "ellipse") return draft.points;
  const [[ax, ay, width, height], [bx, by]] = draft.points;
  const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
  return [[ax, y, width, height], [bx, y, width, height], [x, ay, width, height]];
}

/** Whether its points lie far enough apart to be meant. */
export function isMeant(draft, least) {
  if (!isDragged(draft.kind)) return true;
  const [first, last] = [draft.points[0], draft.points.at(-1)];
  const spread = Math.max(...draft.points.map((point) => Math.hypot(point[0] - first[0], point[1] - first[1])));
  return draft.points.length > 1 && Math.max(spread, Math.hypot(last[0] - first[0], last[1] - first[1])) >= least;
}

/** The command that draws it. */
export function addMark(draft, viewport, text = "") {
  return { add_mark: { viewport, kind: draft.kind, points: toldPoints(draft), text } };
}

const style = (extra = {}) => ({ color: COLOR, width_points: 1.4, dash: null, outline: true, ...extra });
/** A line as it is seen while it is drawn. */
export const line = (points, closed = false, extra) => ({ kind: "polyline", points, closed, style: style(extra) });
/** A spot's place in its picture. */
export const placed = ([x, y]) => [x, y];
const handle = (at) => ({ kind: "handle", at, shape: "square", selected: true, color: COLOR });

/** The rubber band: marks as `drawing.js` draws them, with the pointer as the next point. */
export function band(draft, pointer) {
  const set = draft.points.map(placed);
  const points = pointer && !isWhole(draft) ? [...set, placed(pointer)] : set;
  if (!points.length) return [];
  return [...shape(draft.kind, points), ...(draft.kind === "freehand" ? [] : set.map(handle))];
}

function shape(kind, points) {
  if (points.length < 2) return [];
  const [a, b] = points;
  switch (kind) {
    case "rectangle":
      return [line([a, [b[0], a[1]], b, [a[0], b[1]]], true)];
    case "ellipse": {
      const axes = [[Math.abs(b[0] - a[0]) / 2, 0], [0, Math.abs(b[1] - a[1]) / 2]];
      return [{ kind: "ellipse", center: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], axes, style: style(), fill: null }];
    }
    case "circle":
    case "sphere":
    case "threshold": {
      const radius = Math.hypot(b[0] - a[0], b[1] - a[1]);
      return [{ kind: "ellipse", center: a, axes: [[radius, 0], [0, radius]], style: style({ dash: kind === "circle" ? null : [5, 4] }), fill: null }];
    }
    case "arrow":
      return [{ kind: "arrow", from: a, to: b, style: style() }];
    case "cobb":
    case "bidirectional":
      return [line(points.slice(0, 2)), ...(points.length > 3 ? [line(points.slice(2, 4))] : [])];
    case "cardiothoracic":
      return [0, 2, 4].filter((n) => points.length > n + 1).map((n) => line(points.slice(n, n + 2)));
    default:
      return [line(points, CLOSED.has(kind) && points.length > 2)];
  }
}
