// Passkeys: the browser is asked for one, and what it says goes into the field of the form that the page has anyway.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const creation = (options) => ({
  ...options,
  challenge: bytes(options.challenge),
  user: { ...options.user, id: bytes(options.user.id) },
  excludeCredentials: known(options.excludeCredentials),
});
const request = (options) => ({
  ...options,
  challenge: bytes(options.challenge),
  allowCredentials: known(options.allowCredentials),
});

const written = (credential) => {
  const { response } = credential;
  const said = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = text(response.attestationObject);
    said.transports = response.getTransports?.() ?? [];
  } else {
    said.authenticatorData = text(response.authenticatorData);
    said.signature = text(response.signature);
    said.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: said, extensions: {} });
};

const box = document.querySelector("[data-passkey-create], [data-passkey-get]");
if (box && window.PublicKeyCredential) {
  box.hidden = false;
  const form = box.querySelector("form");
  const { passkeyCreate, passkeyGet, failed } = box.dataset;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    box.querySelector("[role=alert]")?.remove();
    try {
      const credential = passkeyCreate
        ? await navigator.credentials.create({ publicKey: creation(JSON.parse(passkeyCreate).publicKey) })
        : await navigator.credentials.get({ publicKey: request(JSON.parse(passkeyGet).publicKey) });
      form.elements.credential.value = written(credential);
      form.submit();
    } catch {
      // Turned down by the person, timed out, or known already.
      const said = document.createElement("p");
      said.className = "message bad";
      said.setAttribute("role", "alert");
      said.textContent = failed;
      form.before(said);
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  });
}
