// The page of a viewer. What a reader prefers (shortcuts) is remembered in this browser. Reading on two screens (ACC-23): the
// window on the second screen shows the study that the first shows, and closes with it.

const KEPT = "viewer preferences";
const LEFT_MS = 8000;

customElements.whenDefined("nm-viewer").then(() => {
  const viewer = document.querySelector("nm-viewer");
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  viewer.preferences = kept;
  viewer.addEventListener("nm-preference", ({ detail }) => {
    Object.assign(kept, detail);
    localStorage.setItem(KEPT, JSON.stringify(kept));
  });
});

const channel = new BroadcastChannel("uptake.viewing");
const here = new URL(location.href);

/** The address of what is shown, whichever window shows it. */
function shownHere() {
  const address = new URL(here);
  address.searchParams.delete("screen");
  return address.pathname + address.search;
}

if (here.searchParams.get("screen") === "2") {
  let closing;
  channel.onmessage = ({ data }) => {
    // The first window may be on its way to another study.
    if (data.left) {
      clearTimeout(closing);
      closing = setTimeout(() => window.close(), LEFT_MS);
    }
    if (!data.shown) return;
    clearTimeout(closing);
    if (data.shown === shownHere()) return;
    const next = new URL(data.shown, location.origin);
    if (next.origin !== location.origin || !next.pathname.startsWith("/view/")) return;
    next.searchParams.set("screen", "2");
    location.replace(next);
  };
  channel.postMessage({ asked: true });
} else {
  const tell = () => channel.postMessage({ shown: shownHere() });
  channel.onmessage = ({ data }) => data.asked && tell();
  window.addEventListener("pageshow", tell);
  window.addEventListener("pagehide", () => channel.postMessage({ left: true }));
}
