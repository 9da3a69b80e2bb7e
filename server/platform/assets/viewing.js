// Reading on two screens (ACC-23): the window on the second shows the study that the first shows, and closes with it.

const LEFT_MS = 8000;
const channel = new BroadcastChannel("uptake-viewing");
const here = new URL(location.href);
const isSecond = here.searchParams.get("screen") === "2";

function shownHere() {
  const address = new URL(here);
  address.searchParams.delete("screen");
  return address.pathname + address.search;
}

if (isSecond) {
  let closing;
  channel.onmessage = ({ data }) => {
    // The first window may be on its way to another study.
    if (data.left) closing = setTimeout(() => window.close(), LEFT_MS);
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
  tell();
}
