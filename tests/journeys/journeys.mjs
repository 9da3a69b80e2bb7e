// People's ways through the site, in a real browser: node journeys.mjs UPTAKE [PICTURES]

import { readFileSync } from "node:fs";

import { consent } from "./programs.mjs";
import { signature } from "./signature.mjs";
import { studies } from "./studies.mjs";
import { PASSWORD, Person, Site, accessible, browser, expect, expectText, happens, picture, pictures } from "./site.mjs";

const [uptake, shots] = process.argv.slice(2);
const site = await Site.start(uptake, 18200 + (process.pid % 500) * 2);
const engine = await browser();
const people = [];
const person = async (mobile, options = {}) => {
  const one = await Person.open(site, engine, { mobile, ...options });
  people.push(one);
  return one;
};
const done = (what) => console.log(`journey: ${what}`);
const look = async (who, name, path) => {
  await accessible(who, path);
  if (shots) await pictures(who, shots, name, path);
};
const shoot = async (who, name) => shots && picture(who, shots, name);

/** Follows a link that makes an administrator, signs in, sets the second factor up. */
async function office(link, mobile, name) {
  const one = await person(mobile);
  await one.go(link);
  await one.fill({ name, mobile, password: PASSWORD, again: PASSWORD });
  await one.send("name");
  return one;
}

