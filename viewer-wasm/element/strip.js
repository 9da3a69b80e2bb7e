// The strip of series: thumbnails by study, how much has come, drag onto a view or into another order, keys, a number
// typed to jump.

import { h, roving, throttled } from "./dom.js";
import { icon } from "./icons.js";
import { Carry } from "./carry.js";

const THUMBNAIL = 96;
/** Thumbnails that had nothing to show are asked for again. */
const AGAIN_MS = 1200;
/** Thumbnails under way. */
const AT_ONCE = 3;
const MARK_PAUSE_MS = 150;
/** Digits typed within this belong to one number. */
const NUMBER_MS = 900;

/** Series in the reader's order: those moved by hand first by that, the others as they came. */
export function ordered(series, order) {
  const place = (one) => (order.includes(one.key) ? order.indexOf(one.key) : Infinity);
  return [...series].map((one, n) => [one, n]).sort(([a, m], [b, n]) => place(a) - place(b) || m - n).map(([one]) => one);
}

/** The order after a series was laid before another, or to the end with null. */
export function movedBefore(series, order, key, before) {
  const keys = ordered(series, order).map((one) => one.key).filter((one) => one !== key);
  keys.splice(before === null ? keys.length : keys.indexOf(before), 0, key);
  return keys;
}

/** Series by study, the studies as they were opened. */
export function byStudy(series) {
  const studies = new Map();
  for (const one of series) studies.set(one.study, [...(studies.get(one.study) ?? []), one]);
  return [...studies];
}

/** The day of a study's time, as DICOM writes it or with dashes. */
export function dayOf(time) {
  const found = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(time ?? "");
  return found ? found.slice(1).join("-") : "";
}

/** The series of a number, the current study's first. */
export function ofNumber(series, number) {
  return series.find((one) => Number(one.number) === number) ?? null;
}

/** A picture of this site as a data address: what an `img` loads by itself the browser would keep. Empty where there is none. */
async function unkept(address) {
  try {
    const answer = await fetch(address, { cache: "no-store", credentials: "same-origin" });
    if (!answer.ok) return "";
    const picture = await answer.blob();
    return await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(picture);
    });
  } catch {
    return "";
  }
}

export class Strip {
  constructor(viewer) {
    this.viewer = viewer;
    this.order = [];
    this.cards = new Map();
    this.pictures = new Map();
    Object.assign(this, { asked: new Set(), queue: [], asking: 0 });
    this.list = h("div.series-list", { role: "listbox", tabIndex: -1 });
    this.settle = roving(this.list, ".series", true);
    this.element = h("div.strip", { role: "group" }, h("div.strip-head", {}, this.title = h("strong"), this.jumpButton = h("button.plain", { type: "button", on: { click: () => this.jump() } }, h("b", {}, "#"))), this.list);
    this.carry = new Carry(viewer, this);
    this.list.addEventListener("keydown", (event) => this.key(event));
    viewer.on("series", () => this.show());
    viewer.on("loading", () => this.loading());
    const markSoon = throttled(() => this.mark(), MARK_PAUSE_MS);
    viewer.on("view", markSoon);
    viewer.on("active", markSoon);
    this.show();
  }

  show() {
    const { t, state } = this.viewer;
    this.element.setAttribute("aria-label", t("series"));
    this.list.setAttribute("aria-label", t("series"));
    this.jumpButton.title = `${t("series_jump")} (G)`;
    this.jumpButton.setAttribute("aria-label", t("series_jump"));
    this.title.textContent = t("series_n", { n: state.series.length });
    this.cards.clear();
    const studies = byStudy(state.series);
    const groups = studies.map(([, list], n) => {
      const heading = studies.length > 1 && h("h3", { "aria-hidden": "true" }, h("span", {}, t(n ? "prior_study" : "current_study")), h("small", {}, dayOf(list[0].study_time)));
      return h("div.study", { role: "group", "aria-label": t(n ? "prior_study" : "current_study") }, heading, ordered(list, this.order).map((one) => this.card(one)));
    });
    this.list.replaceChildren(...groups);
    this.settle();
    this.mark();
    this.loading();
  }

