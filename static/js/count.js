/**
 * Counters under text fields with data-max-graphemes: characters as people count them (a family emoji is one), as the
 * server does. In comment boxes, and with data-counter-quiet, they show only near the end.
 * Without JavaScript the server says when a text is too long and keeps it.
 */
import { make, onContent } from "./dom.js";

const NEAR = 0.9;
const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter("en", { granularity: "grapheme" }) : null;

export function graphemes(text) {
  const plain = text.replace(/\r\n/g, "\n").trim();
  if (!segmenter) return [...plain].length;
  let count = 0;
  for (const _ of segmenter.segment(plain)) count += 1;
  return count;
}

onContent("[data-max-graphemes]", update);

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-max-graphemes]")) update(event.target);
});

document.addEventListener("reset", (event) => {
  setTimeout(() => event.target.querySelectorAll?.("[data-max-graphemes]").forEach(update));
});

/** Shows the count; screen readers hear it through the description of the field, and aloud only near the end. */
export function update(field) {
  const most = Number(field.dataset.maxGraphemes);
  const used = graphemes(field.value);
  const counter = counterOf(field);
  if (!counter) return;
  counter.textContent = `${used.toLocaleString("en-GB")} / ${most.toLocaleString("en-GB")}`;
  counter.toggleAttribute("data-over", used > most);
  counter.hidden = used < most * NEAR && field.matches("[data-counter-quiet], [data-comment-form] *");
  counter.setAttribute("aria-live", used >= most * NEAR ? "polite" : "off");
  if (used > most) field.setAttribute("aria-invalid", "true");
  else if (field.dataset.over !== undefined) field.removeAttribute("aria-invalid");
  field.toggleAttribute("data-over", used > most);
}

function counterOf(field) {
  if (!field.id) return null;
  let counter = document.querySelector(`[data-counter-for="${CSS.escape(field.id)}"]`);
  if (!counter) {
    counter = make("span", { class: "counter", "data-counter-for": field.id, id: `${field.id}_counter` });
    field.after(counter);
  }
  counter.id ||= `${field.id}_counter`;
  const described = (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter(Boolean);
  if (!described.includes(counter.id)) field.setAttribute("aria-describedby", [...described, counter.id].join(" "));
  return counter;
}
