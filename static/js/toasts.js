/**
 * Short messages in #toasts, a polite live region.
 *
 * Messages that the server rendered get a close button. They disappear after a while, but not while hovered or focused.
 * Without JavaScript they stay until the next page.
 */
import { make, onContent } from "./dom.js";

const STAY_MS = { success: 5_000, info: 6_000, error: 10_000 };
/** Messages with an undo button stay longer. */
const OFFER_MS = 20_000;
const LEAVE_MS = 250;

/** Shows `text`; the same text that is showing already is not repeated. */
export function toast(text, kind = "info") {
  const region = document.getElementById("toasts");
  if (!region) return;
  for (const shown of region.querySelectorAll(".toast")) {
    if (shown.querySelector(".toast-text")?.textContent === text) shown.remove();
  }
  region.append(make("div", { class: "toast", "data-kind": kind }, make("span", { class: "toast-text" }, text)));
}

onContent("#toasts .toast", (element) => {
  if (!element.querySelector(".toast-close")) {
    element.append(make("button", { type: "button", class: "toast-close", "aria-label": "Dismiss" }, "×"));
  }
  let timer;
  const wait = () => {
    clearTimeout(timer);
    const isOffer = element.querySelector(".toast-action") !== null;
    timer = setTimeout(() => leave(element), isOffer ? OFFER_MS : (STAY_MS[element.dataset.kind] ?? STAY_MS.info));
  };
  const hold = () => clearTimeout(timer);
  element.addEventListener("pointerenter", hold);
  element.addEventListener("focusin", hold);
  element.addEventListener("pointerleave", wait);
  element.addEventListener("focusout", wait);
  wait();
});

document.addEventListener("click", (event) => {
  const element = event.target.closest?.(".toast-close")?.closest(".toast");
  if (element) leave(element);
});

function leave(element) {
  element.dataset.leaving = "";
  setTimeout(() => element.remove(), LEAVE_MS);
}
