// Which of the texts around a picture are drawn where there is room for few, and where. The drawer tells all of them as
// marks in the order of engine's presentation::drawing::page; what matters least is left out first, names and descriptions
// are shortened, numbers never are. Pure.

/** From the edge to what is written, from line to line, and how much larger directions are: those of the engine. */
export const MARGIN = 7;
export const LINE = 15;
export const LARGER = 1.4;
export const CAPITAL = 0.738;
const TEXT_POINTS = 13;
const TEXT_ASCENT = 0.88;
/** Least room between two texts side by side, points. */
const GAP = 5;
/** Lines of a corner take at most this part of a picture's height, two of them at any rate. */
const MOST_OF_HEIGHT = 0.18;
const ALWAYS = 2;
/** What a text takes above and below the line it stands on, in parts of its height. */
const ABOVE = 0.8;
const BELOW = 0.18;
/** Fewest letters that a shortened text keeps. */
const LEAST_LETTERS = { identity: 2, description: 6, institution: 6 };

/** What is left out first comes first; what is not named here always stays. */
export const LEFT_OUT = ["institution", "time", "zoom", "more_identity", "place", "bar_unit", "phase", "bar", "ruler", "description", "date", "window", "slice", "identity"];

const isPlain = (mark) => mark?.kind === "text" && mark.outline && !mark.angle_rad && mark.color.every((part) => part === 255);
const isLine = (mark) => isPlain(mark) && mark.size === 1 && ["top_left", "top_right"].includes(mark.anchor);
const isLetter = (mark) => isPlain(mark) && mark.size === LARGER;
const isRuler = (mark, label) => mark?.kind === "polyline" && mark.points.length === 4 && !mark.closed && isPlain(label) && label.anchor === "top" && / mm$/.test(label.text);

const PATTERNS = [
  ["window", /^W -?[\d.]+ L -?[\d.]+$/],
  ["place", /^-?\d+(\.\d+)?(, -?\d+(\.\d+)?)+( mm)?$/],
  ["zoom", /^\d+ %$/],
  ["slice", /^(\w+ )?\d+ \/ \d+$/],
  ["date", /^\d{4}-\d\d-\d\d$/],
  ["time", /^\d\d:\d\d:\d\d$/],
];

/** What lines of a corner are about: by how they are written, else by where they stand. */
export function rolesOf(corner, texts) {
  const roles = texts.map((text) => PATTERNS.find(([, pattern]) => pattern.test(text))?.[0] ?? null);
  const slices = roles.flatMap((role, n) => (role === "slice" ? [n] : []));
  for (const n of slices.slice(1)) roles[n] = "phase";
  const last = roles.lastIndexOf(null);
  return roles.map((role, n) => {
    if (role) return role;
    if (corner === "top_left") return n < 2 ? "identity" : "more_identity";
    return n === last ? "description" : "institution";
  });
}

/** The marks around a picture by what they are, and the others. */
function sorted(marks, height) {
  const found = { corners: {}, bar: [], letters: [], ruler: [] };
  let n = 0;
  for (; isLine(marks[n]); n += 1) {
    const corner = `${marks[n].at[1] < height / 2 ? "top" : "bottom"}_${marks[n].anchor === "top_left" ? "left" : "right"}`;
    (found.corners[corner] ??= []).push(marks[n]);
  }
  if (marks[n]?.kind === "color_ramp") {
    found.bar.push(marks[n]);
    for (n += 1; isLine(marks[n]); n += 1) found.bar.push(marks[n]);
  }
  for (; isLetter(marks[n]); n += 1) found.letters.push(marks[n]);
  if (isRuler(marks[n], marks[n + 1])) {
    found.ruler = [marks[n], marks[n + 1]];
    n += 2;
  }
  return { ...found, others: marks.slice(n) };
}

