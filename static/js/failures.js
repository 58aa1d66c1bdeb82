/**
 * Shows a message when an htmx request fails.
 *
 * The page keeps its content and the typed texts, because error pages (4xx and 5xx) are not swapped in. Requests from
 * `[data-quiet]` (polling, further pages, checks while typing) fail silently. Without JavaScript the browser shows the
 * server's error page.
 */
import { toast } from "./toasts.js";

/** Returns the reason of a failed request and a remedy. Status 0 means that there was no response. */
export function reason(status) {
  if (status === 0) return navigator.onLine === false ? "You’re offline." : "Check your connection and try again.";
  if (status === 403) return "Reload the page and try again.";
  if (status === 404 || status === 410) return "It’s no longer available.";
  if (status === 413) return "It’s too large.";
  if (status === 429) return "Slow down a moment and try again.";
  if (status >= 500) return "Something went wrong on our side. Try again in a moment.";
  return "Try again.";
}

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx?.response?.status ?? 0;
  if (status === 422 || isQuiet(event)) return;
  toast(`That didn’t work. ${reason(status)}`, "error");
});

document.addEventListener("htmx:error", (event) => {
  // Errors without a request are faults of the page's own markup: the console has them.
  if (!event.detail.ctx?.request || event.detail.ctx.response || isQuiet(event)) return;
  toast(`That didn’t work. ${reason(0)}`, "error");
});

function isQuiet(event) {
  const source = event.detail.ctx?.sourceElement ?? event.target;
  return Boolean(source?.closest?.("[data-quiet]"));
}
