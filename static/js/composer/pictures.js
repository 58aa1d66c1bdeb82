/**
 * Pictures of slides on canvases: from the chosen file where the browser can read it, else from the server's preview
 * (HEIC in most browsers; a draft whose files have arrived).
 */
import { make } from "../dom.js";
import { applyEdits } from "../edits.js";

const FRAME_MS = 8_000;
const LET_GO_MS = 2_000;

/**
 * A canvas no wider than `widest` with the slide's photo, or a frame of its video, upright and unedited; with `seconds`
 * of a video and the `width` and `height` of the whole. Null when there is nothing to show yet.
 */
export async function pictureOf(slide, widest) {
  if (slide.file) {
    try {
      return await (slide.kind === "video" ? ofVideo(slide.file, widest) : ofImage(slide.file, widest));
    } catch {
      // Only the server can read it.
    }
  }
  if (!slide.preview) return null;
  try {
    const found = await drawn(await loadImage(slide.preview, { foreign: true }), widest);
    return { ...found, width: slide.width || found.width, height: slide.height || found.height };
  } catch {
    return null;
  }
}

async function ofImage(file, widest) {
  const url = URL.createObjectURL(file);
  try {
    return await drawn(await loadImage(url), widest);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function loadImage(url, { foreign = false } = {}) {
  const image = new Image();
  // Pixels of another origin (a CDN) may be read only when they were asked for so.
  if (foreign) image.crossOrigin = "anonymous";
  image.src = url;
  await image.decode();
  return image;
}

async function drawn(image, widest) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = blank(width, height, widest);
  const bitmap = await createImageBitmap(image, {
    resizeWidth: canvas.width,
    resizeHeight: canvas.height,
    resizeQuality: "high",
  });
  const context = canvas.getContext("2d");
  // The server, too, renders transparent pixels white.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { canvas, width, height };
}

async function ofVideo(file, widest) {
  const url = URL.createObjectURL(file);
  const video = make("video", { muted: true, playsinline: true, preload: "auto" });
  video.muted = true;
  try {
    await new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve, { once: true });
      video.addEventListener("error", reject, { once: true });
      setTimeout(reject, FRAME_MS);
      video.src = url;
    });
    const { duration: seconds, videoWidth: width, videoHeight: height } = video;
    const canvas = blank(width, height, widest);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return { canvas, width, height, seconds };
  } finally {
    video.removeAttribute("src");
    video.load();
    // It lets go of the file a moment later.
    setTimeout(() => URL.revokeObjectURL(url), LET_GO_MS);
  }
}

function blank(width, height, widest) {
  const scale = Math.min(1, widest / width);
  return make("canvas", {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  });
}

/** Draws `picture` into `canvas` (its size is kept) cropped to `frame` and in the colours of `edits`. */
export function render(canvas, picture, frame, edits) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const across = picture.canvas.width / picture.width;
  const down = picture.canvas.height / picture.height;
  context.imageSmoothingQuality = "high";
  context.drawImage(
    picture.canvas,
    frame.x * across,
    frame.y * down,
    frame.width * across,
    frame.height * down,
    0,
    0,
    canvas.width,
    canvas.height,
  );
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  applyEdits(pixels, edits);
  context.putImageData(pixels, 0, 0);
}
