// The list of measurements: choose, name, colour, delete.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** Colours that are read on black and on white. */
export const COLORS = { yellow: [255, 220, 60], green: [120, 230, 120], cyan: [90, 210, 255], orange: [255, 160, 70], pink: [255, 130, 190], white: [240, 240, 240] };

/** What is read first of each kind: of a region its values, then how large it is. */
const FIRST = ["length", "angle", "cobb_angle", "cardiothoracic_ratio", "mean", "max", "area", "long_axis", "short_axis", "value"];
const MOST = 3;

/** The figures of a mark that the list shows, by what is read first. */
export function shownFigures(figures) {
  const rank = ({ name }) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return [...figures].filter((figure) => rank(figure) < FIRST.length).sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
}

export function marksPanel(viewer) {
  const { t } = viewer;
  const list = h("ul.marks");
  const clear = h("button.act", { type: "button", disabled: true, on: { click: () => viewer.do({ clear_marks: {} }) } }, icon("trash"), t("marks_clear"));
  const element = h("div.tab-body", { role: "tabpanel", "aria-label": t("panel_marks") }, h("div.acts", {}, clear), list);

  const colors = (mark, button) => viewer.menus.toggle(button, t("mark_color"), (box) => {
    const swatches = Object.entries(COLORS).map(([name, color]) => h("button.color", {
      type: "button", title: t(`color_${name}`), "aria-label": t(`color_${name}`), style: { background: `rgb(${color.join(" ")})` },
      on: { click: () => {
        viewer.do({ edit_mark: { mark: mark.mark, color } });
        viewer.menus.close();
      } },
    }));
    box.append(h("div.colors", {}, swatches));
  }, { class: "small" });

  const line = (mark) => {
    const name = mark.text || t(`tool_${mark.kind}`);
    const values = shownFigures(mark.figures).map((figure) => `${t.figure(figure.name)} ${t.value(figure.value, figure.unit)}`);
    const color = h("button.plain", { type: "button", title: t("mark_color"), "aria-label": `${t("mark_color")}: ${name}`, "aria-expanded": "false" }, h("i.dot", { style: { background: `rgb(${mark.color.join(" ")})` } }));
    color.addEventListener("click", () => colors(mark, color));
    const rename = async () => {
      const text = await viewer.askText("mark_text", mark.text);
      if (text !== null) viewer.do({ edit_mark: { mark: mark.mark, text } });
    };
    const warning = mark.warnings.length > 0 && h("span.warned", { title: mark.warnings.map(t.remark).join("\n") }, icon("warning"));
    const choose = h("button.what", { type: "button", "aria-label": t("mark_choose", { name }), on: { click: () => viewer.chooseMark(mark.mark), dblclick: rename } },
      h("span.label", {}, icon(mark.kind), name, warning), h("small", {}, values.join(" · ")));
    const button = (key, picture, call) => h("button.plain", { type: "button", title: t(key), "aria-label": `${t(key)}: ${name}`, on: { click: call } }, icon(picture));
    return h("li", { class: mark.mark === viewer.chosenMark ? "chosen" : undefined }, color, choose, button("mark_rename", "text", rename), button("mark_delete", "close", () => viewer.do({ delete_mark: { mark: mark.mark } })));
  };
  const show = () => {
    const { marks } = viewer;
    clear.disabled = !marks.length;
    viewer.panels?.count("marks", marks.length);
    list.replaceChildren(...(marks.length ? marks.map(line) : [h("li.quiet.centred", {}, t("marks_none"))]));
  };
  viewer.on("marks", show);
  viewer.on("chosen", show);
  show();
  return { element };
}