  card(series) {
    const { t } = this.viewer;
    // What has no picture yet, or can have none, shows its frame alone.
    const picture = h("img", { alt: "", draggable: false, width: THUMBNAIL, height: THUMBNAIL, on: { error: () => { picture.hidden = true; } } });
    if (this.pictures.has(series.key)) picture.src = this.pictures.get(series.key);
    else picture.hidden = true;
    const name = series.description || t("series_no_name");
    const counts = [t("series_images", { n: series.images }), series.phases > 1 && t("series_phases", { n: series.phases })].filter(Boolean).join(" · ");
    const remark = series.remarks?.length > 0 && h("span.warned", { title: series.remarks.map(t.remark).join("\n") }, icon("warning"));
    const card = h("div.series", {
      role: "option", tabIndex: -1, "aria-selected": "false", title: name, data: { series: series.key },
    }, h("span.thumb", {}, picture, h("span.badge", { data: { modality: series.modality } }, t.modality(series.modality)), h("span.number", {}, series.number ?? ""), remark), h("span.name", {}, name), h("small", {}, counts), h("span.loadbar"));
    card.addEventListener("dblclick", () => this.viewer.showSeries(series));
    this.cards.set(series.key, { card, picture, series });
    this.carry.hold(card, series);
    return card;
  }

  /** Bars, and thumbnails as soon as something has come. */
  loading() {
    const { state } = this.viewer;
    for (const [key, { card }] of this.cards) {
      const fraction = state.loading.get(key);
      card.style.setProperty("--part", fraction ?? 1);
      card.classList.toggle("is-loading", fraction !== undefined && fraction < 1);
      if (!this.pictures.has(key) && (fraction === undefined || fraction > 0)) this.thumbnail(key);
    }
  }

  /** Asks for a thumbnail after those before it: a few at a time, so that pictures come first. */
  thumbnail(key) {
    if (this.asked.has(key)) return;
    this.asked.add(key);
    this.queue.push(key);
    this.nextThumbnail();
  }

  async nextThumbnail() {
    if (this.asking >= AT_ONCE || !this.queue.length) return;
    const key = this.queue.shift();
    this.asking += 1;
    const side = Math.round(THUMBNAIL * Math.min(2, window.devicePixelRatio || 1));
    const found = await this.viewer.ask({ thumbnail: { series: key, side } }).catch(() => null);
    this.asking -= 1;
    this.nextThumbnail();
    if (found) this.pictureCame(key, found.jpeg ? `data:image/jpeg;base64,${found.jpeg}` : await unkept(found.address));
    else setTimeout(() => {
      this.asked.delete(key);
      if (this.cards.has(key) && this.viewer.isOpen) this.thumbnail(key);
    }, AGAIN_MS);
  }

  pictureCame(key, source) {
    if (!source) return;
    this.pictures.set(key, source);
    const picture = this.cards.get(key)?.picture;
    if (!picture) return;
    picture.src = source;
    picture.hidden = false;
  }

  /** What is shown somewhere, and what the active view shows. */
  mark() {
    const { state } = this.viewer;
    const shown = new Set([...state.views.values()].flatMap((view) => view.layers.map((layer) => layer.series)));
    const active = state.views.get(this.viewer.active)?.layers.map((layer) => layer.series) ?? [];
    for (const [key, { card }] of this.cards) {
      card.classList.toggle("shown", shown.has(key));
      card.setAttribute("aria-selected", String(active.includes(key)));
    }
  }

  key(event) {
    const series = event.target.closest?.(".series");
    if (!series) return;
    const own = this.cards.get(series.dataset.series)?.series;
    if (event.key === "Enter" || event.key === " ") this.viewer.showSeries(own, { overlay: event.shiftKey });
    else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && event.altKey) this.shift(own, event.key === "ArrowUp" ? -1 : 1);
    else if (/^\d$/.test(event.key)) this.digit(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Moves a series by keys. */
  shift(series, by) {
    const keys = ordered(this.viewer.state.series, this.order).map((one) => one.key);
    const to = keys.indexOf(series.key) + by;
    if (to < 0 || to >= keys.length) return;
    keys.splice(to - by, 1);
    keys.splice(to, 0, series.key);
    this.order = keys;
    this.show();
    this.cards.get(series.key).card.focus();
  }

  digit(digit) {
    clearTimeout(this.numberTimer);
    this.typed = (this.typed ?? "") + digit;
    this.numberTimer = setTimeout(() => {
      const number = Number(this.typed);
      this.typed = "";
      this.go(number);
    }, NUMBER_MS);
  }

  /** Asks for a number and shows its series. */
  async jump() {
    const typed = await this.viewer.askText("series_jump_hint", "", { title: "series_jump", isNumber: true });
    if (typed) this.go(Number(typed));
  }

  go(number) {
    const found = ofNumber(this.viewer.state.series, number);
    if (!found) {
      this.viewer.toast("series_none", { number });
      return;
    }
    this.viewer.showSeries(found);
    this.cards.get(found.key)?.card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  moveBefore(key, before) {
    this.order = movedBefore(this.viewer.state.series, this.order, key, before);
    this.show();
  }
}
