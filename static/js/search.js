/**
 * Search as you type: htmx fetches the results (the attributes are on `form[data-search]`), this module adds the
 * keyboard (down and up go through the results, Enter opens, Esc returns to the box), says how many there are, and keeps
 * the words in the address so that reload and Back find them. Without JavaScript the form leads to the results page.
 */

const results = (form) => document.querySelector(form.getAttribute("hx-target") ?? "[data-search-results]");

document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp", "Escape"].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
  const form = document.querySelector("form[data-search]");
  const box = form?.querySelector('input[type="search"]');
  const list = form && results(form);
  if (!box || !list) return;
  const inBox = event.target === box;
  if (!inBox && !list.contains(event.target)) return;
  const links = [...list.querySelectorAll("a[href]")].filter((link) => link.tabIndex >= 0 && link.offsetParent !== null);
  if (event.key === "Escape") {
    if (inBox) return;
    event.preventDefault();
    box.focus();
    return;
  }
  if (links.length === 0) return;
  event.preventDefault();
  const at = links.indexOf(document.activeElement?.closest?.("a[href]"));
  const next = at + (event.key === "ArrowDown" ? 1 : -1);
  if (inBox) {
    if (event.key === "ArrowDown") links[0].focus();
  } else if (next < 0) box.focus();
  else links[Math.min(next, links.length - 1)].focus();
});

document.addEventListener("htmx:after:swap", (event) => {
  const form = event.detail.ctx?.sourceElement?.closest?.("form[data-search]") ?? null;
  if (!form) return;
  const list = results(form);
  const box = form.querySelector('input[type="search"]');
  const status = document.querySelector("[data-search-status]");
  const words = box?.value.trim() ?? "";
  if (status && list) {
    const summary = list.dataset.summary ?? list.querySelector("[data-summary]")?.dataset.summary;
    const found = list.querySelectorAll("a[href]").length;
    status.textContent = words === "" ? "" : (summary ?? (found ? `${found} results` : "No results"));
  }
  const url = new URL(form.getAttribute("action") ?? location.pathname, location.href);
  if (url.pathname !== location.pathname) return;
  if (words) url.searchParams.set("q", words);
  history.replaceState(history.state, "", url);
});
