// The grid of views: for each a canvas of pixels and one of lines over it. Pictures are painted as the screen is drawn,
// the newest alone; lines that belong to a picture wait for it.

import { h, throttled } from "./dom.js";
import { icon } from "./icons.js";
import { draw, textWidth } from "./drawing.js";
import { fewHandles, fitted, isLight, onWhite } from "./fitting.js";
import * as held from "./held.js";
import { cellsOf, kindName, loadedOf } from "./conversation.js";
import { cursorMarks, cursorsIn } from "./people.js";

const TYPES = { jpeg: "image/jpeg", png: "image/png", webp: "image/webp" };
/** Layout changes are told at most so often. */
const SIZES_PAUSE_MS = 100;
/** Pictures of another shape by less than this part are stretched rather than framed. */
const SAME_SHAPE = 0.02;
/** Widths of texts that are kept. */
const MOST_WIDTHS = 2000;
/** What a drawer says of a view whose voxels are on their way. */
const WAITS = /have not come yet$/;
const ARRIVES = /^\d+ % of the images have come$/;

async function decoded({ coding, width, height, bytes }) {
  const plain = { premultiplyAlpha: "none", colorSpaceConversion: "none" };
  if (coding !== "rgba") return createImageBitmap(new Blob([bytes], { type: TYPES[coding] }), plain);
  const pixels = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, width * height * 4);
  return createImageBitmap(new ImageData(pixels, width, height), plain);
}

/**
 * Device pixels of a box of CSS pixels: as the browser says them, which is exact where boxes begin between pixels; but not
 * where it forgets the ratio, as emulated screens do.
 */
export function devicePixels(box, ratio, told) {
  const counted = box.map((side) => Math.round(side * ratio));
  const said = told ? [told.inlineSize, told.blockSize] : counted;
  return said.every((side, n) => Math.abs(side - counted[n]) <= 1) ? said : counted;
}

/** One view. */
class View {
  constructor(views, number) {
    const viewer = views.viewer;
    Object.assign(this, { views, viewer, number, size: [0, 0], newest: -1, marks: [], band: [], held: [] });
    this.pixels = h("canvas.pixels", { "aria-hidden": "true" });
    this.over = h("canvas.over", { "aria-hidden": "true" });
    this.note = h("div.note");
    this.remark = h("button.remark", { type: "button", hidden: true, on: { click: (event) => this.unfold(event) } });
    this.bar = h("div.loadbar", { hidden: true });
    this.picture = h("div.picture", { data: { view: number } }, this.pixels, this.over, this.note, this.bar);
    // What is to be read beside a picture takes its own line: it hides nothing of it.
    this.element = h("section.view", { tabIndex: 0, role: "group", data: { view: number } }, this.picture, this.remark);
    this.element.addEventListener("focus", () => viewer.activate(number));
    this.screen = this.pixels.getContext("bitmaprenderer");
    this.lines = this.over.getContext("2d");
  }

  unfold(event) {
    event.stopPropagation();
    this.remark.classList.toggle("open");
    this.remark.setAttribute("aria-expanded", this.remark.classList.contains("open"));
  }

  /** Device pixels of the view; says whether they changed. */
  resized(width, height) {
    if (this.size[0] === width && this.size[1] === height) return false;
    this.size = [width, height];
    this.over.width = width;
    this.over.height = height;
    this.fit();
    this.views.redraw(this);
    return true;
  }

  take(picture) {
    if (picture.picture <= this.newest) return this.viewer.say({ shown: picture.picture });
    this.newest = picture.picture;
    return decoded(picture).then(
      (bitmap) => this.ready({ ...picture, bitmap, bytes: null }),
      (error) => {
        console.warn(`a picture of ${picture.coding} could not be read: ${error.message}`);
        this.viewer.say({ shown: picture.picture });
      },
    );
  }

  ready(picture) {
    const other = this.next;
    const [newer, older] = other && other.picture > picture.picture ? [other, picture] : [picture, other];
    if (older) {
      older.bitmap.close();
      this.viewer.say({ shown: older.picture });
    }
    this.next = newer;
    this.views.paintSoon(this);
  }

  /** Within an animation frame: puts the newest picture on the screen, and lines with it. */
  paint() {
    const picture = this.next;
    if (picture) {
      this.next = null;
      if (this.painted === undefined || picture.picture > this.painted) {
        this.painted = picture.picture;
        this.turn = picture.turn;
        this.shape = [picture.width, picture.height];
        if (this.pixels.width !== picture.width) this.pixels.width = picture.width;
        if (this.pixels.height !== picture.height) this.pixels.height = picture.height;
        this.screen.transferFromImageBitmap(picture.bitmap);
        this.fit();
        this.element.dataset.fidelity = picture.fidelity;
        this.element.classList.add("has-picture");
        this.note.replaceChildren();
        this.lay(held.painted(this.held, picture.turn));
      }
      this.viewer.say({ shown: picture.picture });
      this.viewer.painted(this, picture);
    }
    this.drawOver();
  }

