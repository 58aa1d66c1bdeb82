/**
 * Leaving an unshared post: a link asks whether to keep the draft or to discard it; the browser itself asks only while
 * something would be lost or interrupted.
 */
import { choose } from "../dialogs.js";

/**
 * `isDirty()` returns whether there is a post, `isSafe()` whether leaving now loses nothing, `isGone()` whether the
 * page is being left already; `leave(url, {discard})` leaves it. Returns a function to call after every change.
 */
export function guardLeaving({ isDirty, isSafe, isGone, leave }) {
  // Capture: before htmx or anybody else follows the link.
  document.addEventListener(
    "click",
    async (event) => {
      const link = event.target.closest?.("a[href]");
      if (!link || isGone() || !isDirty() || event.defaultPrevented || event.button !== 0) return;
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || (link.target && link.target !== "_self"))
        return;
      const url = new URL(link.href, location.href);
      if (url.origin !== location.origin || (url.pathname === location.pathname && url.hash)) return;
      event.preventDefault();
      event.stopPropagation();
      const chosen = await choose({
        title: "Leave this post?",
        text: "Save it as a draft on this device, or discard it for good.",
        choices: [
          { value: "keep", label: "Save draft" },
          { value: "discard", label: "Discard", danger: true },
          { value: "stay", label: "Keep editing", safe: true },
        ],
      });
      if (chosen === "keep" || chosen === "discard") leave(url.href, { discard: chosen === "discard" });
    },
    true,
  );

  const warn = (event) => event.preventDefault();
  return () => {
    // Only while there is something to lose: the listener keeps some browsers from restoring the page on Back.
    if (isGone() || isSafe()) removeEventListener("beforeunload", warn);
    else addEventListener("beforeunload", warn);
  };
}
