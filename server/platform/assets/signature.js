// A signature drawn with a finger, a pen or a mouse. What is drawn goes into the field of the form as a PNG, so that one way
// leads to the server; without this file the form sends a picture that is chosen.

const box = document.querySelector("[data-signature]");
const form = box?.querySelector("form");
const input = form?.querySelector("input[type=file]");
if (input) {
  const pad = document.createElement("canvas");
  pad.className = "signature-pad";
  pad.width = 900;
  pad.height = 300;
  pad.setAttribute("role", "img");
  pad.setAttribute("aria-label", box.dataset.pad);
  const clear = document.createElement("button");
  clear.type = "button";
  clear.textContent = box.dataset.clear;
  const send = form.querySelector("button[type=submit]");
  send.textContent = box.dataset.send;
  send.disabled = true;
  input.required = false;
  input.closest(".field").hidden = true;
  form.prepend(pad);
  send.before(clear);

  const pen = pad.getContext("2d");
  pen.lineCap = pen.lineJoin = "round";
  let last = null;
  const place = (event) => {
    const bounds = pad.getBoundingClientRect();
    return [((event.clientX - bounds.left) * pad.width) / bounds.width, ((event.clientY - bounds.top) * pad.height) / bounds.height];
  };
  const draw = (event) => {
    // A finger says more often where it is than the page is drawn.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const [x, y] = place(one);
      pen.lineWidth = one.pointerType === "pen" ? 3 + 5 * one.pressure : 6;
      pen.beginPath();
      pen.moveTo(...last);
      pen.lineTo(x, y);
      pen.stroke();
      last = [x, y];
    }
    send.disabled = false;
  };
  pad.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary) return;
    pad.setPointerCapture(event.pointerId);
    last = place(event);
    draw(event);
    event.preventDefault();
  });
  pad.addEventListener("pointermove", (event) => last && event.isPrimary && draw(event));
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (last = null));
  clear.addEventListener("click", () => {
    pen.clearRect(0, 0, pad.width, pad.height);
    send.disabled = true;
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pad.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "signature.png", { type: "image/png" }));
      input.files = files.files;
      form.submit();
    }, "image/png");
  });
}
