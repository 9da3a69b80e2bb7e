// Who looks at the same: their colours, their cursors over the views, and the names below them with who presents.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const COLORS = [[255, 138, 101], [129, 199, 255], [174, 234, 130], [255, 213, 79], [206, 147, 216], [120, 220, 210]];
/** From a cursor's tip to the corners of its arrow, points. */
const ARROW = [[0, 0], [0, 15], [4.2, 11.2], [7.2, 17.4], [9.6, 16.2], [6.8, 10.2], [11.6, 10.2]];
const NAME_OFFSET = [13, 12];

/** The colour of a participant, the same for all who look. */
export function colorOf(participant) {
  return COLORS[participant % COLORS.length];
}

/** Everybody in the order of their numbers. */
export function everybody({ people, participant: own }) {
  const numbers = Object.keys(people.participants).map(Number).sort((a, b) => a - b);
  return numbers.map((n) => ({ number: n, name: people.participants[n].name, color: colorOf(n), isMe: n === own, isPresenter: n === people.presenter }));
}

/** Cursors of the others in a view, with whose they are. */
export function cursorsIn(state, viewport) {
  const others = new Map(everybody(state).filter(({ isMe }) => !isMe).map((one) => [one.number, one]));
  const here = state.cursors.filter((cursor) => cursor.viewport === viewport && others.has(cursor.participant));
  return here.map(({ participant, at }) => ({ ...others.get(participant), at }));
}

/** A cursor as marks on a picture of a size: an arrow in the person's colour, the name beside it, a ring about who presents. */
export function cursorMarks({ name, color: plain, isPresenter, at: [x, y, width, height] }, size, scale) {
  const color = [...plain, 255];
  const tip = [((x + 0.5) / width) * size[0] - 0.5, ((y + 0.5) / height) * size[1] - 0.5];
  const off = ([right, down]) => [tip[0] + right * scale, tip[1] + down * scale];
  const corners = ARROW.map(off);
  const style = { color: [0, 0, 0, 255], width_points: 1.2, dash: null, outline: false };
  // The name stays within the picture.
  const isRight = tip[0] > size[0] * 0.75;
  const isLow = tip[1] > size[1] - 34 * scale;
  const at = off([isRight ? -4 : NAME_OFFSET[0], isLow ? -4 : NAME_OFFSET[1]]);
  const anchor = `${isLow ? "bottom" : "top"}_${isRight ? "right" : "left"}`;
  const ring = { kind: "ellipse", center: tip, axes: [[9 * scale, 0], [0, 9 * scale]], style: { color, width_points: 2, dash: null, outline: true }, fill: null };
  return [
    ...(isPresenter ? [ring] : []),
    { kind: "polygon", rings: [corners], color },
    { kind: "polyline", points: corners, closed: true, style },
    { kind: "text", at, anchor, text: isPresenter ? `★ ${name}` : name, size: 0.92, color, outline: true, angle_rad: 0 },
  ];
}

/** What a reader may do about presenting: `take`, `give`, or `wait` while somebody else does. */
export function mayPresent({ people, participant }) {
  if (people.presenter === null) return "take";
  return people.presenter === participant ? "give" : "wait";
}

function person(viewer, { name, color, isMe, isPresenter }) {
  const { t } = viewer;
  const words = [name, isMe && t("people_me"), isPresenter && t("people_presents")].filter(Boolean);
  return h("span.person", { title: words.join(" · "), class: isPresenter ? "presents" : undefined },
    h("i.dot", { style: { background: `rgb(${color.join(" ")})` } }), h("span.label", {}, name), isMe && h("small", {}, t("people_me")), isPresenter && icon("presents"));
}

/** The button that takes presenting over or gives it back. */
export function presentButton(viewer, done = () => {}) {
  const { t, state } = viewer;
  const may = mayPresent(state);
  const title = may === "wait" ? t("people_wait", { name: state.people.participants[state.people.presenter]?.name ?? "" }) : t("present_hint");
  return h("button.act", { type: "button", disabled: may === "wait", title, on: { click: () => {
    done();
    viewer.do({ present: { on: may === "take" } });
  } } }, icon("presents"), t(may === "give" ? "present_stop" : "present"));
}

/** Names of all, for the line below the views and for the menu. */
export function names(viewer) {
  return everybody(viewer.state).map((one) => person(viewer, one));
}
