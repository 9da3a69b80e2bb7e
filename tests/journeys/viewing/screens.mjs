// A second window for a second screen: it takes part in the session of the first, shows views of its own, and goes with it.

import { expect } from "../site.mjs";
import { Reader } from "./reader.mjs";

/** Opens the second window as a reader does. */
async function openSecond(reader, attributes) {
  const popup = reader.context.waitForEvent("page");
  await reader.choose("more", reader.t("second_screen"));
  const page = await popup;
  await page.waitForURL(/screen=2/);
  return Reader.on(page, reader.url, attributes);
}

export async function secondWindow(reader, other, shoot) {
  const { session } = await reader.told("nm-ready");
  await reader.settle();
  const own = await reader.views();
  const study = await reader.page.evaluate(() => window.look.host.getAttribute("study"));
  const second = await openSecond(reader, { study, mode: "remote", tools: "full", lang: "zh-CN" });
  const joined = await second.told("nm-ready");
  expect(joined.session === session, `the first window's session, found ${joined.session}`);
  await second.waitFor(() => window.look.viewer.viewNumbers.length > 0, "views of its own");
  const numbers = await second.page.evaluate(() => window.look.viewer.viewNumbers);
  expect(numbers.every((number) => number > 100) && !numbers.some((number) => own.includes(number)), `views from 101 on, found ${numbers}`);
  // A series is laid into it; the first window's views stay as they are.
  const ct = await second.page.evaluate(() => window.look.viewer.state.series.find(({ modality }) => modality === "CT"));
  if (!(await second.page.locator("nm-viewer .strip").isVisible())) await second.press("series");
  await second.page.locator(`nm-viewer .series[data-series="${ct.key}"]`).dblclick();
  await second.waitFor(([number, key]) => window.look.viewer.state.views.get(number)?.layers[0].series === key, "the series in its view", [numbers[0], ct.key]);
  await second.settle();
  expect((await reader.views()).join() === own.join(), "the first window's views to stay");
  await shoot(second, "second-window");
  // Two look at one session, and both are told.
  for (const one of [reader, second]) await one.waitFor(() => Object.keys(window.look.viewer.state.people.participants).length === 2, "two participants");
  // What lies in the same place is shown there too: a place chosen in one window is the other's.
  const from = await reader.find("plane", "CT");
  await reader.do({ crosshair_at: { viewport: from, place_mm: await placeOf(reader, from, [0.6, 0.4]) } });
  await second.waitFor(([number, wanted]) => {
    const { focus_mm } = window.look.viewer.state.views.get(number);
    return Math.abs(focus_mm[2] - wanted) < 20;
  }, "the second window to go along", [numbers[0], (await placeOf(reader, from, [0.6, 0.4]))[2]]);
  // To another study the second window follows, and it closes with the first.
  await reader.page.evaluate((other) => window.look.host.setAttribute("study", other), other);
  await second.waitFor((other) => window.look.host.getAttribute("study") === other, "the other study", other);
  const closed = second.page.waitForEvent("close");
  await reader.page.evaluate(() => window.look.host.remove());
  await closed;
}

async function placeOf(reader, viewport, [x, y]) {
  const { size: [width, height] } = await reader.view(viewport);
  const { figures } = await reader.ask({ probe: { viewport, at: [x * width, y * height, width, height] } });
  return ["x", "y", "z"].map((name) => figures.find((figure) => figure.name === name).value);
}
