// What is said beside the images: the line below them, notes that pass, the link's state, the value under a finger.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { kindName } from "./conversation.js";
import { names, presentButton } from "./people.js";

const TOAST_MS = 4200;

/** A probe as words: what each series has there, then the place. */
export function probeWords(found, seriesOf, t) {
  const values = found.figures.filter(({ name }) => name === "value");
  const named = values.map(({ value, unit, series }) => {
    const modality = seriesOf(series)?.modality;
    return { label: modality ? t.modality(modality) : "", value: t.value(value, unit) };
  });
  const of = (name) => found.figures.find((figure) => figure.name === name);
  const colors = ["red", "green", "blue"].map(of).filter(Boolean);
  if (colors.length === 3) named.push({ label: "RGB", value: colors.map(({ value }) => Math.round(value)).join(" ") });
  const place = ["x", "y", "z"].map(of).filter(Boolean);
  const pixel = ["column", "row"].map(of).filter(Boolean);
  const where = place.length === 3 ? `${place.map(({ value }) => value.toFixed(1)).join(", ")} mm` : pixel.length === 2 ? pixel.map(({ value }) => Math.round(value)).join(", ") : "";
  return { named, where };
}

export class Status {
  constructor(viewer) {
    this.viewer = viewer;
    this.left = h("span.probe");
    this.right = h("span.facts");
    this.link = h("span.link-state");
    this.people = h("div.people", { role: "group", hidden: true });
    this.line = h("div.line", {}, this.left, h("span.space"), this.people, this.right, this.link);
    this.toasts = h("div.toasts", { role: "status", "aria-live": "polite" });
    this.banner = h("div.banner", { role: "alert", hidden: true });
    this.card = h("div.notice", { hidden: true });
    this.bubbleBox = h("div.bubble", { hidden: true, role: "status" });
    this.over = h("div.over-views", {}, this.banner, this.card, this.bubbleBox);
    for (const topic of ["view", "active", "loading", "opened"]) viewer.on(topic, () => this.facts());
    for (const topic of ["people", "opened"]) viewer.on(topic, () => this.met());
  }

  /** Who looks at the same, where somebody else does. */
  met() {
    const { viewer } = this;
    this.people.hidden = !viewer.isShared;
    this.people.setAttribute("aria-label", viewer.t("people"));
    this.people.replaceChildren(...(viewer.isShared ? [...names(viewer), presentButton(viewer)] : []));
  }

  end() {
    clearInterval(this.counting);
  }

  toast(text, kind = "said") {
    const same = [...this.toasts.children].find((one) => one.textContent === text);
    same?.remove();
    const note = h("div.toast", { class: kind }, kind === "refused" && icon("warning"), h("span", {}, text));
    this.toasts.append(note);
    while (this.toasts.children.length > 3) this.toasts.firstChild.remove();
    setTimeout(() => note.classList.add("going"), TOAST_MS);
    setTimeout(() => note.remove(), TOAST_MS + 300);
  }

  opening(key) {
    clearInterval(this.counting);
    const { t, state } = this.viewer;
    if (state.layout) {
      this.banner.hidden = false;
      this.banner.replaceChildren(h("span.spinner"), h("span", {}, t(key)));
      return;
    }
    this.card.hidden = false;
    this.card.replaceChildren(h("div.spinner.large"), h("p", {}, t(key)));
  }

  open() {
    clearInterval(this.counting);
    this.banner.hidden = true;
    this.card.hidden = true;
    this.saidWhy ??= this.sayWhy();
  }

  /** Once, where the reader would not expect it: why the server draws. */
  sayWhy() {
    const { why, where } = this.viewer;
    if (where === "remote" && ["insecure", "no_gpu", "memory"].includes(why)) this.toast(this.viewer.t(`drawer_why_${why}`));
    return true;
  }

  lost(again_in_s) {
    const { t } = this.viewer;
    clearInterval(this.counting);
    const until = performance.now() + again_in_s * 1000;
    const text = h("span");
    const retry = h("button.act", { type: "button", on: { click: () => this.viewer.link.retry() } }, t("retry_now"));
    const count = () => { text.textContent = t("lost", { seconds: Math.max(0, Math.ceil((until - performance.now()) / 1000)) }); };
    count();
    this.counting = setInterval(count, 250);
    this.card.hidden = true;
    this.banner.hidden = false;
    this.banner.replaceChildren(icon("link"), text, retry);
  }

  closed(reason, canReopen) {
    const { t } = this.viewer;
    clearInterval(this.counting);
    this.banner.hidden = true;
    this.card.hidden = false;
    const again = canReopen && h("button.act.main", { type: "button", on: { click: () => this.viewer.restart() } }, t("reopen"));
    this.card.replaceChildren(h("h2", {}, t("closed")), reason && h("p", {}, t.refusal(reason)), canReopen && h("p.quiet", {}, t("closed_hint")), again);
  }

  probe(found) {
    const { state, t } = this.viewer;
    if (!found) {
      this.left.replaceChildren();
      return;
    }
    const { named, where } = probeWords(found, (key) => state.series.find((one) => one.key === key), t);
    this.left.replaceChildren(...named.map(({ label, value }) => h("span.value", {}, h("b", {}, label), value)), h("span.quiet", {}, where));
  }

  bubble(found, view, spot) {
    const box = this.bubbleBox;
    box.hidden = !found;
    if (!found) return;
    const { state, t } = this.viewer;
    const { named } = probeWords(found, (key) => state.series.find((one) => one.key === key), t);
    box.replaceChildren(...(named.length ? named.map(({ label, value }) => h("div", {}, h("b", {}, label), value)) : [h("div", {}, t("no_place"))]));
    const [own, area] = [this.over.getBoundingClientRect(), view.picture.getBoundingClientRect()];
    const x = area.left - own.left + (spot[0] / spot[2]) * area.width;
    const y = area.top - own.top + (spot[1] / spot[3]) * area.height;
    // Above the finger, which hides what is under it.
    box.style.left = `${Math.max(60, Math.min(x, own.width - 60))}px`;
    box.style.top = `${Math.max(70, y - 34)}px`;
  }

  facts() {
    const { viewer } = this;
    const { t, activeView: view, state } = viewer;
    const waiting = [...state.loading.values()].filter((fraction) => fraction < 1);
    const parts = [];
    if (waiting.length) parts.push(t("loading_part", { percent: Math.round((100 * [...state.loading.values()].reduce((a, b) => a + b, 0)) / state.loading.size) }));
    if (view) {
      parts.push(t.kind(kindName(view.kind)));
      if (view.slice) parts.push(`${t("slice")} ${view.slice[0] + 1}/${view.slice[1]}`);
      if (view.phase?.[1] > 1) parts.push(`${t("phase")} ${view.phase[0] + 1}/${view.phase[1]}`);
      if (view.zoom) parts.push(`× ${view.zoom.toFixed(2)}`);
    }
    this.right.replaceChildren(...parts.map((part) => h("span", {}, part)));
  }

  painted(view, picture) {
    if (view.number === this.viewer.active) this.link.dataset.fidelity = picture.fidelity;
  }
}
