/**
 * Explore and the home page, `[data-seen-url]`: reports the posts that were in view for a second, so that next time
 * other posts come first. Reports are batched and also sent when the page is left. Without it their order stays as it
 * is.
 * The address keeps the walk's start, so that Back and a shared history entry show the same tiles in the same order; a
 * reload begins a new walk.
 */
import { csrfToken, onContent } from "./dom.js";

const IN_VIEW_MS = 1_000;
const REPORT_EVERY_MS = 4_000;
const MAX_PER_REPORT = 50;

const waiting = new Set();
const timers = new Map();
let url = "";
let nextReport = 0;

onContent("[data-walk]", (grid) => {
  const address = new URL(location.href);
  const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
  if (!address.searchParams.has("cursor")) {
    address.searchParams.set("cursor", grid.dataset.walk);
    history.replaceState(history.state, "", address);
  } else if (isReload) {
    address.searchParams.delete("cursor");
    location.replace(address);
  }
});

const watch = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting && !document.hidden)
        timers.set(
          target,
          setTimeout(() => seen(target), IN_VIEW_MS),
        );
      else timers.delete(target);
    }
  },
  { threshold: 0.5 },
);

onContent("[data-seen-url] :is(.tile, .post-card)[data-post]", (tile) => {
  url ||= tile.closest("[data-seen-url]").dataset.seenUrl;
  watch.observe(tile);
});

function seen(tile) {
  timers.delete(tile);
  watch.unobserve(tile);
  waiting.add(tile.dataset.post);
  nextReport ||= setTimeout(report, REPORT_EVERY_MS);
}

function report() {
  clearTimeout(nextReport);
  nextReport = 0;
  const posts = [...waiting].slice(0, MAX_PER_REPORT);
  if (!posts.length) return;
  for (const post of posts) waiting.delete(post);
  if (waiting.size) nextReport = setTimeout(report, REPORT_EVERY_MS);
  const body = new URLSearchParams(posts.map((post) => ["post", post]));
  // A report that fails only means that these posts keep their place.
  fetch(url, { method: "POST", body, keepalive: true, headers: { "X-CSRFToken": csrfToken() } }).catch(() => {});
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return;
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  report();
});
addEventListener("pagehide", report);
