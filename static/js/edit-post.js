/**
 * The page that edits a post: slides change places by their buttons and by dragging, without the page going away, and
 * leaving it asks while something is not saved. The order of the slides in the page is the order that is sent.
 * Without JavaScript each button brings the page back with the slide moved and everything that was typed.
 */
const form = document.querySelector("form[data-unsaved]");
const list = document.querySelector("[data-reorder]");

if (list && list.children.length > 1) reorder();
if (form) watch();

function reorder() {
  const slides = () => [...list.children];

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reorder-step]");
    if (!button) return;
    event.preventDefault();
    const slide = button.closest("li");
    const step = Number(button.dataset.reorderStep);
    if (!place(slide, slides().indexOf(slide) + step)) return;
    // Moving an element in the page takes its focus.
    (button.disabled ? slide.querySelector(`[data-reorder-step="${-step}"]`) : button).focus();
  });

  /**
   * Moves `slide` to position `to`, renumbers all slides and announces it. Returns false if there is no such position.
   */
  function place(slide, to) {
    const others = slides().filter((one) => one !== slide);
    if (to < 0 || to > others.length) return false;
    const from = slides().indexOf(slide);
    list.insertBefore(slide, others[to] ?? null);
    slides().forEach(number);
    const which = `${capitalized(slide.dataset.noun)} ${from + 1}`;
    const text = `${which} is now number ${to + 1} of ${others.length + 1}. Not saved yet.`;
    document.querySelector("[data-reorder-status]").textContent = text;
    form.dispatchEvent(new Event("change"));
    return true;
  }

  function number(slide, index) {
    for (const element of slide.querySelectorAll("[data-reorder-number]")) element.textContent = String(index + 1);
    for (const button of slide.querySelectorAll("[data-reorder-step]")) {
      const isUp = button.dataset.reorderStep === "-1";
      button.setAttribute("aria-label", `Move ${slide.dataset.noun} ${index + 1} ${isUp ? "up" : "down"}`);
      button.disabled = index === (isUp ? 0 : list.children.length - 1);
    }
  }

  let dragged = null;
  for (const slide of slides()) {
    slide.draggable = true;
    // Text in the field can be selected with the mouse.
    const box = slide.querySelector("textarea");
    box.addEventListener("pointerdown", () => (slide.draggable = false));
    box.addEventListener("blur", () => (slide.draggable = true));
  }
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("li");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    dragged.dataset.dragged = "";
  });
  list.addEventListener("dragover", (event) => {
    if (!dragged) return;
    event.preventDefault();
    const over = event.target.closest?.("li");
    if (over && over !== dragged) place(dragged, slides().indexOf(over));
  });
  list.addEventListener("drop", (event) => {
    if (dragged) event.preventDefault();
  });
  list.addEventListener("dragend", () => {
    if (dragged) delete dragged.dataset.dragged;
    dragged = null;
  });
}

function watch() {
  const typed = () => new URLSearchParams(new FormData(form)).toString();
  const saved = "unsavedNow" in form.dataset ? null : typed();
  const warn = (event) => event.preventDefault();
  // Only while there is something to lose: the listener keeps some browsers from restoring the page on Back.
  const check = () => {
    if (typed() === saved) removeEventListener("beforeunload", warn);
    else addEventListener("beforeunload", warn);
  };
  form.addEventListener("input", check);
  form.addEventListener("change", check);
  form.addEventListener("submit", () => removeEventListener("beforeunload", warn));
  // A browser fills fields in again on Back without an input event.
  addEventListener("pageshow", check);
  check();
}

const capitalized = (word) => word[0].toUpperCase() + word.slice(1);