  fit() {
    if (!this.shape || !this.size[0]) return;
    const ratio = (this.shape[0] / this.shape[1]) / (this.size[0] / this.size[1]);
    this.pixels.style.objectFit = Math.abs(ratio - 1) < SAME_SHAPE ? "fill" : "contain";
  }

  /** Lines of a view's message: of a picture to come they wait for it. */
  told(view) {
    const scale = view.scale ?? this.views.scale;
    const drawing = { turn: view.turn, size: view.size, marks: this.arranged(view, scale), scale };
    this.lay(held.told(this.held, drawing, view.picture_changes, this.turn));
    this.label(view);
    this.views.redraw(this);
  }

  /** What is told of a view as there is room for it, dark where the picture is white. */
  arranged({ marks, size }, scale) {
    const laid = fitted(fewHandles(marks, scale), size, scale, (text, height) => this.views.widthOf(text, height));
    return isLight(this.viewer.colorOfNothing(this.number)) ? onWhite(laid) : laid;
  }

  lay({ held: waits, now }) {
    this.held = waits;
    if (now) Object.assign(this, { marks: now.marks, marksSize: now.size, marksScale: now.scale });
  }

  /** Pixels of the canvas a pixel of the drawing. */
  get factor() {
    return this.marksSize?.[0] ? this.size[0] / this.marksSize[0] : 1;
  }

  drawOver() {
    const { lines, over } = this;
    lines.setTransform(1, 0, 0, 1, 0, 0);
    lines.clearRect(0, 0, over.width, over.height);
    if (!this.element.classList.contains("has-picture")) return;
    draw(lines, this.marks, this.marksScale ?? 1, this.factor);
    if (this.band.length) draw(lines, this.band, this.views.scale);
    const cursors = cursorsIn(this.viewer.state, this.number);
    if (cursors.length) draw(lines, cursors.flatMap((cursor) => cursorMarks(cursor, this.size, this.views.scale)), this.views.scale);
  }

  label(view) {
    const { t } = this.viewer;
    const layers = view.layers.map((layer) => t.modality(layer.modality)).join(" + ");
    const slice = view.slice ? `, ${t("slice_of", { slice: view.slice[0] + 1, slices: view.slice[1] })}` : "";
    this.element.setAttribute("aria-label", `${t("view_n", { n: this.number })}: ${layers} ${t.kind(kindName(view.kind))}${slice}`);
    this.element.classList.remove("is-empty");
    this.note.replaceChildren();
    const fraction = loadedOf(this.viewer.state, view);
    this.loading(fraction);
  }

  loading(fraction) {
    this.bar.hidden = fraction >= 1;
    this.bar.style.setProperty("--part", fraction);
    const { t } = this.viewer;
    if (this.element.classList.contains("has-picture")) this.note.replaceChildren();
    else this.note.replaceChildren(h("div.spinner.late"), ...(fraction < 1 ? [h("p", {}, t("loading_part", { percent: Math.round(fraction * 100) }))] : []));
  }

  empty(why) {
    const { t } = this.viewer;
    this.element.classList.add("is-empty");
    this.element.classList.remove("has-picture");
    this.lay({ held: [], now: { marks: [], size: this.size, scale: 1 } });
    this.bar.hidden = true;
    this.element.setAttribute("aria-label", `${t("view_n", { n: this.number })}: ${t("empty_view")}`);
    if (why && WAITS.test(why)) {
      this.drawOver();
      this.loading(0);
      return;
    }
    this.note.replaceChildren(icon("series", "large"), h("p", {}, why ? t.refusal(why) : t("empty_view_hint")));
    this.drawOver();
  }

  remarks(told) {
    // How much has come the bar shows.
    const texts = (told ?? []).filter((text) => !ARRIVES.test(text));
    this.remark.hidden = !texts.length;
    if (!texts.length) return;
    const words = texts.map((text) => this.viewer.t.remark(text));
    this.remark.replaceChildren(icon("warning"), h("span", {}, words.join(" · ")));
    this.remark.setAttribute("aria-expanded", this.remark.classList.contains("open"));
    this.remark.title = words.join("\n");
  }

  /** A spot of a pointer: pixel and size of the picture; whole numbers are pixel centres. */
  spot(event) {
    const box = this.picture.getBoundingClientRect();
    const [width, height] = this.size;
    return [((event.clientX - box.left) / box.width) * width - 0.5, ((event.clientY - box.top) / box.height) * height - 0.5, width, height];
  }
}

