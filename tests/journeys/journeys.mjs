// People's ways through the site, in a real browser: node journeys.mjs UPTAKE [PICTURES]

import { consent } from "./programs.mjs";
import { signature } from "./signature.mjs";
import { PASSWORD, Person, Site, browser, expect, expectText, picture, pictures } from "./site.mjs";

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
const look = async (who, name, path) => shots && pictures(who, shots, name, path);
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
  await look(security, "sign-in", "/sign-in");
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
  await look(audit, "audit", "/platform/audit");
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

  for (const one of people) {
    const errors = one.errors.filter((text) => !/status of (4\d\d)/.test(text));
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
