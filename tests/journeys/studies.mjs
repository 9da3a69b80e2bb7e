// Studies are found, opened and published: by whoever manages the department, and by a clinician who sees what is published.

import { expect, expectText } from "./site.mjs";

/** An element of Explicit VR Little Endian. */
function element(group, number, vr, value) {
  const text = Buffer.from(value);
  const padded = text.length % 2 ? Buffer.concat([text, Buffer.from(vr === "UI" ? "\0" : " ")]) : text;
  const head = Buffer.alloc(8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, "latin1");
  head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
}

/** An object without an image, as a Part 10 file. */
function object({ study, name, id, modality, date, accession, description, sex, age }) {
  const kind = "1.2.840.10008.5.1.4.1.1.7";
  const meta = Buffer.concat([element(2, 2, "UI", kind), element(2, 3, "UI", `${study}.1.1`), element(2, 0x10, "UI", "1.2.840.10008.1.2.1"), element(2, 0x12, "UI", "2.25.1")]);
  const length = Buffer.from([2, 0, 0, 0, 0x55, 0x4c, 4, 0, 0, 0, 0, 0]);
  length.writeUInt32LE(meta.length, 8);
  const data = [
    element(8, 5, "CS", "ISO_IR 192"),
    element(8, 0x16, "UI", kind),
    element(8, 0x18, "UI", `${study}.1.1`),
    element(8, 0x20, "DA", date),
    element(8, 0x30, "TM", "093000"),
    element(8, 0x50, "SH", accession),
    element(8, 0x60, "CS", modality),
    element(8, 0x1030, "LO", description),
    element(0x10, 0x10, "PN", name),
    element(0x10, 0x20, "LO", id),
    element(0x10, 0x40, "CS", sex),
    element(0x10, 0x1010, "AS", age),
    element(0x20, 0xd, "UI", study),
    element(0x20, 0xe, "UI", `${study}.1`),
    element(0x20, 0x13, "IS", "1"),
  ];
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), length, meta, ...data]);
}

const PATIENTS = [
  ["Wang^XiaoDong=王^小东", "P-1001", "PT", "M", "058Y", "全身 PET/CT 显像"],
  ["Wang^XiaoDong=王^小东", "P-1001", "PT", "M", "057Y", "全身 PET/CT 显像，治疗前"],
  ["Li^Na=李^娜", "P-1002", "NM", "F", "043Y", "全身骨显像"],
  ["Zhang^Wei=张^伟", "P-1003", "NM", "M", "061Y", "心肌灌注显像"],
  ["Zhao^Min=赵^敏", "P-1004", "NM", "F", "035Y", "甲状腺显像"],
  ["Chen^Jing=陈^静", "P-1005", "PT", "F", "049Y", "脑 PET 显像"],
];

/** Sends the studies as whoever is signed in with a page. */
async function send(person) {
  await person.go("/studies");
  for (const [at, [name, id, modality, sex, age, description]] of PATIENTS.entries()) {
    const number = at + 1;
    const facts = { study: `2.25.700${number}`, name, id, modality, sex, age, description, date: `2026112${9 - number}`, accession: `NM2611${number}` };
    const file = object(facts).toString("base64");
    const status = await person.page.evaluate(async (file) => {
      const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
      const body = new Blob(["--b\r\nContent-Type: application/dicom\r\n\r\n", bytes, "\r\n--b--\r\n"]);
      const headers = { "Content-Type": 'multipart/related; type="application/dicom"; boundary=b', Accept: "application/dicom+json" };
      return (await fetch("/dicom-web/studies", { method: "POST", headers, body })).status;
    }, file);
    expect(status === 200, `study ${number} to be taken, found ${status}`);
  }
}

const shown = (person) => person.page.locator('main td a[href^="/view/"]').allInnerTexts();
/** One after the other: there is one mouse. */
async function tick(person, names) {
  for (const name of names) await person.page.locator(`main tr:has-text("${name}") [name="study"]`).first().check();
}

