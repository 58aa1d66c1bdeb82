/**
 * Several photos of one post: `.carousel` with a scrolling `.carousel-track`. Adds arrows, dots that are buttons,
 * "2/5", and the arrow keys. Without JavaScript the track scrolls and snaps by touch, wheel and keyboard.
 */
import { icon, make, onContent, prefersStillness } from "./dom.js";

onContent(".carousel", (carousel) => {
  const track = carousel.querySelector(".carousel-track");
  const total = track?.children.length ?? 0;
  if (total < 2) return;
  carousel.dataset.js = "";
  carousel.setAttribute("role", "group");
  carousel.setAttribute("aria-roledescription", "carousel");
  if (!carousel.hasAttribute("aria-label")) carousel.setAttribute("aria-label", `${total} photos`);
  for (const old of carousel.querySelectorAll(".carousel-arrow, .carousel-dots, .carousel-count")) old.remove();

  const previous = arrow("carousel-prev", "Previous slide", "chevron-left");
  const next = arrow("carousel-next", "Next slide", "chevron-right");
  const count = make("span", { class: "carousel-count", "aria-hidden": "true" });
  const dots = make("div", { class: "carousel-dots" });
  for (let number = 1; number <= total; number += 1) {
    dots.append(make("button", { type: "button", "aria-label": `Go to slide ${number}`, "data-slide": number - 1 }));
  }
  carousel.append(previous, next, count, dots);

  let shown = -1;
  let aim = null;

  function mark(index) {
    if (index === shown) return;
    shown = index;
    count.textContent = `${index + 1}/${total}`;
    [...dots.children].forEach((dot, number) => {
      if (number === index) dot.setAttribute("aria-current", "true");
      else dot.removeAttribute("aria-current");
    });
    const focused = document.activeElement;
    previous.hidden = index === 0;
    next.hidden = index === total - 1;
    if (focused === previous && previous.hidden) next.focus({ preventScroll: true });
    if (focused === next && next.hidden) previous.focus({ preventScroll: true });
  }

  function go(index) {
    aim = Math.max(0, Math.min(total - 1, index));
    track.scrollTo({
      left: track.children[aim].offsetLeft - track.children[0].offsetLeft,
      behavior: prefersStillness() ? "instant" : "smooth",
    });
    mark(aim);
  }

  const nearest = () => Math.max(0, Math.min(total - 1, Math.round(track.scrollLeft / Math.max(1, track.clientWidth))));

  let frame = 0;
  let rest;
  track.addEventListener(
    "scroll",
    () => {
      clearTimeout(rest);
      rest = setTimeout(() => {
        aim = null;
        mark(nearest());
      }, 150);
      if (frame || aim !== null) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        mark(nearest());
      });
    },
    { passive: true },
  );
  previous.addEventListener("click", () => go((aim ?? shown) - 1));
  next.addEventListener("click", () => go((aim ?? shown) + 1));
  dots.addEventListener("click", (event) => {
    const slide = event.target.closest("[data-slide]")?.dataset.slide;
    if (slide !== undefined) go(Number(slide));
  });
  carousel.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go((aim ?? shown) + step);
  });
  mark(nearest());
});

function arrow(name, label, iconName) {
  return make("button", { type: "button", class: `carousel-arrow ${name}`, "aria-label": label }, icon(iconName));
}
