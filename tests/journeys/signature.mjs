// A signature drawn on a phone: the QR code of the desk's page is read as a camera reads it, and the name is drawn with a finger.

import jsQR from "jsqr";
import { Person, expect, expectText } from "./site.mjs";

/** What a QR code on a page says. */
async function scanned(person, selector) {
  const picture = (await person.page.locator(selector).screenshot()).toString("base64");
  const pixels = await person.page.evaluate(async (picture) => {
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    canvas.drawImage(bitmap, 0, 0);
    return { width: bitmap.width, height: bitmap.height, data: [...canvas.getImageData(0, 0, bitmap.width, bitmap.height).data] };
  }, picture);
  return jsQR(Uint8ClampedArray.from(pixels.data), pixels.width, pixels.height)?.data;
}

/** Draws with a finger, from place to place of an element's size. */
async function draw(person, selector, strokes) {
  const box = await person.page.locator(selector).boundingBox();
  const session = await person.context.newCDPSession(person.page);
  const touch = (type, points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y]) => ({ x: box.x + x * box.width, y: box.y + y * box.height })) });
  for (const [first, ...rest] of strokes) {
    await touch("touchStart", [first]);
    for (const place of rest) await touch("touchMove", [place]);
    await touch("touchEnd", []);
  }
}

/** Somebody at a desk signs with a phone that nobody is signed in with. */
export async function signature(site, engine, desk, shoot) {
  await desk.go("/profile");
  await desk.page.click('main form[action="/profile/signature/phone"] button');
  await desk.page.waitForLoadState("load");
  const address = await scanned(desk, "main svg");
  const printed = (await desk.page.locator("main code.long").innerText()).trim();
  expect(address === printed && address.startsWith(`${site.url}/sign/`), `the address in the QR code to be ${printed}, found ${address}`);
  await shoot(desk, "signature-desk");
  const phone = await Person.open(site, engine, { width: 390, height: 844, touch: true });
  await phone.go(address);
  const send = phone.page.locator('main [data-signature] button[type="submit"]');
  expect(await send.isDisabled(), "nothing to send before something is drawn");
  const wave = Array.from({ length: 30 }, (_, at) => [0.1 + at * 0.026, 0.5 + 0.3 * Math.sin(at / 2)]);
  await draw(phone, "canvas.signature-pad", [wave, [[0.15, 0.85], [0.5, 0.8], [0.85, 0.88]]]);
  expect(await send.isEnabled(), "what was drawn to be ready to be sent");
  await shoot(phone, "signature-phone");
  await Promise.all([phone.page.waitForURL("**/sign/done"), send.click()]);
  await expectText(phone, "签名已提交");
  // The desk's page hears of it by itself.
  await desk.page.waitForSelector('main [role="status"] img.picture', { timeout: 15000 });
  await expectText(desk, "已收到新的签名");
  const width = await desk.page.locator("main img.picture").evaluate(async (image) => {
    await image.decode();
    return image.naturalWidth;
  });
  expect(width > 100, `the signature's picture on the desk's page, found ${width} pixels`);
  await shoot(desk, "signature-came");
  await phone.go(address);
  await expectText(phone, "链接已失效");
  expect(phone.errors.every((text) => /status of 410/.test(text)), `no errors on the phone, found ${JSON.stringify(phone.errors)}`);
  await phone.context.close();
}
