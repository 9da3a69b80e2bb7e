// Pictures beside each other, by the bounds that the engine's tests hold renderers to.

import { expect } from "../site.mjs";

/** Of 255: what a graphics device may be off the processor on nearly all pixels (engine/tests/it/gpu/renderings.rs, `hold`). */
const MOST_APART = 2;
const SHARE_BEYOND = 0.001;
const LEAST_DECIBEL = 45;

/** How far two pictures of one view are apart. */
export function apart(found, wanted) {
  expect(found.length === wanted.length, `${wanted.length} bytes of pixels, found ${found.length}`);
  let [most, beyond, squares] = [0, 0, 0];
  for (let at = 0; at < wanted.length; at += 4) {
    let worst = 0;
    for (let n = 0; n < 3; n += 1) {
      const off = Math.abs(found[at + n] - wanted[at + n]);
      worst = Math.max(worst, off);
      squares += (off * off) / 3;
    }
    most = Math.max(most, worst);
    if (worst > MOST_APART) beyond += 1;
  }
  const pixels = wanted.length / 4;
  return { most, share: beyond / pixels, decibel: 10 * Math.log10(255 ** 2 / Math.max(squares / pixels, 1e-12)) };
}

/** The same views with the same pictures; gives the worst of them. */
export function holdPictures(found, wanted, what) {
  const shape = (pictures) => pictures.map(({ view, width, height }) => `${view}: ${width} x ${height}`).join(", ");
  expect(shape(found) === shape(wanted), `${what} of ${shape(wanted)}, found ${shape(found)}`);
  const all = found.map((one, n) => ({ view: one.view, ...apart(one.rgba, wanted[n].rgba) }));
  for (const { view, most, share, decibel } of all) {
    const holds = share <= SHARE_BEYOND && decibel >= LEAST_DECIBEL;
    expect(holds, `view ${view} of ${what} to be the same, found ${(100 * share).toFixed(2)} % of pixels more than ${MOST_APART} apart, the farthest ${most}, ${decibel.toFixed(1)} dB`);
  }
  return worstOf(all);
}

export function worstOf(all) {
  const most = Math.max(0, ...all.map((one) => one.most));
  return { most, share: Math.max(0, ...all.map((one) => one.share)), decibel: Math.min(...all.map((one) => one.decibel)) };
}

/** Pictures that are one to the last bit. */
export function holdSame(found, wanted, what) {
  for (const [n, one] of found.entries()) {
    const { most } = apart(one.rgba, wanted[n].rgba);
    expect(one.view === wanted[n].view && most === 0, `view ${one.view} of ${what} to be the same to the last bit, found ${most} apart`);
  }
}

/** Whether a picture changed at all. */
export const differs = (found, wanted) => !found.rgba.equals(wanted.rgba);
