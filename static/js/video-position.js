/**
 * Position bar of longer videos. It is a native range input, so arrow keys, Home and End work. Without JavaScript the
 * browser's own controls have one.
 */
import { make } from "./dom.js";

const LONG_SECONDS = 15;

export function addPosition(video, box) {
  const bar = make("input", {
    type: "range",
    class: "video-position",
    min: 0,
    step: 1,
    value: 0,
    "aria-label": "Position",
  });
  const clock = make("span", { class: "video-clock", "aria-hidden": "true" });
  const row = make("div", { class: "video-position-row", "data-no-like": true }, bar, clock);
  let isMoved = false;

  function draw() {
    if (!isMoved) bar.value = video.currentTime;
    const text = `${time(bar.valueAsNumber)} / ${time(video.duration)}`;
    clock.textContent = text;
    bar.setAttribute("aria-valuetext", text.replace("/", "of"));
  }

  function begin() {
    if (!(video.duration >= LONG_SECONDS) || !Number.isFinite(video.duration)) return;
    bar.max = Math.floor(video.duration);
    if (!row.isConnected) box.append(row);
    draw();
  }

  bar.addEventListener("input", () => {
    isMoved = true;
    video.currentTime = bar.valueAsNumber;
    draw();
  });
  video.addEventListener("seeked", () => (isMoved = false));
  // A carousel would take these keys for the next slide, a dialog for the next post.
  bar.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) event.stopPropagation();
  });
  video.addEventListener("loadedmetadata", begin);
  video.addEventListener("durationchange", begin);
  video.addEventListener("timeupdate", draw);
  begin();
}

function time(seconds) {
  const whole = Math.floor(seconds) || 0;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const end = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}
