/**
 * Videos of posts: the one that is seen plays without sound, and pauses when it is out of view or the page is hidden.
 * A tap gives sound, or takes it, for all videos of the page; buttons do the same and pause. Nothing plays by itself
 * for people who want less motion or save data. Without JavaScript the browser's own controls do.
 */
import { icon, make, onContent, prefersStillness } from "./dom.js";
import { addPosition } from "./video-position.js";

const SEEN = 0.6;

let withSound = false;
let withWords = false;
let playing = null;

const wantsQuiet = () => prefersStillness() || navigator.connection?.saveData === true;

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target: video, intersectionRatio } of entries) {
      if (intersectionRatio < SEEN) video.pause();
      else if (!wantsQuiet() && video.dataset.stopped === undefined) play(video);
    }
  },
  { threshold: [0, SEEN] },
);

onContent("video.video-player", (video) => {
  const box = video.closest(".video");
  const sound = make("button", { type: "button", class: "video-button video-sound" });
  const pause = make("button", { type: "button", class: "video-button video-pause" });
  video.controls = false;
  const soundless = video.dataset.soundless !== undefined;
  const words = video.querySelector("track")
    ? make("button", { type: "button", class: "video-button video-captions" })
    : null;
  box.append(...(words ? [words] : []), pause, ...(soundless ? [] : [sound]));

  addPosition(video, box);

  function draw() {
    pause.setAttribute("aria-label", video.paused ? "Play video" : "Pause video");
    pause.replaceChildren(icon(video.paused ? "play" : "pause"));
    sound.setAttribute("aria-label", video.muted ? "Turn sound on" : "Turn sound off");
    sound.replaceChildren(icon(video.muted ? "sound-off" : "sound-on"));
    box.toggleAttribute("data-paused", video.paused);
    if (!words) return;
    const shown = video.textTracks[0]?.mode === "showing";
    words.setAttribute("aria-pressed", String(shown));
    words.setAttribute("aria-label", "Captions");
    words.textContent = "CC";
  }

  words?.addEventListener("click", () => {
    withWords = video.textTracks[0].mode !== "showing";
    for (const other of document.querySelectorAll("video.video-player")) {
      if (other.textTracks[0]) other.textTracks[0].mode = withWords ? "showing" : "disabled";
    }
    draw();
  });
  if (words && withWords) video.textTracks[0].mode = "showing";
  video.textTracks.addEventListener("change", draw);

  pause.addEventListener("click", () => {
    if (video.paused) {
      delete video.dataset.stopped;
      play(video);
    } else {
      video.dataset.stopped = "";
      video.pause();
    }
  });
  sound.addEventListener("click", () => hear(video, video.muted));
  video.addEventListener("click", () => {
    if (video.paused || soundless) pause.click();
    else hear(video, video.muted);
  });
  for (const name of ["play", "pause", "volumechange"]) video.addEventListener(name, draw);
  draw();
  watcher.observe(video);
});

function hear(video, wanted) {
  withSound = wanted;
  video.muted = !wanted;
}

async function play(video) {
  if (playing !== video) playing?.pause();
  playing = video;
  video.muted = !withSound;
  try {
    await video.play();
  } catch (error) {
    // Browsers block sound without a user gesture, but allow muted playback.
    if (error.name !== "NotAllowedError" || video.muted) return;
    video.muted = true;
    video.play().catch(() => {});
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) playing?.pause();
  else if (playing?.isConnected && playing.dataset.stopped === undefined && !wantsQuiet()) {
    // Continue only with videos that are still visible.
    watcher.unobserve(playing);
    watcher.observe(playing);
  }
});
