// Marks and volumes while they are drawn: the rubber band is the page's own, the result the drawer's.

import * as drafts from "./drafts.js";
import { clicked, Livewire } from "./livewire.js";
import { CURVE_TOOLS, MARK_TOOLS } from "./tools.js";

/** Drags that are shorter are clicks, in CSS pixels. */
const LEAST_DRAG = 5;
/** Share of the largest value that belongs to a lesion (41 %, EANM). */
const OF_MAX = 0.41;
const MOST_ML = 2000;
const BRUSH_MM = 6;

export class Drawn {
  constructor(viewer) {
    this.viewer = viewer;
    this.draft = null;
  }

  down(held) {
    const { tool, view, start } = held;
    if (["brush", "eraser", "move_voi", "one_click"].includes(tool)) {
      this.stroke = { path: [start] };
      return;
    }
    if (tool === "livewire") {
      this.alongEdges(view, start);
      return;
    }
    if (this.wire) this.cancel();
    if (this.draft && (this.draft.kind !== tool || this.view !== view)) this.cancel();
    const kind = MARK_TOOLS.includes(tool) || CURVE_TOOLS.includes(tool) ? tool : "circle";
    this.tool = tool;
    this.view = view;
    if (!this.draft) this.draft = drafts.begun(kind);
    // Of what is dragged the second point follows the pointer; of what is clicked each click is one.
    this.draft = drafts.with_(this.draft, start);
    this.show(start);
  }

  /** Whether something is begun that is not done. */
  get isBusy() { return Boolean(this.draft ?? this.wire); }

  /** A click of an outline along edges. */
  alongEdges(view, spot) {
    if (this.wire?.view !== view) {
      this.cancel();
      this.view = view;
      this.wire = new Livewire(this.viewer, view, spot, (marks) => this.showMarks(marks));
      return;
    }
    const what = clicked(this.wire.points, spot, this.viewer.views.scale);
    if (what === "close") this.finish();
    else if (what === "add") this.wire.add(spot);
  }

  async outlined() {
    const { wire, view, viewer } = this;
    this.wire = null;
    const points = await wire.finish();
    if (points) viewer.do({ add_mark: { viewport: view.number, kind: "freehand", points, text: "" } });
    viewer.rest();
    setTimeout(() => !this.isBusy && this.clear(), 120);
    viewer.drawingDone();
  }

  drag(held, spot) {
    if (this.stroke) {
      this.strokeTo(held, spot);
      return;
    }
    if (!this.draft) return;
    if (this.draft.kind === "freehand") this.draft = drafts.with_(this.draft, spot);
    this.show(spot);
  }

  hover(view, spot) {
    if (this.wire && spot && view === this.view) this.wire.hover(spot);
    if (!this.draft || (view && view !== this.view)) return;
    this.show(spot);
  }

  up(held, spot) {
    if (this.stroke) {
      this.strokeEnded(held, spot);
      return;
    }
    const draft = this.draft;
    if (!draft) return;
    const least = LEAST_DRAG * this.viewer.views.scale;
    if (drafts.isDragged(draft.kind) && draft.points.length === 1) {
      const dragged = drafts.with_(draft, spot);
      if (!drafts.isMeant(dragged, least)) return;
      this.draft = dragged;
    }
    if (draft.kind === "freehand" ? drafts.mayEnd(this.draft) : drafts.isWhole(this.draft)) this.done();
  }

  /** Ends what has as many points as one likes; says whether there was such a thing. */
  finish() {
    if (this.wire) {
      this.outlined();
      return true;
    }
    if (!this.draft) return false;
    // A double click has set the last point twice.
    const points = this.draft.points.filter((point, n, all) => !n || Math.hypot(point[0] - all[n - 1][0], point[1] - all[n - 1][1]) > 2);
    this.draft = { ...this.draft, points };
    if (drafts.mayEnd(this.draft)) this.done();
    return true;
  }

  cancel() {
    const had = this.isBusy;
    if (this.wire) this.wire.isOver = true;
    this.wire = null;
    this.draft = null;
    this.stroke = null;
    this.clear();
    return had;
  }

