// The table of volumes of interest with their live numbers. A row brings the views there.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { number } from "./words.js";

/** What is shown of an uptake volume, and of others. */
const COLUMNS = { suv: ["suvmax", "suvpeak", "suvmean", "mtv", "tlg"], other: ["max", "mean", "mtv"] };

/** Units below the headings, and of the sums. */
const UNITS = { mtv: "mL", tlg: "g" };
const TOTALS = { suvmax: "SUVbw", mtv: "mL", tlg: "g" };

const figureOf = (voi, name, ofSeries = true) => voi.figures.find((figure) => figure.name === name && (!ofSeries || figure.series === voi.series));

/** A volume's numbers by column. */
export function rowOf(voi) {
  const max = figureOf(voi, "max");
  return {
    suvmax: max,
    suvpeak: figureOf(voi, "peak_global_pv"),
    suvmean: figureOf(voi, "mean"),
    max,
    mean: figureOf(voi, "mean"),
    mtv: figureOf(voi, "volume", false),
    tlg: figureOf(voi, "tlg"),
  };
}

/** Whether a table is of uptake values. */
export function isUptake(vois) {
  return vois.some((voi) => figureOf(voi, "max")?.unit === "SUVbw");
}

/** Sums over all: volumes and glycolysis add up, of the maximum the largest counts. */
export function totals(vois) {
  const rows = vois.map(rowOf);
  const sum = (name) => rows.reduce((all, row) => all + (row[name]?.value ?? 0), 0);
  const maxima = rows.map((row) => row.suvmax?.value).filter(Number.isFinite);
  return { suvmax: maxima.length ? Math.max(...maxima) : null, mtv: sum("mtv"), tlg: sum("tlg") };
}

/** The table as CSV: numbers as they are, texts quoted, formulas of spreadsheets kept from running. */
export function csv(vois, t) {
  const columns = isUptake(vois) ? COLUMNS.suv : COLUMNS.other;
  const quoted = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const unitOf = (name) => vois.map((voi) => rowOf(voi)[name]?.unit).find(Boolean) ?? "";
  const title = (name) => [t(`lesion_${name}`), unitOf(name) && `(${unitOf(name)})`].filter(Boolean).join(" ");
  const head = [t("lesion_name"), ...columns.map(title)].map(quoted);
  const lines = vois.map((voi) => [quoted(voi.name), ...columns.map((name) => rowOf(voi)[name]?.value ?? "")]);
  return [head, ...lines].map((line) => line.join(",")).join("\r\n");
}

const rgb = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

export function lesionsPanel(viewer) {
  const { t } = viewer;
  const body = h("div.table-box");
  const detect = h("button.act", { type: "button", on: { click: () => viewer.detectLesions(detect) } }, icon("lesions"), t("detect_lesions"));
  const copy = h("button.act", { type: "button", disabled: true, on: { click: () => viewer.copy(csv(viewer.vois, t), "lesions_copied") } }, icon("copy"), t("lesions_copy"));
  const element = h("div.tab-body", { role: "tabpanel", "aria-label": t("panel_lesions") }, h("div.acts", {}, detect, copy), body);

  const show = () => {
    const { vois } = viewer;
    copy.disabled = !vois.length;
    viewer.panels?.count("lesions", vois.length);
    if (!vois.length) {
      body.replaceChildren(h("p.quiet.centred", {}, t("lesions_none")));
      return;
    }
    const columns = isUptake(vois) ? COLUMNS.suv : COLUMNS.other;
    const rows = vois.map((voi) => line(voi, columns));
    const all = totals(vois);
    const total = (name) => (all[name] === undefined || all[name] === null ? "" : number(all[name], TOTALS[name]));
    const foot = isUptake(vois) && h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, `${t("lesions_total")} ${vois.length}`), columns.map((name) => h("td", {}, total(name))), h("td")));
    body.replaceChildren(h("table", {}, heads(columns), h("tbody", {}, rows), foot));
  };
  // Three kinds of SUV share one heading, so that the numbers have the room.
  const heads = (columns) => {
    const suvs = columns.filter((name) => name.startsWith("suv"));
    const plain = columns.filter((name) => !name.startsWith("suv"));
    const last = h("th", { rowSpan: 2 }, h("span.hidden-text", {}, t("mark_delete")));
    const upper = h("tr", {}, h("th", { scope: "col", rowSpan: 2 }, t("lesion_name")), suvs.length > 0 && h("th", { colSpan: suvs.length, scope: "colgroup" }, "SUV"), plain.map((name) => h("th", { scope: "col", rowSpan: 2 }, t(`lesion_${name}`), h("small", {}, UNITS[name] ?? ""))), last);
    return h("thead", {}, upper, h("tr", {}, suvs.map((name) => h("th", { scope: "col", "aria-label": t(`lesion_${name}`) }, name.slice(3)))));
  };
  const line = (voi, columns) => {
    const row = rowOf(voi);
    const warning = voi.warnings.length > 0 && h("span.warned", { title: voi.warnings.map(t.remark).join("\n"), role: "img", "aria-label": voi.warnings.map(t.remark).join("; ") }, icon("warning"));
    const go = h("button.name", { type: "button", title: voi.name, "aria-label": t("lesion_go", { name: voi.name }), on: { click: () => viewer.goTo(voi) } }, h("i.dot", { style: { background: rgb(voi.color) } }), h("span", {}, voi.name), warning);
    const remove = h("button.plain", { type: "button", title: t("mark_delete"), "aria-label": `${t("mark_delete")}: ${voi.name}`, on: { click: () => viewer.do({ delete_voi: { voi: voi.voi } }) } }, icon("close"));
    const cells = columns.map((name) => h("td", {}, row[name] ? number(row[name].value, row[name].unit) : "–"));
    const isChosen = voi.voi === viewer.chosenVoi;
    return h("tr", { class: isChosen ? "chosen" : undefined, on: { click: (event) => !event.target.closest("button") && viewer.goTo(voi) } }, h("th", { scope: "row" }, go), cells, h("td", {}, remove));
  };
  viewer.on("vois", show);
  viewer.on("chosen", show);
  show();
  return { element };
}
