/**
 * The comment box, `form[data-comment-form]`.
 *
 * The button is disabled until there is text, Enter sends, the box grows with its text, and it keeps the focus after a
 * comment. htmx sends the form; the text stays if that fails. `[data-reply]` makes the box reply to a comment and
 * inserts the name. In cards, `[data-comment-opener]` becomes the box when it is pressed.
 * Without JavaScript the form is submitted, and the server rejects an empty comment; cards have a link to the post.
 */
import { onContent } from "./dom.js";
import { copyFor } from "./post-menus.js";

const MAX_HEIGHT_PX = 160;

onContent("form[data-comment-form]", (form) => {
  const box = form.querySelector("textarea");
  if (box) update(form, box);
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-comment-opener]");
  const template = document.getElementById("comment-form");
  // The copy has no token, which only htmx sends along; without it, the link leads to the comments.
  if (!opener || !template || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const copy = copyFor(opener.closest("[data-post]"), template);
  const form = copy.querySelector("form");
  form.elements.form_key.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
  opener.replaceWith(copy);
  window.htmx.process(form);
  form.elements.text.focus();
});

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-comment-form]");
  if (form && event.target.matches("textarea")) update(form, event.target);
});

// A browser fills boxes in again on Back without an input event.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-comment-form]")) {
    const box = form.querySelector("textarea");
    if (box) update(form, box);
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-reply], [data-reply-cancel]");
  const form = link?.closest("[data-post]")?.querySelector("form[data-comment-form]");
  if (!form || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  replyTo(form, link.dataset.reply ?? "", link.dataset.replyName ?? "");
  link.closest(".comment-line")?.scrollIntoView({ block: "nearest" });
});

/** Makes the box one for a reply to the comment `id` of `name`, or with "" for a comment of its own again. */
function replyTo(form, id, name) {
  const box = form.querySelector("textarea");
  const shown = form.querySelector("[data-replying-name]");
  const before = shown.textContent ? `@${shown.textContent} ` : "";
  const typed = before && box.value.startsWith(before) ? box.value.slice(before.length) : box.value;
  form.elements.parent.value = id;
  shown.textContent = name;
  form.querySelector("[data-replying]").hidden = !id;
  box.value = id ? `@${name} ${typed}` : typed;
  update(form, box);
  // A visible box, such as the sticky one on phones, must not scroll the comment away.
  const { top, bottom } = box.getBoundingClientRect();
  box.focus({ preventScroll: top >= 0 && bottom <= innerHeight });
  box.setSelectionRange(box.value.length, box.value.length);
}

/** Enter sends and Shift + Enter inserts a line break, but only with a physical keyboard. */
const enterSends = matchMedia("(hover: hover) and (pointer: fine)");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (!enterSends.matches && !event.ctrlKey && !event.metaKey) return;
  const form = event.target.closest?.("form[data-comment-form]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector('button[type="submit"]');
  if (button && !button.disabled) form.requestSubmit(button);
});

document.addEventListener("htmx:after:swap", (event) => {
  const source = event.detail.ctx?.sourceElement;
  const sent = event.detail.ctx?.request?.form ?? source;
  if (!sent?.matches?.("form[data-comment-form]") && !source?.matches?.("form[data-comment-form]")) return;
  if (document.activeElement && document.activeElement !== document.body) return;
  const form = source?.isConnected && source.matches("form[data-comment-form]") ? source : sameForm(sent);
  form?.querySelector("textarea")?.focus({ preventScroll: true });
});

function sameForm(form) {
  const action = form.getAttribute("action");
  return [...document.querySelectorAll("form[data-comment-form]")].find(
    (other) => other.getAttribute("action") === action,
  );
}

function update(form, box) {
  const button = form.querySelector('button[type="submit"]');
  if (button) button.disabled = box.value.trim() === "";
  if (!CSS.supports("field-sizing", "content")) {
    box.style.setProperty("height", "auto");
    box.style.setProperty("height", `${Math.min(box.scrollHeight, MAX_HEIGHT_PX)}px`);
  }
}
