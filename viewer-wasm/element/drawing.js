// Draws `presentation::Drawing`: marks in pixels of a picture, whole numbers at pixel centres; widths and sizes in
// points, of which `scale` says how many pixels they have. The twin of engine's render::annotate.

export const TEXT_POINTS = 13;
export const TEXT_ASCENT = 0.88;
export const OUTLINE_POINTS = 1.2;
export const OUTLINE_COLOR = [0, 0, 0, 255];
export const HANDLE_POINTS = 7;
export const ARROW_HEAD_POINTS = [9, 7];
const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", sans-serif';

const PARTS = {
  top_left: [0, 0], top: [0.5, 0], top_right: [1, 0],
  left: [0, 0.5], center: [0.5, 0.5], right: [1, 0.5],
  bottom_left: [0, 1], bottom: [0.5, 1], bottom_right: [1, 1],
};

/** Where a text's left end and its line lie, for its place, width and the height of its box, all in pixels. */
export function textOrigin(anchor, width, height) {
  const [across, down] = PARTS[anchor] ?? PARTS.top_left;
  return [-across * width, TEXT_ASCENT * height - down * height];
}

/** The corners of an arrow's head and where its shaft ends; null for an arrow of no length. */
export function arrowHead(from, to, scale) {
  const along = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(...along);
  if (!(length > 0)) return null;
  const part = Math.min(1, length / (ARROW_HEAD_POINTS[0] * scale));
  const [long, half] = [ARROW_HEAD_POINTS[0] * scale * part, (ARROW_HEAD_POINTS[1] / 2) * scale * part];
  const [x, y] = along.map((value) => value / length);
  const base = [to[0] - x * long, to[1] - y * long];
  return { base, corners: [to, [base[0] - y * half, base[1] + x * half], [base[0] + y * half, base[1] - x * half]] };
}

/** The ellipse of two conjugate half axes as half lengths and a turn: the axes of their matrix (SVD). */
export function ellipseOf([[a, b], [c, d]]) {
  const [e, f, g, h] = [(a + d) / 2, (a - d) / 2, (b + c) / 2, (b - c) / 2];
  const [q, r] = [Math.hypot(e, h), Math.hypot(f, g)];
  const [first, second] = [Math.atan2(g, f), Math.atan2(h, e)];
  return { radii: [q + r, Math.abs(q - r)], turn: (second + first) / 2 };
}

/** Lengths for a canvas: its dashes do not count the round ends, the drawing's do. */
export function dashOf(style, scale) {
  if (!style.dash) return [];
  const width = style.width_points * scale;
  const [dash, gap] = style.dash.map((points) => points * scale);
  return [Math.max(0.01, dash - width), Math.max(0.01, gap + width)];
}

/** The width of a text of so many pixels' height. */
export function textWidth(context, text, height) {
  context.font = `${height}px ${FONT}`;
  return context.measureText(text).width;
}

const css = ([r, g, b, a]) => `rgb(${r} ${g} ${b} / ${a / 255})`;