/** All views of one screen. */
export class Views {
  constructor(viewer) {
    this.viewer = viewer;
    this.views = new Map();
    this.element = h("div.views", { role: "group" });
    this.points = 1;
    this.scale = window.devicePixelRatio || 1;
    this.toPaint = new Set();
    this.measured = h("canvas").getContext("2d");
    this.widths = new Map();
    this.observer = new ResizeObserver((entries) => this.measure(entries));
    this.tellSizes = throttled(() => this.sizes(), SIZES_PAUSE_MS);
  }

  /** Device pixels a point; the drawer takes fewer where a view is small. */
  get pointScale() {
    return (window.devicePixelRatio || 1) * this.points;
  }

  get(number) {
    return this.views.get(number);
  }

  /** The width of a text on a picture; most are the same from picture to picture. */
  widthOf(text, height) {
    const key = `${height} ${text}`;
    if (!this.widths.has(key)) {
      if (this.widths.size >= MOST_WIDTHS) this.widths.clear();
      this.widths.set(key, textWidth(this.measured, text, height));
    }
    return this.widths.get(key);
  }

  /** Lays the grid as told; `solo` shows one view alone without telling anybody. */
  arrange(layout, screen, solo) {
    const shown = cellsOf(layout, screen);
    const alone = solo === null ? null : shown.cells.find((cell) => cell.viewport === solo);
    const { rows, columns } = alone ? { rows: 1, columns: 1 } : shown;
    const cells = alone ? [{ ...alone, row: 0, column: 0, row_span: 1, column_span: 1 }] : shown.cells;
    const grid = this.element.style;
    grid.setProperty("grid-template-rows", `repeat(${rows}, minmax(0, 1fr))`);
    grid.setProperty("grid-template-columns", `repeat(${columns}, minmax(0, 1fr))`);
    for (const [number, view] of this.views) {
      if (cells.some((cell) => cell.viewport === number)) continue;
      this.observer.unobserve(view.picture);
      view.element.remove();
      this.views.delete(number);
    }
    for (const cell of cells) this.place(cell);
    // In the order of the cells, so that Tab goes through them as they lie; what lies right keeps the focus.
    const wanted = cells.map((cell) => this.views.get(cell.viewport).element);
    if (wanted.some((element, n) => this.element.children[n] !== element)) this.element.replaceChildren(...wanted);
    this.tellSizes();
  }

  place({ viewport, row, column, row_span, column_span }) {
    let view = this.views.get(viewport);
    if (!view) {
      view = new View(this, viewport);
      this.views.set(viewport, view);
      this.observer.observe(view.picture);
      this.refresh(view);
    }
    const style = view.element.style;
    style.setProperty("grid-row", `${row + 1} / span ${row_span}`);
    style.setProperty("grid-column", `${column + 1} / span ${column_span}`);
    view.element.classList.toggle("active", viewport === this.viewer.active);
  }

  /** What was told of a view before it was on the page. */
  refresh(view) {
    const { state } = this.viewer;
    const told = state.views.get(view.number);
    if (told) view.told(told);
    else if (state.empty.has(view.number)) view.empty(state.empty.get(view.number));
    else view.loading(0);
    view.remarks(state.remarks.get(view.number));
  }

  measure(entries) {
    const ratio = window.devicePixelRatio || 1;
    let changed = this.pointScale !== this.scale;
    this.scale = this.pointScale;
    for (const entry of entries) {
      const view = this.views.get(Number(entry.target.dataset.view));
      if (!view) continue;
      const { width, height } = entry.contentRect;
      const size = devicePixels([width, height], ratio, entry.devicePixelContentBoxSize?.[0]);
      if (size[0] >= 8 && size[1] >= 8) changed = view.resized(...size) || changed;
    }
    if (changed) this.tellSizes();
  }

  sizes() {
    const sizes = {};
    for (const [number, view] of this.views) if (view.size[0]) sizes[number] = view.size;
    if (Object.keys(sizes).length) this.viewer.say({ sizes, scale: this.scale });
  }

  paintSoon(view) {
    this.toPaint.add(view);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const views = [...this.toPaint];
      this.toPaint.clear();
      for (const one of views) one.paint();
    });
  }

  redraw(view) {
    if (view) this.paintSoon(view);
    else for (const one of this.views.values()) this.paintSoon(one);
  }

  activate(number) {
    for (const [other, view] of this.views) view.element.classList.toggle("active", other === number);
  }

  /** Forgets what was painted: another drawer counts its pictures anew. */
  begun() {
    for (const view of this.views.values()) Object.assign(view, { newest: -1, painted: undefined, turn: undefined, held: [], next: null });
  }
}
