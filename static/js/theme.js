/**
 * Theme: light, dark, or like the system. `form[data-theme-form]` changes the page at once and tells the server, which
 * stores the theme in a cookie. Without JavaScript the form is submitted and the page reloads.
 */
import { csrfToken } from "./dom.js";
import { reason } from "./failures.js";
import { toast } from "./toasts.js";

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches?.("form[data-theme-form]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const chosen = event.submitter?.name === "theme" ? event.submitter.value : new FormData(form).get("theme");
    if (chosen) choose(form, chosen);
  },
  true,
);

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-theme-form]");
  if (form && event.target.name === "theme") choose(form, event.target.value);
});

async function choose(form, theme) {
  const before = document.documentElement.dataset.theme ?? "system";
  apply(theme);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { "HX-Request": "true", "X-CSRFToken": csrfToken(form) },
      body: new URLSearchParams({ theme }),
      keepalive: true,
      credentials: "same-origin",
    });
    if (!response.ok) throw Object.assign(new Error("refused"), { status: response.status });
  } catch (error) {
    apply(before);
    toast(`Couldn’t save the theme. ${reason(error.status ?? 0)}`, "error");
  }
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
  for (const control of document.querySelectorAll('form[data-theme-form] [name="theme"]')) {
    if (control.type === "radio") control.checked = control.value === theme;
    else control.setAttribute("aria-pressed", String(control.value === theme));
  }
}
