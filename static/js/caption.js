/**
 * Long captions: `.caption[data-clamp]` that CSS cuts gets its "more" button only where something is cut.
 * Without JavaScript the button stays hidden and the post's own page shows the whole caption.
 */
import { onContent } from "./dom.js";

onContent(".caption[data-clamp]", (caption) => {
  const more = caption.querySelector("[data-more]");
  if (!more) return;
  const text = caption.querySelector("[data-clamp-text]") ?? caption;
  const fit = () => {
    if (!caption.classList.contains("open")) more.hidden = text.scrollHeight <= text.clientHeight + 1;
  };
  fit();
  new ResizeObserver(fit).observe(text);
  more.addEventListener("click", () => {
    caption.classList.add("open");
    more.hidden = true;
    text.tabIndex = -1;
    text.focus({ preventScroll: true });
  });
});
