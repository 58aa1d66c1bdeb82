/**
 * A double click or double tap on the media of a post likes it, with a heart that bursts; it never takes a like back.
 * Without JavaScript the like button does the same.
 */
import { icon } from "./dom.js";

const TAP_GAP_MS = 320;
const TAP_DISTANCE_PX = 30;
const BURST_MS = 1_000;

let lastTap = null;
let likedByTouchAt = -Infinity;

document.addEventListener("dblclick", (event) => {
  if (performance.now() - likedByTouchAt < 600) return; // some browsers send both
  const media = mediaAt(event);
  if (media) like(media);
});

// Safari on phones sends no dblclick.
document.addEventListener("pointerup", (event) => {
  if (event.pointerType !== "touch" || !event.isPrimary) return;
  const media = mediaAt(event);
  const tap = { media, at: performance.now(), x: event.clientX, y: event.clientY };
  const isSecond =
    media &&
    lastTap?.media === media &&
    tap.at - lastTap.at < TAP_GAP_MS &&
    Math.hypot(tap.x - lastTap.x, tap.y - lastTap.y) < TAP_DISTANCE_PX;
  lastTap = isSecond ? null : tap;
  if (!isSecond) return;
  likedByTouchAt = tap.at;
  like(media);
});

function mediaAt(event) {
  if (event.target.closest?.("button, a, input, summary, [data-no-like]")) return null;
  return event.target.closest?.("[data-post] .post-media") ?? null;
}

function like(media) {
  const button = media.closest("[data-post]").querySelector('button[data-optimistic="like"]');
  if (!button) return;
  getSelection()?.removeAllRanges();
  burst(media);
  if (button.getAttribute("aria-pressed") !== "true") button.click();
}

function burst(media) {
  media.querySelector(".heart-burst")?.remove();
  const heart = document.createElement("span");
  heart.className = "heart-burst";
  heart.setAttribute("aria-hidden", "true");
  heart.append(icon("heart-fill"));
  media.append(heart);
  const end = () => heart.remove();
  heart.addEventListener("animationend", end, { once: true });
  setTimeout(end, BURST_MS);
}