async function press(person, selector) {
  await Promise.all([person.page.waitForLoadState("load"), person.page.click(selector)]);
  await person.page.waitForLoadState("load");
}

/** `chief` manages the department, `clinician` sees studies and no more. */
export async function studies(chief, clinician, look) {
  // The pages around a viewer, not the viewer: it has journeys of its own.
  const nothing = (route) => route.fulfill({ contentType: "text/javascript", body: "" });
  for (const one of [chief, clinician]) await one.context.route("**/viewer/element/**", nothing);
  await send(chief);
  await look(chief, "studies", "/studies");
  await chief.go("/studies?q=wxd");
  expect((await shown(chief)).join() === "王小东,王小东", "both studies of one patient by initials");
  await look(clinician, "studies-clinician", "/studies");

  // Two are opened together; the page says who it is, and does not when it is told so.
  await chief.go("/studies?q=wxd");
  await chief.page.locator('[name="study"]').nth(0).check();
  await chief.page.locator('[name="study"]').nth(1).check();
  await press(chief, 'main form.picks button.main');
  expect(chief.page.url().endsWith("/view/2.25.7001?with=2.25.7002"), `both to be opened, found ${chief.page.url()}`);
  await expectText(chief, "王小东");
  expect((await chief.page.locator("nm-viewer").getAttribute("tools")) === "full", "all tools for whoever reads");
  const [second] = await Promise.all([chief.context.waitForEvent("page"), chief.page.click('a[target="uptake-viewer-2"]')]);
  await second.waitForLoadState("load");
  await look(chief, "view", "/view/2.25.7001?with=2.25.7002");
  // The second window follows the first to another study.
  await chief.go("/view/2.25.7003");
  await second.waitForURL(/view\/2\.25\.7003\?screen=2$/);
  await chief.go("/view/2.25.7003?patient=hidden");
  await second.waitForURL(/patient=hidden/);
  expect(!(await chief.text()).includes("李娜") && !(await chief.page.title()).includes("李娜"), "nobody to be named");
  const closed = second.waitForEvent("close", { timeout: 20000 });
  await chief.go("/studies");
  await closed;
  await clinician.go("/view/2.25.7003");
  expect((await clinician.page.locator("nm-viewer").getAttribute("tools")) === "clinic", "a clinician's tools");

  // By hand only: nothing is there for the clinician until it is published.
  await chief.go("/publishing/rule");
  await look(chief, "publishing-rule", "/publishing/rule");
  await chief.go("/publishing/rule");
  await chief.page.selectOption('main [name="rule"]', "by-hand");
  await chief.send("rule");
  await clinician.go("/studies");
  expect((await shown(clinician)).length === 0, "nothing to be published");
  await clinician.go("/view/2.25.7003");
  await expectText(clinician, "404");
  await tick(chief, ["李娜", "赵敏"]);
  await press(chief, 'main [name="act"][value="now"]');
  await tick(chief, ["张伟"]);
  await press(chief, 'main [name="act"][value="at"]');
  await chief.page.fill('main [name="at"]', "2099-01-01T08:00");
  await chief.send("at");
  await expectText(chief, "2099-01-01 08:00");
  await look(chief, "publishing", "/publishing");
  await chief.go("/publishing");
  await clinician.go("/studies");
  expect((await shown(clinician)).join() === "李娜,赵敏", `what is published to be there, found ${await shown(clinician)}`);
  await tick(chief, ["赵敏"]);
  await press(chief, 'main [name="act"][value="withdraw"]');
  await clinician.go("/studies");
  expect((await shown(clinician)).join() === "李娜", "what was withdrawn to be gone");
  await chief.go("/publishing/rule");
  await chief.page.selectOption('main [name="rule"]', "at-once");
  await chief.send("rule");
  for (const one of [chief, clinician]) await one.context.unroute("**/viewer/element/**", nothing);
}
