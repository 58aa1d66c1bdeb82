/** Helpers for several modules: new content, the CSRF token, icons, compact counts. */

const starters = [];

/** Calls `start(element)` once for each element that matches `selector`, now or when it is inserted later. */
export function onContent(selector, start) {
  const starter = { selector, start, seen: new WeakSet() };
  starters.push(starter);
  run(starter, document.documentElement);
}

function run({ selector, start, seen }, root) {
  const found = [...root.querySelectorAll(selector)];
  if (root.matches(selector)) found.unshift(root);
  for (const element of found) {
    if (seen.has(element)) continue;
    seen.add(element);
    start(element);
  }
}

new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE || !node.isConnected) continue;
      for (const starter of starters) run(starter, node);
    }
  }
}).observe(document.documentElement, { childList: true, subtree: true });

const scripted = new WeakMap();

/**
 * Shows or hides `element` permanently. When htmx morphs new HTML into the page it keeps elements but applies the
 * server's attributes, which would revert the change.
 */
export function setShown(element, isShown) {
  element.hidden = !isShown;
  scripted.set(element, (scripted.get(element) ?? new Set()).add("hidden"));
}

// htmx asks extensions, and sends no event, before it morphs an attribute; false leaves it as it is.
window.htmx?.registerExtension("scripted", {
  htmx_before_morph_attr(element, { attrName }) {
    // Whether a menu is open is up to the person, not to the server.
    const isOpenMenu = attrName === "open" && element.matches("details");
    return !isOpenMenu && !scripted.get(element)?.has(attrName);
  },
});

/** The token of the form, else the page's own, which body hands to htmx in its headers. */
export function csrfToken(form) {
  const field =
    form?.querySelector('input[name="csrfmiddlewaretoken"]') ??
    document.querySelector('input[name="csrfmiddlewaretoken"]');
  if (field) return field.value;
  try {
    return JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}")["X-CSRFToken"] ?? "";
  } catch {
    return "";
  }
}

/** An icon of the stylesheet, which screen readers pass over. */
export const icon = (name) => make("i", { class: `icon i-${name}` });

/** 1,204, then 12.4K, then 3.1M: cut, not rounded, as the server writes them. */
export function compact(number) {
  for (const [unit, size] of [
    ["B", 1e9],
    ["M", 1e6],
    ["K", 1e3],
  ]) {
    if (number >= size && number >= 10_000) {
      const tenths = Math.floor((number * 10) / size);
      return tenths % 10 === 0 || tenths >= 1_000
        ? `${Math.floor(tenths / 10)}${unit}`
        : `${(tenths / 10).toFixed(1)}${unit}`;
    }
  }
  return number.toLocaleString("en-GB");
}

/** Makes an element: `make("button", {type: "button", class: "x"}, "text", child)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
