/**
 * Notifications. From 768 px on, the rail's link opens them in a panel; seen notifications are marked as read, and the
 * badge disappears. Without this module the link leads to the page, where a button marks them.
 */
import { csrfToken, make, onContent } from "./dom.js";

const SEEN_AFTER_MS = 1_500;
const wide = matchMedia("(min-width: 768px)");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[data-panel="notifications"]');
  if (!link || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (link.getAttribute("aria-current") === "page") return;
  event.preventDefault();
  open(link.href);
});

async function open(url) {
  const list = make(
    "div",
    { class: "panel-list", "aria-busy": "true" },
    make("p", { class: "panel-wait", role: "status" }, "Loading…"),
  );
  const close = make(
    "button",
    { type: "button", class: "icon-button panel-close", "aria-label": "Close", "data-close-dialog": true },
    "×",
  );
  const dialog = make(
    "dialog",
    { class: "panel", "aria-labelledby": "panel-title" },
    make(
      "div",
      { class: "panel-inside" },
      make(
        "header",
        { class: "panel-header" },
        make("h2", { id: "panel-title" }, "Notifications"),
        make("a", { class: "panel-all", href: url }, "See all"),
        close,
      ),
      list,
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const answer = await fetch(url, {
      headers: { "HX-Request": "true", Accept: "text/html" },
      credentials: "same-origin",
    });
    if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
    await window.htmx.swap({ sourceElement: list, target: list, swap: "innerHTML", text: await answer.text() });
    list.removeAttribute("aria-busy");
  } catch {
    location.assign(url);
  }
}

onContent("form[data-mark-read]", (form) => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    mark(form);
  });
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    setTimeout(() => form.isConnected && mark(form), SEEN_AFTER_MS);
  });
  watch.observe(form);
});

/**
 * Failures are silent, because the next visit marks them. The rows keep their highlight, so that people see the new
 * ones.
 */
async function mark(form) {
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-CSRFToken": csrfToken(form), "HX-Request": "true" },
      credentials: "same-origin",
    });
    if (!answer.ok) return;
    const count = (await answer.text()).trim();
    for (const badge of document.querySelectorAll("[data-badge]")) {
      badge.hidden = count === "";
      badge.firstElementChild.textContent = count;
      badge.lastElementChild.textContent = `, ${count} new`;
    }
    form.hidden = true;
  } catch {
    // Offline: the button is still there.
  }
}
