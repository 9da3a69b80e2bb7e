// The view as it is seen, with its marks, as a PNG file; and texts to the clipboard.

import { draw } from "./drawing.js";
import { h } from "./dom.js";

/** The view's pixels with the lines over them. */
export function composed(view, scale) {
  const [width, height] = view.size;
  const canvas = h("canvas", { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "black";
  context.fillRect(0, 0, width, height);
  const { width: columns, height: rows } = view.pixels;
  const part = Math.min(width / columns, height / rows);
  const isWhole = view.pixels.style.objectFit !== "contain";
  const [wide, high] = isWhole ? [width, height] : [columns * part, rows * part];
  context.drawImage(view.pixels, (width - wide) / 2, (height - high) / 2, wide, high);
  draw(context, view.marks, view.marksScale ?? scale, view.factor);
  return canvas;
}

/** Gives the PNG to the reader as a file. The name says nothing of the patient. */
export async function exportPng(view, scale) {
  const blob = await new Promise((resolve) => composed(view, scale).toBlob(resolve, "image/png"));
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: `view-${view.number}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Lays a text on the clipboard; without https by way of a selected field. Says whether it went. */
export async function copyText(text, root) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h("textarea.offscreen", { value: text, readOnly: true, "aria-hidden": "true" });
    root.append(field);
    field.select();
    const went = document.execCommand("copy");
    field.remove();
    return went;
  }
}
