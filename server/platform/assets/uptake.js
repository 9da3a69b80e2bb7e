// Comfort for pages that work without it: menus that close, questions before what cannot be undone, columns of tables that
// are chosen, the number of what waits as it changes, what is new, signing out together in all windows.

const menus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a phone the navigation is folded until it is asked for.
const narrow = matchMedia("(max-width: 860px)");
const navigation = document.querySelector("details.nav");
const fold = () => navigation && (navigation.open = !narrow.matches);
fold();
narrow.addEventListener("change", fold);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  // A second click sends nothing again; coming back to the page makes the buttons new.
  setTimeout(() => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
});

window.addEventListener("pageshow", () => {
  // What sends a signature waits for one to be drawn.
  for (const button of document.querySelectorAll("form button:disabled:not([data-signature] [type=submit])")) button.disabled = false;
});

// Columns that a person does not want are remembered in this browser.
function chooseColumns(box) {
  const key = `columns ${box.dataset.table}`;
  const headings = [...box.querySelectorAll("th[data-column]")].filter((one) => one.textContent.trim());
  if (headings.length < 4 || box.dataset.hasChooser) return;
  box.dataset.hasChooser = "true";
  const hidden = new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));
  const show = () => {
    for (const cell of box.querySelectorAll("[data-column]")) cell.hidden = hidden.has(cell.dataset.column);
    localStorage.setItem(key, JSON.stringify([...hidden]));
  };
  const chooser = document.createElement("details");
  chooser.className = "menu";
  const summary = document.createElement("summary");
  summary.textContent = box.dataset.columnsLabel;
  const sheet = document.createElement("div");
  sheet.className = "sheet";
  for (const heading of headings) {
    const label = document.createElement("label");
    label.className = "check";
    const tick = document.createElement("input");
    tick.type = "checkbox";
    tick.checked = !hidden.has(heading.dataset.column);
    tick.addEventListener("change", () => {
      if (tick.checked) hidden.delete(heading.dataset.column);
      else hidden.add(heading.dataset.column);
      show();
    });
    label.append(tick, heading.textContent);
    sheet.append(label);
  }
  chooser.append(summary, sheet);
  const place = document.createElement("div");
  place.className = "chooser";
  place.append(chooser);
  box.before(place);
  show();
}
for (const box of document.querySelectorAll("[data-table]")) chooseColumns(box);
// A part of the page that is asked for anew brings its tables.
document.addEventListener("htmx:load", (event) => {
  for (const box of event.detail.elt.querySelectorAll("[data-table]")) chooseColumns(box);
});

// What is new is shown for a while, and said to screen readers; a click leads to it.
const NEWS_MS = 12000;
const news = document.createElement("div");
news.className = "news";
news.setAttribute("role", "status");
function tell({ words, link }) {
  const said = document.createElement("a");
  said.href = link;
  said.textContent = words;
  news.append(said);
  while (news.children.length > 3) news.firstElementChild.remove();
  setTimeout(() => said.remove(), NEWS_MS);
}

// What waits, as it changes; and the end of the session, whoever ended it.
const unread = document.getElementById("unread");
let isGone = false;
function listen() {
  const live = new EventSource("/live");
  live.addEventListener("count", (event) => {
    unread.textContent = event.data;
    unread.hidden = event.data === "0";
  });
  live.addEventListener("notice", (event) => tell(JSON.parse(event.data)));
  live.addEventListener("ended", () => {
    live.close();
    window.dispatchEvent(new CustomEvent("uptake-ended"));
    location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
  });
  // A browser asks again when the server ends, and gives up when something in front of it answers in its place.
  live.addEventListener("error", () => {
    if (live.readyState === EventSource.CLOSED && !isGone) setTimeout(listen, 10000);
  });
  window.addEventListener("pagehide", () => {
    isGone = true;
    live.close();
  });
}
if (unread) {
  document.body.append(news);
  listen();
}