function tracePoints(context, points, closed) {
  points.forEach(([x, y], n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (points.length === 1) context.lineTo(points[0][0] + 0.001, points[0][1]);
  if (closed) context.closePath();
}

function stroked(context, style, scale, trace) {
  const width = style.width_points * scale;
  const line = (color, wide) => {
    context.beginPath();
    trace();
    context.strokeStyle = css(color);
    context.lineWidth = wide;
    context.stroke();
  };
  context.setLineDash(dashOf(style, scale));
  if (style.outline) {
    if (style.dash) {
      const [dash, gap] = dashOf(style, scale);
      context.setLineDash([dash, gap]);
    }
    line(style.outline_color ?? OUTLINE_COLOR, width + 2 * OUTLINE_POINTS * scale);
    context.setLineDash(dashOf(style, scale));
  }
  line(style.color, width);
  context.setLineDash([]);
}

const DRAWERS = {
  polyline(context, mark, scale) {
    if (mark.points.length) stroked(context, mark.style, scale, () => tracePoints(context, mark.points, mark.closed));
  },
  polygon(context, mark) {
    context.beginPath();
    for (const ring of mark.rings) tracePoints(context, ring, true);
    context.fillStyle = css(mark.color);
    context.fill("evenodd");
  },
  ellipse(context, { center, axes, style, fill }, scale) {
    const { radii, turn } = ellipseOf(axes);
    const trace = () => context.ellipse(center[0], center[1], radii[0], radii[1], turn, 0, 2 * Math.PI);
    if (fill) {
      context.beginPath();
      trace();
      context.fillStyle = css(fill);
      context.fill();
    }
    stroked(context, style, scale, trace);
  },
  arrow(context, { from, to, style }, scale) {
    const head = arrowHead(from, to, scale);
    if (!head) return;
    const fillHead = (color, grown) => {
      context.beginPath();
      tracePoints(context, head.corners, true);
      context.fillStyle = css(color);
      context.fill();
      if (grown) {
        context.strokeStyle = css(color);
        context.lineWidth = grown;
        context.stroke();
      }
    };
    if (style.outline) fillHead(OUTLINE_COLOR, 2 * OUTLINE_POINTS * scale);
    stroked(context, style, scale, () => tracePoints(context, [from, head.base], false));
    fillHead(style.color, 0);
  },
  handle(context, { at: [x, y], shape, selected, color }, scale) {
    const side = HANDLE_POINTS * scale;
    const trace = (grown) => {
      context.beginPath();
      if (shape === "round") context.arc(x, y, side / 2 + grown, 0, 2 * Math.PI);
      else context.rect(x - side / 2 - grown, y - side / 2 - grown, side + 2 * grown, side + 2 * grown);
    };
    trace(OUTLINE_POINTS * scale);
    context.fillStyle = css(OUTLINE_COLOR);
    context.fill();
    trace(0);
    context.fillStyle = css(selected ? color : OUTLINE_COLOR);
    context.fill();
    context.strokeStyle = css(color);
    context.lineWidth = 1.4 * scale;
    context.stroke();
  },
  text(context, { at, anchor, text, size, color, outline, outline_color, angle_rad }, scale) {
    const line = text.replace(/\s*[\r\n]+\s*/g, " ");
    const height = TEXT_POINTS * size * scale;
    context.save();
    context.translate(at[0], at[1]);
    if (angle_rad) context.rotate(angle_rad);
    context.font = `${height}px ${FONT}`;
    const [x, y] = textOrigin(anchor, context.measureText(line).width, height);
    if (outline) {
      context.strokeStyle = css(outline_color ?? OUTLINE_COLOR);
      context.lineWidth = 2 * OUTLINE_POINTS * scale;
      context.strokeText(line, x, y);
    }
    context.fillStyle = css(color);
    context.fillText(line, x, y);
    context.restore();
  },
  color_ramp(context, { upper_left: [x, y], lower_right: [right, bottom], colors, style }, scale) {
    const band = (bottom - y) / colors.length;
    colors.forEach((color, n) => {
      context.fillStyle = css([...color, 255]);
      // Bands overlap a little: no seams where their borders are not pixels'.
      context.fillRect(x, y + n * band, right - x, Math.min(band + 0.75, bottom - y - n * band));
    });
    const corners = [[x, y], [right, y], [right, bottom], [x, bottom]];
    stroked(context, style, scale, () => tracePoints(context, corners, true));
  },
};

/** Draws marks, the first lowest. `factor` magnifies from the drawing's pixels to the canvas's. */
export function draw(context, marks, scale, factor = 1) {
  context.save();
  // Whole numbers are pixel centres there, corners of pixels on a canvas.
  context.setTransform(factor, 0, 0, factor, factor / 2, factor / 2);
  context.lineJoin = "round";
  context.lineCap = "round";
  context.textBaseline = "alphabetic";
  for (const mark of marks) DRAWERS[mark.kind]?.(context, mark, scale);
  context.restore();
}

/** Distance from a place to a piece of a line. */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const long = dx * dx + dy * dy;
  const part = long ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / long)) : 0;
  return Math.hypot(x - ax - part * dx, y - ay - part * dy);
}

function reachOf(mark, at) {
  switch (mark.kind) {
    case "handle":
      return Math.hypot(at[0] - mark.at[0], at[1] - mark.at[1]);
    case "arrow":
      return distance(at, mark.from, mark.to);
    case "polyline": {
      const points = mark.closed ? [...mark.points, mark.points[0]] : mark.points;
      return Math.min(...points.map((point, n) => distance(at, points[Math.max(0, n - 1)], point)));
    }
    case "ellipse": {
      const { radii } = ellipseOf(mark.axes);
      return Math.abs(Math.hypot(at[0] - mark.center[0], at[1] - mark.center[1]) - (radii[0] + radii[1]) / 2) - Math.abs(radii[0] - radii[1]) / 2;
    }
    default:
      return Infinity;
  }
}

/** What is drawn within reach: `handle`, `line` or null. Cheap; whose it is the drawer is asked. */
export function near(marks, at, reach) {
  let found = null;
  for (const mark of marks) {
    if (reachOf(mark, at) > reach) continue;
    if (mark.kind === "handle") return "handle";
    found = "line";
  }
  return found;
}
