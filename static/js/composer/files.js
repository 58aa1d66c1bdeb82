/** Checks of a file before it is uploaded: type, size, dimensions, length. The server has the final say. */

const TYPE_NAMES = {
  "image/jpeg": "JPEG",
  "image/png": "PNG",
  "image/webp": "WebP",
  "image/avif": "AVIF",
  "image/heic": "HEIC",
  "image/gif": "GIF",
  "video/mp4": "MP4",
  "video/quicktime": "MOV",
  "video/webm": "WebM",
  "video/matroska": "MKV",
  "video/x-matroska": "MKV",
  "video/3gpp": "3GP",
};
const LIMITS = [
  "maxSlides",
  "maxBytes",
  "maxVideoBytes",
  "maxPostBytes",
  "minSeconds",
  "maxSeconds",
  "minSide",
  "maxSide",
  "maxPixels",
  "maxRatio",
  "maxAlt",
  "maxCaptionsBytes",
];

/** The limits and accepted types that the page hands over in its data attributes. */
export function readLimits({ dataset }) {
  const limits = Object.fromEntries(LIMITS.map((name) => [name, Number(dataset[name])]));
  return { ...limits, accepted: dataset.accept.split(",").map((type) => type.trim().toLowerCase()) };
}

/** Returns a sentence if type or size are invalid, else "". Does not read the file. */
export function problemOf(file, limits) {
  const type = file.type.toLowerCase();
  const ending = file.name.toLowerCase().match(/\.[^.]+$/)?.[0] ?? "";
  const { accepted } = limits;
  const fits = accepted.some(
    (one) => one === type || one === ending || (one.endsWith("/*") && type.startsWith(one.slice(0, -1))),
  );
  if (!fits && (type || !accepted.some((one) => one.startsWith("."))))
    return `This file type isn’t supported. Choose ${typeWords(accepted)}.`;
  if (file.size === 0) return "This file is empty. Choose another one.";
  if (isVideo(file)) {
    if (file.size > limits.maxVideoBytes)
      return tooLarge("video", file.size, limits.maxVideoBytes, "Shorten or compress it, and try again.");
  } else if (file.size > limits.maxBytes)
    return tooLarge("photo", file.size, limits.maxBytes, "Make it smaller, and try again.");
  return "";
}

const tooLarge = (noun, size, limit, remedy) =>
  `This ${noun} is ${megabytes(size)}, over the limit of ${megabytes(limit)}. ${remedy}`;

/** The same for a photo's dimensions, once they are known. */
export function sizeProblem({ width, height }, { minSide, maxSide, maxPixels, maxRatio }) {
  const longer = Math.max(width, height);
  const size = `This photo is ${count(width)} × ${count(height)} pixels.`;
  if (longer < minSide) return `${size} The longer side needs at least ${minSide}. Choose a larger one.`;
  if (longer > maxSide || width * height > maxPixels) {
    const limit = `${count(maxSide)} pixels a side and ${maxPixels / 1e6} megapixels`;
    return `${size} The limits are ${limit}. Make it smaller, and try again.`;
  }
  if (Math.min(width, height) * maxRatio < minSide)
    return `${size} That is wider than ${maxRatio}:1, and too small to crop. Choose another one.`;
  return "";
}

/** The same for a video's length. */
export function lengthProblem(seconds, { minSeconds, maxSeconds }) {
  if (seconds < minSeconds) {
    const length = seconds.toFixed(1);
    return `This video is ${length} seconds long. Videos need at least ${minSeconds}. Choose a longer one.`;
  }
  if (Number.isFinite(seconds) && seconds > maxSeconds + 1) {
    const length = Math.round(seconds / 60);
    return `This video is ${length} minutes long. The limit is ${maxSeconds / 60}. Shorten it, and try again.`;
  }
  return "";
}

const count = (number) => number.toLocaleString("en-GB");

/** Whether `file` is the one that a slide of the draft was made from. */
export const isSameFile = (slide, { name, size, lastModified }) =>
  slide.name === name && slide.size === size && (!slide.modifiedAt || slide.modifiedAt === lastModified);

export const isVideo = ({ type, name }) => type.startsWith("video/") || /\.(mp4|m4v|mov|webm|mkv|3gp|3g2)$/i.test(name);

export const megabytes = (size) => `${(size / 1024 / 1024).toFixed(1).replace(/\.0$/, "")} MB`;

/** "photos", "videos" or "photos and videos"; of slides. */
export function slidesWord(slides) {
  const videos = slides.filter(({ kind }) => kind === "video").length;
  if (videos === 0) return "photos";
  return videos === slides.length ? "videos" : "photos and videos";
}

function typeWords(accepted) {
  const words = [
    ...new Set(accepted.map((one) => TYPE_NAMES[one] ?? TYPE_NAMES[`image/${one.slice(1)}`]).filter(Boolean)),
  ];
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : (words[0] ?? "a photo");
}
