// Notifications of this browser: it is asked for them by a click, and what it says goes into the form that the page has.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
// Some browsers never answer where they do not reach their push service.
const PATIENCE_MS = 20000;
const soon = (promise) =>
  Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE_MS))]);

const box = document.querySelector("[data-push]");
const isAble = window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

if (box && isAble) {
  const { push: key, pushWorker: worker } = box.dataset;
  const isOn = box.hasAttribute("data-push-on");
  const form = box.querySelector("form");
  document.querySelector("[data-push-missing]").hidden = true;
  box.hidden = false;

  const say = (words) => {
    box.querySelector("[role=alert]")?.remove();
    const said = document.createElement("p");
    said.className = "message bad";
    said.setAttribute("role", "alert");
    said.textContent = words;
    form.before(said);
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  };
  const kept = async () => (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription();
  const forget = async () => (await kept())?.unsubscribe();

  const subscribe = async () => {
    await navigator.serviceWorker.register(`${worker}?key=${key}`, { updateViaCache: "none" });
    const { pushManager } = await navigator.serviceWorker.ready;
    // One that was made under another key of the site is of no use.
    await (await pushManager.getSubscription())?.unsubscribe();
    const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    const { endpoint, keys } = made.toJSON();
    return { endpoint, ...keys };
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      if (isOn) {
        await soon(forget()).catch(() => {});
      } else {
        if ((await Notification.requestPermission()) !== "granted") return say(box.dataset.denied);
        for (const [name, value] of Object.entries(await soon(subscribe()))) {
          if (form.elements[name]) form.elements[name].value = value;
        }
      }
      form.submit();
    } catch {
      say(box.dataset.failed);
    }
  });

  // What the browser has and what the site has of it are made the same.
  const compare = async () => {
    if (!isOn) await forget();
    else if (Notification.permission !== "granted" || !(await kept())) say(box.dataset.lost);
  };
  compare().catch(() => {});
}
