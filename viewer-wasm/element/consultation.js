// One session and several people: its owner lets others in, who open it by an address that holds its name. Whether they may see
// the studies the server asks as for anybody.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { names } from "./people.js";

/** The address of this page for somebody else. */
export function invitation(address, session) {
  const url = new URL(address);
  url.searchParams.delete("screen");
  url.searchParams.set("session", session);
  return url.toString();
}

/** Whether this one may let others in: whose session it is, with all tools. */
export const canInvite = (viewer) => viewer.form === "full" && viewer.screen === 0 && !viewer.invited;

/** The address for others, who is there, and the end of it. */
export function consultationDialog(viewer) {
  const { t } = viewer;
  const address = h("input", { type: "text", readOnly: true, "aria-label": t("invite_address") });
  const people = h("div.people");
  const dialog = h("dialog.dialog", { "aria-label": t("consultation") });
  const close = h("button.plain", { type: "button", "aria-label": t("close"), on: { click: () => dialog.close() } }, icon("close"));
  const copy = h("button.act.main", { type: "button", on: { click: () => viewer.copy(address.value, "invite_copied") } }, t("invite_copy"));
  const stop = h("button.act", { type: "button", on: { click: () => {
    viewer.share(false);
    dialog.close();
  } } }, t("invite_stop"));
  const show = () => {
    const { session, people: { is_shared } } = viewer.state;
    address.value = is_shared && session ? invitation(location.href, session) : "";
    copy.disabled = !address.value;
    people.replaceChildren(...names(viewer));
  };
  dialog.append(h("header", {}, h("h2", {}, t("consultation")), close), h("p.quiet", {}, t("invite_hint")), h("label", {}, h("span", {}, t("invite_address")), address), people, h("footer", {}, stop, copy));
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  const forget = [viewer.on("people", show), viewer.on("opened", show)];
  dialog.addEventListener("close", () => {
    for (const end of forget) end();
    dialog.remove();
  });
  show();
  viewer.root.append(dialog);
  dialog.showModal();
  viewer.share(true);
}
