/**
 * The search box as a combobox.
 *
 * Suggestions appear after a pause in typing; newer requests cancel older ones. The arrow keys move through the
 * options, Enter opens one or searches for the words, Esc closes the list. The number of options is announced. Opened
 * results are added to the recent searches. Without JavaScript the form leads to the results.
 */

const PAUSE_MS = 150;

const form = document.querySelector("form[data-search]");
const box = form?.querySelector("[data-suggest]");
if (box) combine();

function combine() {
  const list = document.querySelector("#search-suggestions");
  const results = document.querySelector("[data-search-results]");
  const status = document.querySelector("[data-search-status]");
  let timer;
  let asked;

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-haspopup", "listbox");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", "search-options");

  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => list.querySelector("[aria-selected=true]");

  function choose(option) {
    active()?.setAttribute("aria-selected", "false");
    if (!option) return box.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  }

  function show(html) {
    list.innerHTML = html;
    const count = options().length;
    list.hidden = count === 0;
    results.hidden = count > 0;
    box.setAttribute("aria-expanded", String(count > 0));
    choose(null);
    // The last one is the search for the words themselves.
    status.textContent =
      count > 1 ? `${count - 1} ${count === 2 ? "suggestion" : "suggestions"}` : count ? "No suggestions" : "";
  }

  async function suggest() {
    asked?.abort();
    const words = box.value.trim();
    if (!words) return show("");
    asked = new AbortController();
    const { signal } = asked;
    try {
      const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(words)}`, {
        signal,
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
      });
      if (answer.ok && !signal.aborted) show(await answer.text());
    } catch {
      // Outrun, or offline: the form still searches.
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    asked?.abort();
    timer = setTimeout(suggest, PAUSE_MS);
  });

  box.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const all = options();
    const at = all.indexOf(active());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (all.length === 0) return;
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? all.length - 1 : at - 1;
      // Past either end is the box itself.
      choose(all[next] ?? null);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      all[at].click();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      show("");
    }
  });

  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    const body = new FormData(form);
    body.set("q", option.dataset.words);
    // On its way while the page goes; when it is lost, one search less is remembered.
    fetch(form.action, {
      method: "POST",
      body,
      keepalive: true,
      headers: { "HX-Request": "true" },
      credentials: "same-origin",
    }).catch(() => {});
  });

  form.addEventListener("submit", () => {
    clearTimeout(timer);
    asked?.abort();
  });
}