  clear() {
    if (!this.view) return;
    this.view.band = [];
    this.viewer.views.redraw(this.view);
  }

  show(spot) {
    this.showMarks(drafts.band(this.draft, spot));
  }

  showMarks(marks) {
    this.view.band = marks;
    this.viewer.views.redraw(this.view);
  }

  async done() {
    const { draft, view, tool, viewer } = this;
    this.draft = null;
    const viewport = view.number;
    if (CURVE_TOOLS.includes(tool)) viewer.showCurve(viewport, draft.points);
    else if (!MARK_TOOLS.includes(tool)) await this.makeVoi(tool, viewport, draft.points);
    else if (tool === "text") {
      const text = await viewer.askText("mark_text", "");
      if (text) viewer.do(drafts.addMark(draft, viewport, text));
    } else viewer.do(drafts.addMark(draft, viewport));
    viewer.rest();
    // The band stays until the drawer's own lines come, which is at once.
    setTimeout(() => !this.isBusy && this.clear(), 120);
    viewer.drawingDone();
  }

  /** A ball, or what reaches a share of the maximum within it. */
  async makeVoi(tool, viewport, [center, rim]) {
    const { viewer } = this;
    try {
      const [center_mm, rim_mm] = await Promise.all([viewer.placeOf(viewport, center), viewer.placeOf(viewport, rim)]);
      const radius_mm = Math.hypot(...center_mm.map((value, n) => value - rim_mm[n]));
      const recipe = tool === "sphere" ? { sphere: { center_mm, radius_mm } } : { threshold_sphere: { center_mm, radius_mm, level: { of_max: OF_MAX } } };
      viewer.do({ add_voi: { viewport, layer: viewer.uptakeLayer(viewport), recipe } });
    } catch (error) {
      viewer.problem(error);
    }
  }

  strokeTo(held, spot) {
    const { viewer } = this;
    const viewport = held.view.number;
    if (held.tool === "move_voi") {
      if (viewer.chosenVoi !== null) viewer.doSoon({ move_voi: { voi: viewer.chosenVoi, viewport, from: held.last, to: spot } }, held.gesture);
      held.last = spot;
      return;
    }
    const last = this.stroke.path.at(-1);
    if (Math.hypot(spot[0] - last[0], spot[1] - last[1]) >= 2) this.stroke.path.push(spot);
    const points = this.stroke.path.map(([x, y]) => [x, y]);
    const width_points = 6;
    const style = { color: [255, 220, 60, 150], width_points, dash: null, outline: false };
    held.view.band = [{ kind: "polyline", points, closed: false, style }];
    viewer.views.redraw(held.view);
  }

  async strokeEnded(held, spot) {
    const { viewer } = this;
    const path = this.stroke.path;
    this.stroke = null;
    this.view = held.view;
    this.clear();
    const viewport = held.view.number;
    try {
      if (held.tool === "one_click") {
        const at_mm = await viewer.placeOf(viewport, spot);
        viewer.do({ add_voi: { viewport, layer: viewer.uptakeLayer(viewport), recipe: { one_click: { at_mm, most_ml: MOST_ML } } } });
      } else if (held.tool !== "move_voi") this.paint(held, viewport, path);
      viewer.rest();
    } catch (error) {
      viewer.problem(error);
    }
  }

  paint(held, viewport, path) {
    const { viewer } = this;
    const erase = held.tool === "eraser";
    if (viewer.chosenVoi === null) {
      if (erase) return viewer.toast("choose_voi_first");
      // Painting begins an empty volume, which is the chosen one once the drawer has said so.
      viewer.do({ add_voi: { viewport, layer: viewer.uptakeLayer(viewport), recipe: "empty" } }, held.gesture);
      return viewer.whenVoiComes((voi) => viewer.do({ brush: { voi, viewport, path, radius_mm: viewer.brush_mm ?? BRUSH_MM, erase, ball: false } }, held.gesture));
    }
    return viewer.do({ brush: { voi: viewer.chosenVoi, viewport, path, radius_mm: viewer.brush_mm ?? BRUSH_MM, erase, ball: false } }, held.gesture);
  }
}
