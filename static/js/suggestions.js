/** Fetches suggestions from the search: the same HTML that its own combobox shows. */

/**
 * Resolves to the option elements of `kind` ("people" or "tags") that match `typed`. Rejects if there is no response or
 * `signal` aborts.
 */
export async function fetchSuggestions(kind, typed, signal) {
  const url = new URL(document.body.dataset.suggestUrl, location.href);
  url.search = new URLSearchParams({ only: kind, q: typed });
  const response = await fetch(url, { signal, headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  signal?.throwIfAborted();
  return [...page.querySelectorAll(`[data-kind="${kind}"] [role="option"]`)];
}
