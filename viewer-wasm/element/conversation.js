// What is known of a conversation: what the drawer has said so far. Pure: messages in, names of what changed out.

/** Nothing known yet. */
export function fresh() {
  return {
    phase: "opening",
    drawer: null,
    session: null,
    participant: null,
    series: [],
    layout: null,
    views: new Map(),
    empty: new Map(),
    loading: new Map(),
    remarks: new Map(),
    people: { participants: {}, presenter: null, is_shared: false },
    cursors: [],
  };
}

const TAKES = {
  opened(state, { session, participant, drawer }) {
    // Where others point is told anew to whoever comes.
    Object.assign(state, { session, participant, drawer, phase: "open", cursors: [] });
    return ["opened"];
  },
  series(state, series) {
    state.series = series;
    return ["series"];
  },
  layout(state, layout) {
    const isNewLook = state.layout?.look !== layout.look;
    state.layout = layout;
    return isNewLook ? ["layout", "look"] : ["layout"];
  },
  view(state, view) {
    const before = state.views.get(view.viewport);
    state.views.set(view.viewport, view);
    state.empty.delete(view.viewport);
    return before && sameSettings(before, view) ? ["marks_drawn"] : ["marks_drawn", "view"];
  },
  empty(state, { viewport, why }) {
    state.views.delete(viewport);
    state.empty.set(viewport, why ?? null);
    return ["empty", "view"];
  },
  loading(state, { series, fraction }) {
    state.loading.set(series, fraction);
    return ["loading"];
  },
  people(state, people) {
    state.people = people;
    return ["people"];
  },
  cursors(state, cursors) {
    state.cursors = cursors;
    return ["cursors"];
  },
  remark(state, { viewport, texts }) {
    state.remarks.set(viewport, texts);
    return ["remark"];
  },
  changed: (_, names) => names.map((name) => `changed_${name}`),
  note: () => ["note"],
  refused: () => ["refused"],
  closing: () => [],
};

/** Lays a message into the state and names what changed. */
export function take(state, message) {
  const key = Object.keys(message)[0];
  return TAKES[key]?.(state, message[key]) ?? [];
}

function sameSettings(before, now) {
  const settings = ({ marks, turn, picture_changes, ...rest }) => JSON.stringify(rest);
  return settings(before) === settings(now);
}

/** A kind's plain name, whether it came as a word or with its settings. */
export function kindName(kind) {
  if (typeof kind === "string") return kind;
  return kind ? Object.keys(kind)[0] : "";
}

/** Whether a picture is seen in space rather than on a plane. */
export function isSpatial(kind) {
  return ["projection", "rendering"].includes(kindName(kind));
}

/** Cells of one screen, the maximised view alone where it lies there. */
export function cellsOf(layout, screen) {
  const found = layout?.screens?.[screen];
  if (!found) return { rows: 1, columns: 1, cells: [] };
  const alone = layout.maximized === null ? null : found.cells.find((cell) => cell.viewport === layout.maximized);
  if (!alone) return found;
  return { rows: 1, columns: 1, cells: [{ viewport: alone.viewport, row: 0, column: 0, row_span: 1, column_span: 1 }] };
}

/** The part of a view's series that has come, 0 to 1. */
export function loadedOf(state, view) {
  const parts = (view?.layers ?? []).map((layer) => state.loading.get(layer.series) ?? 1);
  return parts.length ? Math.min(...parts) : 1;
}

/** A kind as commands take it, of what a view says. */
export function kindValue(kind) {
  const settings = { projection: { of: "maximum" }, rendering: { preset: null }, tiles: { rows: 4, columns: 5 } };
  if (typeof kind === "object" && kind) return kind;
  return settings[kind] ? { [kind]: settings[kind] } : kind;
}

/** How a series is shown when it is put into a view: as what was there where that can be, else slice by slice. */
export function showing(series, view) {
  const name = kindName(view?.kind);
  const stays = series.is_volume && ["plane", "projection", "rendering"].includes(name);
  return { kind: stays ? kindValue(view.kind) : "stack", series: [series.key] };
}

/** A volume of the body and one of uptake that lie on each other: [lower, upper], or null. */
export function fusable(series, preferred = []) {
  const first = (modalities) => {
    const fits = series.filter((one) => one.is_volume && modalities.includes(one.modality));
    return fits.find((one) => preferred.includes(one.key)) ?? fits.sort((a, b) => b.images - a.images)[0];
  };
  const upper = first(["PT", "NM"]);
  const lower = upper && first(["CT", "MR"]);
  return lower && upper ? [lower.key, upper.key] : null;
}

/** The view that a curved plane along a line of another is laid into. */
export function curveTarget(numbers, from, isShown) {
  const others = [...numbers.slice(numbers.indexOf(from) + 1), ...numbers.slice(0, numbers.indexOf(from))];
  return others.find((n) => !isShown(n)) ?? others[0] ?? from;
}

/** Whether this participant moves the clock of what plays: one alone must, or it runs double. */
export function ticks(state) {
  const views = [...state.views.values()];
  if (!views.some((view) => view.is_playing)) return false;
  const others = Object.keys(state.people.participants).map(Number);
  return state.people.presenter ? state.people.presenter === state.participant : !others.some((one) => one < state.participant);
}

/** Hanging protocols whose series are there, by what their names begin with, and that need no more studies than are. */
export function protocolsFor(names, series) {
  const OF = { pet: ["PT"], ct: ["CT"], mr: ["MR"], spect: ["NM"], bone: ["NM"], nm: ["NM"], renal: ["NM"], whole: ["NM"], dx: ["DX", "CR"], mg: ["MG"], us: ["US"] };
  const COUNTS = { two: 2, three: 3, four: 4, five: 5 };
  const studies = new Set(series.map(({ study }) => study)).size;
  const has = (word) => !OF[word] || series.some(({ modality }) => OF[word].includes(modality));
  const fits = (name) => {
    const parts = name.split("-").filter((word, n, all) => !(word === "screens" || all[n + 1] === "screens"));
    const isCompared = ["compare", "beside", "studies"].some((word) => parts.includes(word));
    const counted = parts.map((word) => COUNTS[word]).find(Boolean);
    const needed = isCompared ? counted ?? 2 : 1;
    return parts.every(has) && (parts.includes("studies") ? studies === needed : studies >= needed);
  };
  return names.filter(fits);
}

/** The view of a snapshot's main screen that says most where there is room for one: a fused one. */
export function fusedIn(snapshot) {
  const views = Object.entries(snapshot.state.desk.viewports).map(([n, view]) => [Number(n), view.shown]);
  const found = views.sort(([a], [b]) => a - b).find(([n, shown]) => n < 100 && shown?.layers.length > 1);
  return found ? found[0] : null;
}
