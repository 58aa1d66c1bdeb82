/**
 * Says in words when an htmx request failed; the page keeps what it showed and what was typed (the server's 4xx and
 * 5xx pages are not swapped in). Elements in [data-quiet] (polling, further pages, checks as you type) say nothing.
 * Without JavaScript the browser shows the server's own error page.
 */
import { toast } from "./toasts.js";

/** Why a request failed and what to do, for a person; status 0 is no answer at all. */
export function reason(status) {
  if (status === 0) return navigator.onLine === false ? "You are offline." : "Check your connection and try again.";
  if (status === 403) return "Reload the page and try again.";
  if (status === 404 || status === 410) return "It is no longer there.";
  if (status === 413) return "That is too large.";
  if (status === 429) return "You are doing that too often. Wait a moment and try again.";
  if (status >= 500) return "Something went wrong on our side. Try again in a moment.";
  return "Try again.";
}

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx?.response?.status ?? 0;
  if (status === 422 || isQuiet(event)) return;
  toast(`That did not work. ${reason(status)}`, "error");
});

document.addEventListener("htmx:error", (event) => {
  // Errors without a request are faults of the page's own markup: the console has them.
  if (!event.detail.ctx?.request || event.detail.ctx.response || isQuiet(event)) return;
  toast(`That did not work. ${reason(0)}`, "error");
});

function isQuiet(event) {
  const source = event.detail.ctx?.sourceElement ?? event.target;
  return Boolean(source?.closest?.("[data-quiet]"));
}
