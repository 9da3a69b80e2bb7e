// Shows what the site sends to a browser that has no page open. It keeps no pages, and answers no requests.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** A path of this site, whatever comes. */
const own = (path) => {
  const url = new URL(String(path ?? "/notifications"), self.location.origin);
  return url.origin === self.location.origin ? url.pathname + url.search : "/notifications";
};

// Browsers want something to be shown for each message, also for one that cannot be read.
self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch {
    said = {};
  }
  const { title = "Uptake", body = "", tag = "notice" } = said;
  const data = { link: own(said.link), page: own(said.page) };
  event.waitUntil(self.registration.showNotification(title, { body, tag, data }));
});

// A window that shows the page already comes to the front, and the notification is read; else it is opened.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { link, page } = event.notification.data ?? {};
  const show = async () => {
    const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = windows.find((one) => own(one.url) === own(page));
    if (!there) return self.clients.openWindow(own(link));
    await fetch(own(link), { redirect: "manual" }).catch(() => {});
    return there.focus();
  };
  event.waitUntil(show());
});

// A browser that changes its address says so, as long as somebody is signed in.
self.addEventListener("pushsubscriptionchange", (event) => {
  const renew = async () => {
    const key = new URL(self.location.href).searchParams.get("key");
    const options = event.oldSubscription?.options ?? {
      userVisibleOnly: true,
      applicationServerKey: Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)),
    };
    const made = event.newSubscription ?? (await self.registration.pushManager.subscribe(options));
    const { endpoint, keys } = made.toJSON();
    await fetch("/profile/push/browser", { method: "POST", body: new URLSearchParams({ endpoint, ...keys }), redirect: "manual" });
  };
  event.waitUntil(renew());
});
