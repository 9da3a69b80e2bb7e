// A series that is carried by the pointer: onto a view, or to another place of the strip. Fingers take hold by resting.

import { h } from "./dom.js";

const LEAST = 6;
const HOLD_MS = 260;

export class Carry {
  constructor(viewer, strip) {
    Object.assign(this, { viewer, strip });
  }

  /** Makes a card that can be carried. */
  hold(card, series) {
    card.addEventListener("pointerdown", (event) => this.down(event, card, series));
    card.addEventListener("pointermove", (event) => this.move(event));
    card.addEventListener("pointerup", (event) => this.up(event));
    card.addEventListener("pointercancel", () => this.drop());
    card.addEventListener("contextmenu", (event) => event.preventDefault());
    // A carried card must not scroll the strip: once taken, movements are the card's.
    card.addEventListener("touchmove", (event) => this.ghost && event.preventDefault(), { passive: false });
  }

  down(event, card, series) {
    if (event.button !== 0) return;
    this.held = { card, series, id: event.pointerId, from: [event.clientX, event.clientY], type: event.pointerType };
    if (event.pointerType === "touch") this.timer = setTimeout(() => this.take(event), HOLD_MS);
  }

  take(event) {
    const { held } = this;
    if (!held || this.ghost) return;
    held.card.setPointerCapture(held.id);
    const copy = held.card.querySelector(".thumb").cloneNode(true);
    this.ghost = h("div.ghost", { "aria-hidden": "true" }, copy, h("span", {}, held.series.description || ""));
    this.viewer.root.append(this.ghost);
    held.card.classList.add("carried");
    if (held.type === "touch") navigator.vibrate?.(12);
    this.follow(event);
  }

  move(event) {
    const { held } = this;
    if (!held || held.id !== event.pointerId) return;
    const far = Math.hypot(event.clientX - held.from[0], event.clientY - held.from[1]);
    if (!this.ghost && far > LEAST) {
      if (held.type === "touch") clearTimeout(this.timer);
      else this.take(event);
    }
    if (this.ghost) this.follow(event);
  }

  follow(event) {
    const box = this.viewer.root.getBoundingClientRect();
    this.ghost.style.transform = `translate(${event.clientX - box.left + 10}px, ${event.clientY - box.top + 10}px)`;
    const target = this.under(event);
    if (target === this.target) return;
    this.target?.classList.remove("target");
    this.target = target;
    target?.classList.add("target");
  }

  under(event) {
    const found = this.viewer.shadow.elementFromPoint(event.clientX, event.clientY);
    const target = found?.closest(".view, .series");
    return target && target !== this.held.card ? target : null;
  }

  up(event) {
    clearTimeout(this.timer);
    const { held, ghost } = this;
    if (!held) return;
    if (!ghost) {
      this.held = null;
      // A tap shows: fingers have no double click to spare.
      if (held.type === "touch" && Math.hypot(event.clientX - held.from[0], event.clientY - held.from[1]) <= LEAST) this.viewer.showSeries(held.series);
      return;
    }
    const target = this.under(event);
    const { series } = held;
    this.drop();
    if (target?.classList.contains("view")) this.viewer.showSeries(series, { viewport: Number(target.dataset.view), overlay: event.shiftKey || event.altKey });
    else if (target) this.strip.moveBefore(series.key, target.dataset.series);
  }

  drop() {
    clearTimeout(this.timer);
    this.target?.classList.remove("target");
    this.held?.card.classList.remove("carried");
    this.ghost?.remove();
    Object.assign(this, { held: null, ghost: null, target: null });
  }
}
