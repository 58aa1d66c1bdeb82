/**
 * Forms: after an error the first invalid field gets the focus, also in a fragment; a plain form is sent only once; a
 * chosen avatar is previewed.
 *
 * Without JavaScript the server shows the same messages, and repeated requests are harmless.
 */
import { onContent } from "./dom.js";

const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  // Buttons all over the page share one form, each with its own address.
  const key = event.submitter?.hasAttribute("formaction") ? event.submitter : form;
  if (sent.has(key)) {
    event.preventDefault();
    return;
  }
  sent.add(key);
  event.submitter?.setAttribute("aria-disabled", "true");
  // A page kept for Back must not keep the lock; nor must a download or a broken connection.
  setTimeout(() => release(form, key), 8_000);
});

addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form")) release(form, form);
});

function release(form, key) {
  sent.delete(key);
  for (const button of form.elements) {
    if (button.type !== "submit" || button.getAttribute("aria-disabled") !== "true") continue;
    sent.delete(button);
    button.removeAttribute("aria-disabled");
  }
}

const firstInvalid = document.querySelector('form [aria-invalid="true"]:not([type="hidden"])');
if (firstInvalid && (!document.activeElement || document.activeElement === document.body)) firstInvalid.focus();

document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx?.response?.status !== 422) return;
  const root = event.target.closest?.("form") ?? event.target;
  root.querySelector?.('[aria-invalid="true"]:not([type="hidden"])')?.focus();
});

onContent("input[type=file][data-preview]", (input) => {
  const canvas = document.getElementById(input.dataset.preview);
  if (!canvas) return;
  const sliders = input.form.querySelector("[data-avatar-crop]");
  let picture = null;
  const button = input.form.querySelector("[data-file-button]");
  const name = input.form.querySelector("[data-file-name]");
  if (button && name) {
    // The label opens the field by itself; the browser's own button and its cut-off name go.
    button.classList.add("button");
    input.classList.add("visually-hidden");
  }
  input.addEventListener("change", async () => {
    if (name) name.textContent = input.files?.[0]?.name ?? "";
    const file = input.files?.[0];
    picture?.close();
    // Browsers cannot show all formats that the site accepts.
    picture = file?.type.startsWith("image/") ? await createImageBitmap(file).catch(() => null) : null;
    canvas.hidden = sliders.hidden = !picture;
    for (const slider of sliders.querySelectorAll("input")) slider.value = slider.defaultValue;
    drawSquare(canvas, picture, sliders);
  });
  sliders.addEventListener("input", () => drawSquare(canvas, picture, sliders));
});

/** Draw the chosen square of `picture`, as media/edit/square.py cuts it. */
function drawSquare(canvas, picture, sliders) {
  if (!picture) return;
  const [x, y, zoom] = [...sliders.querySelectorAll("input")].map((slider) => slider.valueAsNumber);
  const shorter = Math.min(picture.width, picture.height);
  const side = Math.max(Math.min(40, shorter), Math.round((shorter * 100) / zoom));
  const left = Math.floor(((picture.width - side) * x) / 100);
  const top = Math.floor(((picture.height - side) * y) / 100);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
}
