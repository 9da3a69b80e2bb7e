// Pictures of the viewer for people to look at, at the sizes of screens: what it shows, its menus and dialogs. Nothing may be
// wider than the screen.

import { expect } from "../site.mjs";

export const SCREENS = { "1280x800": [1280, 800], "1920x1080": [1920, 1080] };

/** Longer than menus take to appear. */
const APPEARS_MS = 250;
/** Menus of the bar by their words. */
const MENUS = ["tools_measure", "tools_voi", "tools_view", "layout", "compare", "cine", "tools_image", "more"];

/** Buttons and menus that lie beyond the viewer, or that cover each other in a bar. */
async function misplaced(reader) {
  return reader.page.evaluate(() => {
    const found = [];
    const shown = (selector) => [...window.look.viewer.root.querySelectorAll(selector)].filter((one) => one.offsetParent !== null);
    const boxOf = (one) => one.getBoundingClientRect();
    const nameOf = (one) => one.getAttribute("aria-label") ?? one.className;
    for (const one of shown(".bar button, .menu, .panel, .strip, .dialog, .toast, .line > *")) {
      const { left, right, top, bottom, width } = boxOf(one);
      if (width && (left < -1 || right > innerWidth + 1 || top < -1 || bottom > innerHeight + 1)) found.push(`${nameOf(one)} beyond the screen`);
    }
    for (const bar of shown(".bar")) {
      const buttons = [...bar.querySelectorAll("button")].filter((one) => one.offsetParent !== null).map((one) => [nameOf(one), boxOf(one)]).sort((a, b) => a[1].left - b[1].left);
      for (const [n, [name, box]] of buttons.slice(1).entries()) if (box.left < buttons[n][1].right - 1) found.push(`${name} over ${buttons[n][0]}`);
    }
    return found;
  });
}

/** Pictures at one size; `shoot(name)` takes one. */
export async function looks(reader, shoot) {
  await reader.told("nm-ready");
  await reader.settle();
  const take = async (name) => {
    await reader.page.waitForTimeout(APPEARS_MS);
    const found = await misplaced(reader);
    await shoot(name);
    expect(!found.length, `everything of ${name} in its place, found ${found.join("; ")}`);
  };
  await take("opened");
  for (const word of MENUS) {
    const button = reader.button(word);
    if (!(await button.count()) || (await button.isDisabled())) continue;
    await button.click();
    await take(`menu-${word}`);
    await reader.page.keyboard.press("Escape");
  }
  const palette = reader.page.locator(`nm-viewer .panel button.choice[aria-label^="${reader.t("control_set_palette")}"]`).first();
  if (await palette.isVisible()) {
    await palette.click();
    await take("palettes");
    await reader.page.keyboard.press("Escape");
  }
  await reader.page.keyboard.press("?");
  await take("keys");
  await reader.page.keyboard.press("Escape");
}