/** What can be left out as one: its role, its marks, and the corner that it stands in. */
function itemsOf(found) {
  const items = Object.entries(found.corners).flatMap(([corner, lines]) => {
    const roles = rolesOf(corner, lines.map(({ text }) => text));
    return lines.map((mark, n) => ({ role: roles[n], corner, marks: [mark] }));
  });
  const [ramp, ...numbers] = found.bar;
  if (ramp) {
    const unit = numbers.find(({ text }) => !Number.isFinite(Number(text)));
    items.push({ role: "bar", marks: [ramp, ...numbers.filter((mark) => mark !== unit)] });
    if (unit) items.push({ role: "bar_unit", marks: [unit] });
  }
  if (found.ruler.length) items.push({ role: "ruler", marks: found.ruler });
  return [...items, ...found.letters.map((mark) => ({ role: "letter", marks: [mark] }))];
}

/** The box that a mark takes, [left, top, right, bottom]. */
export function boxOf(mark, scale, measure) {
  if (mark.kind === "color_ramp") return [...mark.upper_left, ...mark.lower_right];
  if (mark.kind === "polyline") {
    const [xs, ys] = [0, 1].map((axis) => mark.points.map((point) => point[axis]));
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
  const height = TEXT_POINTS * mark.size * scale;
  const width = measure(mark.text, height);
  const left = mark.at[0] - { top_left: 0, top: 0.5, top_right: 1 }[mark.anchor] * width;
  const line = mark.at[1] + TEXT_ASCENT * height;
  // Directions are capitals.
  const [above, below] = mark.size === LARGER ? [CAPITAL, 0] : [ABOVE, BELOW];
  return [left, line - above * height, left + width, line + below * height];
}

/** By how much two boxes overlap sideways, with the gap between them; 0 where they lie above each other or apart. */
function overlap([left, top, right, bottom], [left2, top2, right2, bottom2], gap) {
  if (bottom <= top2 || bottom2 <= top) return 0;
  return Math.max(0, Math.min(right, right2) - Math.max(left, left2) + gap);
}

/**
 * Lines of the corners one below the other without those that were left out, those of lower corners that are `raised` above
 * the letter at the edge; the ruler's number within the picture.
 */
function placed(items, [width, height], scale, measure, raised) {
  const counts = {};
  for (const { corner } of items) if (corner) counts[corner] = (counts[corner] ?? 0) + 1;
  const at = {};
  const above = (TEXT_ASCENT - CAPITAL) * TEXT_POINTS * scale;
  return items.map((item) => {
    if (item.role === "ruler") {
      const [bar, label] = item.marks;
      const half = measure(label.text, TEXT_POINTS * scale) / 2;
      const x = Math.min(label.at[0], width - MARGIN * scale - half);
      return { ...item, marks: [bar, { ...label, at: [x, label.at[1]] }] };
    }
    if (!item.corner) return item;
    const n = at[item.corner] ?? 0;
    at[item.corner] = n + 1;
    const up = raised.has(item.corner) ? LARGER * LINE : 0;
    const first = item.corner.startsWith("top") ? MARGIN * scale : height - (MARGIN + LINE * counts[item.corner] + up) * scale;
    const [mark] = item.marks;
    return { ...item, marks: [{ ...mark, at: [mark.at[0], first + LINE * n * scale - above - 0.5] }] };
  });
}

/** A text that takes at most so much, with what is left out at its end marked; null when too little would be left. */
function shortened(text, room, height, least, measure) {
  const letters = [...text.replace(/…$/, "")];
  for (let n = letters.length - 1; n >= least; n -= 1) {
    const short = `${letters.slice(0, n).join("").trimEnd()}…`;
    if (measure(short, height) <= room) return short;
  }
  return null;
}

const rank = ({ role }) => (LEFT_OUT.includes(role) ? LEFT_OUT.indexOf(role) : LEFT_OUT.length);

/** Two items that lie over each other, the one that matters least first and by how much; or one that leaves the picture. */
function conflict(items, width, scale, measure) {
  const boxes = items.map(({ marks }) => marks.map((mark) => boxOf(mark, scale, measure)));
  let worst = null;
  const found = (item, by, other) => {
    if (by > 0 && item.role !== "letter" && (!worst || rank(item) < rank(worst.item))) worst = { item, by, other };
  };
  for (const [n, item] of items.entries()) {
    for (const [left, , right] of boxes[n]) found(item, Math.max(-left, right - width));
    for (let m = 0; m < n; m += 1) {
      if (item.corner && item.corner === items[m].corner) continue;
      const by = Math.max(...boxes[n].flatMap((one) => boxes[m].map((other) => overlap(one, other, GAP * scale))));
      const [less, more] = rank(item) <= rank(items[m]) ? [item, items[m]] : [items[m], item];
      found(less, by, more);
    }
  }
  return worst;
}

/** Corners without the lines that would take too much of the picture. */
function sparing(items, height, scale) {
  const most = Math.max(ALWAYS, Math.floor((MOST_OF_HEIGHT * height) / (LINE * scale)));
  const keeps = (item) => {
    const others = items.filter(({ corner }) => corner === item.corner);
    const before = others.filter((other) => rank(other) > rank(item) || (rank(other) === rank(item) && others.indexOf(other) < others.indexOf(item)));
    return !item.corner || before.length < most;
  };
  return items.filter(keeps);
}

/** Marks of which no text around the picture lies over another. `measure(text, height)` gives a text's width. */
export function fitted(marks, size, scale, measure) {
  const found = sorted(marks, size[1]);
  const given = sparing(itemsOf(found), size[1], scale);
  if (!given.length) return marks;
  const raised = new Set();
  let items = placed(given, size, scale, measure, raised);
  for (let worst = conflict(items, size[0], scale, measure); worst; worst = conflict(items, size[0], scale, measure)) {
    const { item, by, other } = worst;
    if (item.corner?.startsWith("bottom") && other && !other.corner && !raised.has(item.corner)) {
      raised.add(item.corner);
      items = placed(items, size, scale, measure, raised);
      continue;
    }
    const [mark] = item.marks;
    const height = TEXT_POINTS * scale;
    const least = LEAST_LETTERS[item.role];
    const short = least && shortened(mark.text, measure(mark.text, height) - by, height, least, measure);
    const next = short ? items.map((one) => (one === item ? { ...item, marks: [{ ...mark, text: short }] } : one)) : items.filter((one) => one !== item);
    items = placed(next, size, scale, measure, raised);
  }
  return [...items.flatMap((item) => item.marks), ...found.others];
}

/** Handles that are drawn of a line with so many that they would hide it, points apart. */
const MANY_HANDLES = 16;
const HANDLES_APART = 16;

/** Without most of the handles of lines drawn by hand: what is taken hold of the drawer says, wherever the line is near. */
export function fewHandles(marks, scale) {
  const kept = [];
  for (let n = 0; n < marks.length; ) {
    let end = n;
    while (marks[end]?.kind === "handle") end += 1;
    const run = marks.slice(n, Math.max(end, n + 1));
    n += run.length;
    if (run.length <= MANY_HANDLES) kept.push(...run);
    else {
      let last = null;
      for (const handle of run) {
        if (last && Math.hypot(handle.at[0] - last[0], handle.at[1] - last[1]) < HANDLES_APART * scale) continue;
        last = handle.at;
        kept.push(handle);
      }
    }
  }
  return kept;
}

const DARK = [16, 20, 24, 255];
const LIGHT = [255, 255, 255, 255];
const isWhite = (color) => color?.every((part) => part === 255);

/** The same marks for a picture whose background is white: what is white by itself becomes dark with a light outline. */
export function onWhite(marks) {
  return marks.map((mark) => {
    if (mark.kind === "text") return isWhite(mark.color) ? { ...mark, color: DARK, outline_color: LIGHT } : mark;
    return mark.style && isWhite(mark.style.color) ? { ...mark, style: { ...mark.style, color: DARK, outline_color: LIGHT } } : mark;
  });
}

/** Whether what lies around a body is shown light, by the colour of nothing: `#rrggbb`. */
export function isLight(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
}
