// Lines that belong to a picture are drawn with it, not before: here they wait. Pure.

/** Pictures that are under way at once are few; older drawings are of no use. */
const MOST = 12;

/**
 * A view has told a drawing `{turn, …}`. `held` are those that wait, by turn; `painted` the turn of the picture that is
 * seen, if any. Gives what waits now, and what is drawn at once, if anything.
 */
export function told(held, drawing, picture_changes, painted) {
  if (!picture_changes) {
    // The picture to come was drawn from the same lines: they are told once.
    const last = held.at(-1);
    return { held: last ? [...held.slice(0, -1), { ...drawing, turn: last.turn }] : held, now: drawing };
  }
  if (painted !== undefined && painted >= drawing.turn) return { held: held.filter((one) => one.turn > painted), now: drawing };
  return { held: [...held, drawing].slice(-MOST), now: null };
}

/** A picture of a turn is seen: the newest drawing that is not of a later one belongs to it. */
export function painted(held, turn) {
  return { held: held.filter((one) => one.turn > turn), now: held.findLast((one) => one.turn <= turn) ?? null };
}
