/**
 * Completes names and tags in comments and captions.
 *
 * After @ or # and the beginning of a word, a list of matching people or tags opens. The arrow keys move through it,
 * Enter or Tab inserts an option, Esc or a tap elsewhere closes it. Without this module people type names and tags in
 * full.
 */
import { make } from "./dom.js";
import { placeFixed } from "./popover.js";
import { fetchSuggestions } from "./suggestions.js";

const PAUSE_MS = 150;
const BOXES = 'form[data-comment-form] textarea, .comment-edit textarea, textarea[name="caption"]';
const KINDS = {
  people: { word: /(?<![\p{L}\p{N}_@/.])[@＠]([A-Za-z0-9._]{1,30})$/u, mark: "@", label: "People" },
  tags: { word: /(?<![\p{L}\p{N}\p{M}_&/#])[#＃]([\p{L}\p{N}\p{M}_]{1,100})$/u, mark: "#", label: "Tags" },
};

/** The list that is open: {box, list, status, kind, typed, at}, or null. */
let shown = null;
let timer;
let asked;

document.addEventListener("input", (event) => {
  if (!event.target.matches?.(BOXES) || event.isComposing) return;
  const box = event.target;
  clearTimeout(timer);
  asked?.abort();
  const found = wordBefore(box);
  if (!found) close();
  else timer = setTimeout(() => offer(box, found), PAUSE_MS);
});

/** Returns the name or tag being typed before the cursor as {kind, typed}, or null. */
function wordBefore(box) {
  if (box.selectionStart !== box.selectionEnd) return null;
  const before = box.value.slice(0, box.selectionStart);
  for (const [kind, { word }] of Object.entries(KINDS)) {
    const found = word.exec(before);
    if (found) return { kind, typed: found[1] };
  }
  return null;
}

async function offer(box, { kind, typed }) {
  asked = new AbortController();
  const { signal } = asked;
  try {
    const options = await fetchSuggestions(kind, typed, signal);
    if (document.activeElement === box && options.length) open(box, kind, typed, options);
    else close();
  } catch {
    // Aborted by the next letter, or offline. People can type the word in full.
  }
}

function open(box, kind, typed, found) {
  close();
  const list = make("div", {
    class: "completion",
    role: "listbox",
    id: "completion",
    popover: "manual",
    "aria-label": KINDS[kind].label,
  });
  for (const [at, option] of found.entries()) {
    const value = option.dataset.words.replace(/^#/, "");
    list.append(
      make(
        "div",
        { class: "option", role: "option", id: `completion-${at}`, "aria-selected": "false", "data-value": value },
        ...option.childNodes,
      ),
    );
  }
  const status = make("span", { class: "visually-hidden", role: "status" });
  box.after(list, status);
  list.showPopover?.();
  status.textContent = `${found.length} ${found.length === 1 ? "suggestion" : "suggestions"}`;
  for (const [name, value] of [
    ["aria-autocomplete", "list"],
    ["aria-haspopup", "listbox"],
    ["aria-controls", "completion"],
  ])
    box.setAttribute(name, value);
  shown = { box, list, status, kind, typed, at: -1 };
  // Enter must not replace a complete username, nor a tag, which may be new.
  const isWhole = [...list.children].some((option) => option.dataset.value === typed.toLowerCase());
  if (kind === "people" && !isWhole) choose(0);
  placeFixed(list, box);
  // A tap must not move the focus, which would close a phone's keyboard.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => take(event.target.closest("[role=option]")));
}

function close() {
  clearTimeout(timer);
  if (!shown) return;
  for (const name of ["aria-autocomplete", "aria-haspopup", "aria-controls", "aria-activedescendant"])
    shown.box.removeAttribute(name);
  shown.list.remove();
  shown.status.remove();
  shown = null;
}

function choose(at) {
  const options = [...shown.list.children];
  options[shown.at]?.setAttribute("aria-selected", "false");
  shown.at = (at + options.length) % options.length;
  const option = options[shown.at];
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  shown.box.setAttribute("aria-activedescendant", option.id);
}

/** Replaces the typed text with the value of `option` and a space. */
function take(option) {
  if (!option || !shown) return;
  const { box, kind, typed } = shown;
  const end = box.selectionStart;
  close();
  box.setRangeText(`${KINDS[kind].mark}${option.dataset.value} `, end - typed.length - 1, end, "end");
  box.focus();
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// Capture phase: these keys must not reach the handlers that send a comment or close a dialog.
document.addEventListener(
  "keydown",
  (event) => {
    if (!shown || event.target !== shown.box || event.isComposing || event.altKey || event.ctrlKey || event.metaKey)
      return;
    const option = shown.list.children[shown.at];
    if (event.key === "ArrowDown") choose(shown.at + 1);
    else if (event.key === "ArrowUp") choose(shown.at < 0 ? -1 : shown.at - 1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && option && !event.shiftKey) take(option);
    else {
      if (event.key === "Enter" || event.key === "Tab") close();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("focusout", (event) => {
  if (shown && event.target === shown.box) close();
});
for (const name of ["scroll", "resize"]) {
  const again = (event) => shown && event.target !== shown.list && placeFixed(shown.list, shown.box);
  addEventListener(name, again, { capture: true, passive: true });
}
