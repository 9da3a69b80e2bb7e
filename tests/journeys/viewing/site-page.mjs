// The site's own page around the viewer, as somebody who signed in opens it: its policies, its forms, its link that hides the
// patient.

import { execFileSync } from "node:child_process";

import { Site, chiefOf, expect } from "../site.mjs";
import { hear } from "./page.mjs";
import { Reader } from "./reader.mjs";
import { hidesPatient } from "./touch.mjs";

/** Takes a folder into the site as the hospital's. */
async function load(site, folder) {
  const data = ["--data", site.data];
  const lines = execFileSync(site.uptake, ["site", "organisations", "--json", ...data]).toString().trim().split("\n");
  const hospital = lines.map((line) => JSON.parse(line)).find(({ name }) => name === "第一人民医院");
  await site.stop();
  execFileSync(site.uptake, ["pacs", "import", "--organisation", String(hospital.id), ...data, folder], { stdio: "ignore" });
  await site.serve();
}

async function read(chief, address, language = "zh-CN") {
  await chief.go(address);
  return Reader.at(chief.page, chief.site.url, language);
}

/** Opens a study by its page: with all tools, as a clinician has it, without who it is. `hasDrawer`: the program was built with it. */
export async function sitePage({ uptake, engine, port, folder, study, facts, hasDrawer, shoot }) {
  const site = await Site.start(uptake, port);
  try {
    const chief = await chiefOf(site, engine, { width: 1280, height: 760 });
    await load(site, folder);
    await chief.context.addInitScript(hear);
    chief.errors = [];

    let reader = await read(chief, `/view/${study}`);
    const { where, why } = await reader.told("nm-ready");
    const wanted = hasDrawer ? "local because capable" : "remote because no_package";
    expect(`${where} because ${why}` === wanted, `drawn ${wanted}, found ${where} because ${why}`);
    await reader.settle();
    const fused = await reader.find("plane", "CT,PT");
    const { slice: [before] } = await reader.view(fused);
    await reader.wheel(fused, 3);
    await reader.settle();
    expect((await reader.view(fused)).slice[0] === before + 3, "the slice to follow the wheel");
    await shoot(reader, "site-full");

    reader = await read(chief, `/view/${study}?tools=clinic`);
    await reader.told("nm-ready");
    await reader.settle();
    const slider = reader.page.locator("nm-viewer .fusion .slider");
    await slider.fill("800");
    await reader.waitFor(() => Math.abs(window.look.viewer.fusedView?.layers[1].ratio - 0.8) < 1e-6, "a mix of 80 %");
    await reader.press("tool_probe");
    await reader.click(await reader.find("plane", "CT,PT"), [0.45, 0.5]);
    await reader.waitFor(() => window.look.viewer.marks.length === 1, "a probe that stays");
    const [mark] = await reader.ask("marks");
    expect(mark.figures.some(({ unit }) => unit === "SUVbw"), `an SUV of the probe, found ${JSON.stringify(mark.figures)}`);
    await reader.settle();
    await shoot(reader, "site-clinic");

    reader = await read(chief, `/view/${study}?patient=hidden`);
    await reader.told("nm-ready");
    await reader.settle();
    const said = await chief.page.content();
    const left = facts.filter((fact) => fact.length > 2 && said.includes(fact));
    expect(!left.length, `nothing about the patient in the page, found ${left.length} facts`);
    await hidesPatient(reader, facts, { isHidden: true });
    await shoot(reader, "site-hidden");
    expect(!chief.errors.length, `no errors on the pages, found ${chief.errors.join("; ")}`);
    return `drawn ${wanted}`;
  } finally {
    await site.end();
  }
}