try {
  // The platform's three administrators.
  const system = await office(site.link, "13900000001", "王系统");
  const links = await system.page.locator("main dd a").evaluateAll((all) => all.map((one) => one.href));
  expect(links.length === 2, "links of two more administrators");
  const security = await office(links[0], "13900000002", "李安全");
  const audit = await office(links[1], "13900000003", "张审计");
  for (const one of [system, security, audit]) {
    await one.signIn();
    await one.setUpSecondFactor();
  }
  const nobody = await person("13800000000");
  for (const [name, path] of [["sign-in", "/sign-in"], ["register", "/register"], ["forgotten", "/forgotten"]]) await look(nobody, name, path);
  await security.go(links[0]);
  await expectText(security, "链接已失效");
  done("three administrators from one link");

  // A doctor registers, is reviewed and signs in.
  const doctor = await person("13800000001");
  await doctor.go("/register");
  const typed = { name: "单于飞", mobile: doctor.mobile, hospital: "第一医院", department: "核医学科", title: "主治医师" };
  await doctor.fill({ ...typed, password: PASSWORD, again: "Nuclear_2" });
  await doctor.readCaptcha();
  await doctor.send("name");
  await expectText(doctor, "两次填写的密码不一致");
  expect((await doctor.page.inputValue('main [name="hospital"]')) === "第一医院", "what was typed to be there still");
  await doctor.fill({ password: PASSWORD, again: PASSWORD });
  await doctor.readCaptcha();
  await doctor.send("name");
  await expectText(doctor, "注册已提交");
  await doctor.signIn();
  await expectText(doctor, "正在审核中");
  await security.go("/notifications");
  await security.page.click("text=单于飞 提交了注册申请");
  await look(security, "account", new URL(security.page.url()).pathname);
  await security.page.click('main form[action$="/approve"] button');
  await expectText(security, "正常");
  await doctor.signIn();
  await expectText(doctor, "您好，单于飞");
  done("register, review, activate, sign in");

  // A hospital with its first administrator, who has a first password.
  await system.go("/platform/organisations/new");
  await look(system, "onboarding", "/platform/organisations/new");
  await system.go("/platform/organisations/new");
  await system.fill({ name: "第一人民医院", administrator: "赵主任", mobile: "13700000001" });
  await system.send("name");
  const first = await system.page.locator("main code.long").innerText();
  const chief = await person("13700000001");
  await chief.signIn(first);
  await expectText(chief, "请先修改密码");
  await chief.changePassword(first);
  await chief.setUpSecondFactor();
  await chief.go("/organisation");
  await expectText(chief, "第一人民医院");
  done("a hospital, its administrator, a forced change of the password");

  // A role, an invitation, and a permission that changes while the member is signed in.
  await chief.go("/roles/new");
  await look(chief, "role", "/roles/new");
  await chief.go("/roles/new");
  await chief.fill({ name: "助理", description: "协助管理" });
  await chief.page.check('main [name="permission"][value="studies-view"]');
  await chief.send("name");
  await expectText(chief, "助理");
  await chief.go("/members/invite");
  await chief.fill({ mobile: doctor.mobile });
  await chief.page.selectOption('main [name="role"]', { label: "助理" });
  await chief.send("mobile");
  await doctor.go("/workbench");
  await expectText(doctor, "第一人民医院 邀请您加入");
  await doctor.page.click('main form[action$="/accept"] button');
  await doctor.page.waitForLoadState("load");
  await look(doctor, "workbench", "/workbench");
  await doctor.go("/workbench");
  await doctor.page.click("main .tile button");
  await doctor.page.waitForLoadState("load");
  await doctor.go("/members");
  await expectText(doctor, "您没有权限");
  await chief.go("/roles");
  await chief.page.click("main >> text=助理");
  await chief.page.waitForLoadState("load");
  await chief.page.check('main [name="permission"][value="roles"]');
  await chief.send("name");
  await doctor.go("/roles");
  // The role administers now: it takes a second factor.
  expect(doctor.page.url().endsWith("/second-factor"), "the second factor to be asked for");
  await doctor.setUpSecondFactor();
  await doctor.go("/roles");
  await expectText(doctor, "助理");
  for (const [name, path] of [["members", "/members"], ["roles", "/roles"], ["organisation", "/organisation"], ["home", "/"], ["log", "/log"], ["profile", "/profile"], ["permissions", "/permissions"], ["devices", "/devices"], ["dockings", "/dockings"], ["dictionary", "/dictionary"]]) {
    await look(chief, name, path);
  }
  done("role, invitation, switch, a permission that changes live");

  await studies(chief, doctor, look);
  done("studies are found, opened and published");

  // A program of somebody else asks the doctor, who says no, then yes.
  await consent(site, security, doctor, look);
  done("a program is refused, agreed to, and sees what it asked for");

  await signature(site, engine, doctor, shoot);
  done("a signature drawn on a phone");

  // Lock-out, and a changed password that ends other sessions.
  const stranger = await person(doctor.mobile);
  for (let turn = 0; turn < 5; turn += 1) await stranger.signIn("Wrong_123");
  await expectText(stranger, "手机号或密码不正确");
  await stranger.signIn();
  await expectText(stranger, "尝试次数过多");
  const id = await (async () => {
    await security.go("/platform/accounts?q=syf");
    return security.page.locator("main td a").first().getAttribute("href");
  })();
  await security.go(id);
  await security.page.click('main form[action$="/unlock"] button');
  await doctor.changePassword(PASSWORD, "Another_1");
  await stranger.signIn("Another_1");
  expect(stranger.page.url().endsWith("/sign-in/code"), "a code to be asked for after the lock was lifted");
  done("lock-out, unlocking, password change");

  // Signing out in one window ends the other, which hears of it by itself.
  const other = await chief.context.newPage();
  await other.goto(`${site.url}/roles`);
  await chief.go("/");
  await chief.page.click(".user > summary");
  await chief.page.click('.user form[action="/sign-out"] button');
  await other.waitForURL(/sign-in/, { timeout: 15000 });
  done("signing out in all windows");

  // The audit administrator finds it all.
  await audit.go("/platform/audit?q=" + encodeURIComponent("角色"));
  await expectText(audit, "修改角色");
  await audit.page.click("text=保存此筛选");
  await audit.fill({ filter: "角色变更" });
  await audit.send("filter");
  await audit.go("/platform/audit");
  await look(audit, "audit", "/platform/audit");
  await audit.page.click("main .filters >> text=角色变更");
  await audit.page.waitForURL(/q=%E8%A7%92%E8%89%B2/);
  const [table] = await Promise.all([
    audit.page.waitForEvent("download"),
    audit.page.click('main a[href^="/platform/audit/csv"]'),
  ]);
  expect(readFileSync(await table.path(), "utf8").includes("修改角色"), "the table to hold what the search found");
  await look(audit, "audit-removal", "/platform/audit/removal");
  await audit.go("/platform/accounts");
  await expectText(audit, "您没有权限");
  done("audit search");

  // A message that the server of mail refuses is found among the jobs, tried again, and arrives.
  await doctor.go("/profile");
  await doctor.fill({ email: "shan@hospital.example" });
  await doctor.send("email");
  await doctor.go("/profile");
  await doctor.page.click('main form[action="/profile/email"] button');
  const failed = async () => {
    await system.go("/platform/jobs?state=failed");
    return (await system.page.locator("main tbody").allInnerTexts()).join().includes("发送邮件");
  };
  for (let turn = 0; turn < 50 && !(await failed()); turn += 1) await system.page.waitForTimeout(200);
  expect(await failed(), "the letter among the jobs that failed");
  await look(system, "jobs", "/platform/jobs");
  await system.go("/platform/jobs?state=failed");
  await system.page.locator('main td a[href^="/platform/jobs/"]').first().click();
  await system.page.waitForLoadState("load");
  const job = new URL(system.page.url()).pathname;
  await look(system, "job", job);
  site.post.takes = true;
  await system.go(job);
  await system.page.click('main form[action$="/retry"] button');
  const link = /http:\S+\/email\/\S+/.exec(await site.post.letter());
  expect(link, "a link in the letter");
  await doctor.go(link[0]);
  await doctor.page.click("main form button");
  await doctor.go("/profile");
  await expectText(doctor, "已验证");
  for (const [name, path] of [["outbox", "/platform/outbox"], ["monitoring", "/platform/monitoring"], ["alarms", "/platform/monitoring/alarms"], ["support", "/platform/support"]]) await look(system, name, path);
  await look(security, "clients", "/platform/clients");
  await look(security, "client-new", "/platform/clients/new");
  for (const [name, path] of [["help", "/help"], ["help-devices", "/help/devices"], ["upload-codes", "/organisation/upload-codes"]]) await look(doctor, name, path);
  done("a job that failed is tried again");

  // A browser of tests has no push service: the page says so, nothing is switched on, and open pages are told.
  await doctor.context.grantPermissions(["notifications"], { origin: site.url });
  await doctor.go("/support/new");
  await doctor.fill({ subject: "打印机", body: "打印机没有反应" });
  await doctor.send("body");
  const answer = async (body) => {
    await system.go("/platform/support");
    await system.page.click("main td a");
    await system.page.waitForLoadState("load");
    await system.fill({ body });
    await system.send("body");
  };
  const isOn = async () => (await doctor.page.locator("main [data-push-on]").count()) === 1;
  const here = (path) => doctor.page.click(`main form[action="/profile/push${path}"] button`);
  const told = (count) => doctor.page.waitForFunction((count) => document.querySelectorAll(".news a").length === count, count);
  await doctor.go("/profile");
  expect(await doctor.page.locator("main [data-push-missing]").isHidden(), "the switch of this browser");
  await here("/browser");
  await doctor.page.waitForSelector("main [data-push] [role=alert]", { timeout: 30000 });
  await expectText(doctor, "浏览器未能连接其推送服务");
  if (shots) await doctor.page.screenshot({ path: `${shots}/profile-push-failed.png`, fullPage: true });
  await doctor.go("/profile");
  expect(!(await isOn()), "notifications to be off in this browser");
  await answer("请检查电源");
  await told(1);
  await expectText(doctor, "技术支持已答复：打印机");
  done("a browser without a push service says so, and its open page is told");

  // With one the message goes encrypted to it, and the service worker shows what it holds.
  await doctor.context.addInitScript((given) => {
    const made = { ...given, toJSON: () => given, unsubscribe: async () => localStorage.removeItem("subscribed") };
    PushManager.prototype.getSubscription = async () => (localStorage.getItem("subscribed") ? made : null);
    PushManager.prototype.subscribe = async () => (localStorage.setItem("subscribed", "1"), made);
  }, site.push.subscription());
  await doctor.go("/profile");
  await Promise.all([doctor.page.waitForSelector("main [data-push-on]"), here("/browser")]);
  await doctor.page.waitForLoadState("load");
  expect(!(await doctor.page.locator("main [data-push] [role=alert]").count()), "nothing to be wrong in this browser");
  await look(doctor, "profile-push", "/profile");
  await doctor.go("/profile");
  await answer("请更换纸盒");
  const [{ text: message }] = await site.push.arrived(1);
  expect(!message.includes("打印机") && message.includes("技术支持有新消息"), `a kind and no name, found ${message}`);
  const tools = await doctor.context.newCDPSession(doctor.page);
  const registration = new Promise((resolve) => {
    tools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => registrations.length && resolve(registrations[0].registrationId));
  });
  await tools.send("ServiceWorker.enable");
  await tools.send("ServiceWorker.deliverPushMessage", { origin: site.url, registrationId: await registration, data: message });
  const shown = await doctor.page.evaluate(async () => {
    const ready = await navigator.serviceWorker.ready;
    for (let turn = 0; turn < 50; turn += 1) {
      const all = (await ready.getNotifications()).map(({ body, data }) => ({ body, data }));
      if (all.length) return all;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return [];
  });
  expect(shown.length === 1 && shown[0].body === "技术支持有新消息", `a notification, found ${JSON.stringify(shown)}`);
  const [worker] = doctor.context.serviceWorkers();
  const notified = shown[0].data;
  const clicked = async (expected) => {
    const did = await happens(worker, "notificationclick", { data: notified });
    expect(did === `close, ${expected}`, `a click on the notification to ${expected}, found ${did}`);
  };
  await clicked(`open ${notified.link}`);
  await doctor.go(notified.page);
  const unread = await doctor.page.locator("#unread").textContent();
  await clicked(`focus ${notified.page}`);
  await doctor.page.waitForFunction((unread) => document.querySelector("#unread").textContent !== unread, unread);
  await happens(worker, "pushsubscriptionchange", { subscription: site.push.subscription(2) });
  await answer("已下单");
  const [, { path }] = await site.push.arrived(2);
  expect(path === "/send/2", `a message to the browser's new address, found ${path}`);
  done("a notification is pushed, shown, and leads to its page");

  // Off sends nothing: in this browser, and at all.
  await doctor.go("/profile");
  await Promise.all([doctor.page.waitForSelector('main form[action="/profile/push/browser"]'), here("/browser/remove")]);
  await doctor.page.waitForLoadState("load");
  expect(!(await isOn()), "notifications to be off in this browser");
  await answer("已寄出");
  await told(1);
  await doctor.page.uncheck('main form[action="/profile/push"] [name="push"]');
  await doctor.send("push");
  const count = await doctor.page.locator("#unread").textContent();
  await answer("已签收");
  await doctor.page.waitForFunction((count) => document.querySelector("#unread").textContent !== count, count);
  await doctor.page.waitForTimeout(500);
  expect((await doctor.page.locator(".news a").count()) === 0, "nothing to be told");
  await site.push.arrived(2);
  done("notifications are switched off");

  for (const one of people) {
    // Contexts of tests are incognito windows, in which Chromium pushes nothing and says so.
    const errors = one.errors.filter((text) => !/status of (4\d\d)|crbug\.com\/41124656/.test(text));
    expect(errors.length === 0, `no errors in the browser, found ${JSON.stringify(errors)}`);
  }

  // The site is backed up while it is served, lost, and made anew: whoever was signed in goes on.
  site.lose();
  await site.stop();
  site.restore();
  await site.serve();
  await audit.go("/platform/audit?q=" + encodeURIComponent("恢复"));
  await expectText(audit, "从备份恢复");
  await doctor.go("/roles");
  await expectText(doctor, "助理");
  done("backup and restore");
} finally {
  await engine.close();
  await site.end();
}
