// An outline along edges while it is drawn: clicks set its points, the drawer says the way from each to the next and to
// the pointer. What is kept is a line by hand.

import { line, placed } from "./drafts.js";

/** Points of a line that are told, at most: as many as the drawer takes of one mark. */
const MOST = 4000;
/** Clicks that lie closer than this are one, in picture pixels. */
const SAME = 3;
/** A click so near to the first point closes the outline. */
const CLOSES = 9;

const apart = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** Ways one after the other without the points that two of them share; every so many are left out where there are too many. */
export function joined(ways, most = MOST) {
  const points = ways.flat().filter((point, n, all) => !n || apart(point, all[n - 1]) > 1e-6);
  const every = Math.ceil(points.length / most);
  return points.filter((_, n) => n % every === 0);
}

/** What a click does to an outline of these points: `same` as the last, `close` it, or `add`. */
export function clicked(points, spot, scale = 1) {
  if (points.length && apart(points.at(-1), spot) < SAME * scale) return "same";
  return points.length > 2 && apart(points[0], spot) < CLOSES * scale ? "close" : "add";
}

export class Livewire {
  /** `show(marks)` draws what there is so far. */
  constructor(viewer, view, start, show) {
    Object.assign(this, { viewer, view, show, points: [start], ways: [], live: null, wanted: null });
    this.draw();
  }

  /** The way from a point to another; straight where the drawer knows none. */
  async way(from, to) {
    try {
      return await this.viewer.ask({ livewire: { viewport: this.view.number, from, to } });
    } catch (error) {
      if (!this.hasFailed) this.viewer.problem(error);
      this.hasFailed = true;
      return [from, to];
    }
  }

  /** The pointer is there: one question at a time, the last place is never lost. */
  async hover(spot) {
    this.wanted = spot;
    if (this.isAsking) return;
    this.isAsking = true;
    while (this.wanted && !this.isOver) {
      const to = this.wanted;
      const count = this.points.length;
      this.wanted = null;
      const way = await this.way(this.points.at(-1), to);
      if (count === this.points.length) this.live = way;
      this.draw();
    }
    this.isAsking = false;
  }

  /** A further point: its way takes its place in order, whenever it comes. */
  add(spot) {
    const n = this.points.length - 1;
    const from = this.points[n];
    this.points.push(spot);
    this.live = null;
    this.ways[n] = this.way(from, spot).then((way) => {
      this.ways[n] = way;
      this.draw();
      return way;
    });
  }

  /** The whole outline, closed along edges too; null for one of too few points. */
  async finish() {
    this.isOver = true;
    if (this.points.length < 3) return null;
    const ways = await Promise.all([...this.ways, this.way(this.points.at(-1), this.points[0])]);
    return joined(ways);
  }

  draw() {
    if (this.isOver) return;
    const known = this.ways.filter(Array.isArray);
    const way = joined([...known, ...(this.live ? [this.live] : [])]);
    this.show([...(way.length > 1 ? [line(way.map(placed))] : []), ...this.points.map((at) => ({ kind: "handle", at: placed(at), shape: "square", selected: true, color: [255, 220, 60, 255] }))]);
  }
}
