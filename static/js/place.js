/**
 * Back returns to the same place in a list that has grown by scrolling, also when the browser did not keep the page:
 * the post at the top of the window is remembered for the tab, and the list is fetched again down to it.
 * Without JavaScript lists are pages with links, and the browser keeps the place by itself.
 */
const MAX_PAGES = 40;
const KEY = "place";

const LIST = ".feed, .grid";

addEventListener("pagehide", remember);
document.addEventListener("visibilitychange", () => document.hidden && remember());
const address = () => location.pathname + location.search;

/** One entry for each list visited in this tab; sessionStorage ends with the tab. */
function places() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

function remember() {
  const posts = [...document.querySelectorAll(`:is(${LIST}) [data-post]`)];
  const top = posts.find((post) => post.getBoundingClientRect().bottom > 0);
  if (!top) return;
  const { [address()]: _, ...others } = places();
  const kept = Object.entries(others).slice(-19);
  kept.push([address(), { post: top.dataset.post, offset: top.getBoundingClientRect().top }]);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // Storage is full or switched off: Back then shows the top of the list.
  }
}

async function restore() {
  const place = places()[address()];
  const list = document.querySelector(LIST);
  if (!place || !list) return;
  history.scrollRestoration = "manual";
  const find = () => list.querySelector(`[data-post="${CSS.escape(place.post)}"]`);
  let wasMoved = false;
  const moved = () => (wasMoved = true);
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"])
    addEventListener(kind, moved, { once: true, passive: true });
  list.setAttribute("aria-busy", "true");
  for (let page = 0; !find() && page < MAX_PAGES && !wasMoved; page += 1) {
    const link = list.querySelector(".more-link");
    if (!link || !(await grow(link))) break;
  }
  list.removeAttribute("aria-busy");
  const post = find();
  if (post && !wasMoved) scrollBy({ top: post.getBoundingClientRect().top - place.offset, behavior: "instant" });
}

/** Replaces the link by the next page; returns whether there was one. */
async function grow(link) {
  const response = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || response.redirected || !link.isConnected) return false;
  const added = document.createElement("template");
  added.innerHTML = await response.text();
  const nodes = [...added.content.children];
  link.replaceWith(added.content);
  for (const node of nodes) window.htmx?.process(node);
  return true;
}

// A page that the browser kept does not run its scripts again.
if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") restore();
