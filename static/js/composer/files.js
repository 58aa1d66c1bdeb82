/** What can be told about a file before it is sent: type, size, dimensions, length. The server's word counts. */

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

/** What can be told without reading the file: a sentence, or "". */
export function problemOf(file, limits) {
  const type = file.type.toLowerCase();
  const ending = file.name.toLowerCase().match(/\.[^.]+$/)?.[0] ?? "";
  const { accepted } = limits;
  const fits = accepted.some(
    (one) => one === type || one === ending || (one.endsWith("/*") && type.startsWith(one.slice(0, -1))),
  );
  if (!fits && (type || !accepted.some((one) => one.startsWith("."))))
    return `This is not a photo or video we can take. Choose ${typeWords(accepted)}.`;
  if (file.size === 0) return "This file is empty. Choose it again, or choose another one.";
  if (isVideo(file)) {
    if (file.size > limits.maxVideoBytes)
      return `This video has ${megabytes(file.size)}; videos can have at most ${megabytes(limits.maxVideoBytes)}. Shorten it or save it smaller and try again.`;
  } else if (file.size > limits.maxBytes)
    return `This photo has ${megabytes(file.size)}; photos can have at most ${megabytes(limits.maxBytes)}. Save it smaller and try again.`;
  return "";
}

/** The same for a photo's dimensions, once they are known. */
export function sizeProblem({ width, height }, limits) {
  const size = `This photo has ${width.toLocaleString("en-GB")} × ${height.toLocaleString("en-GB")} pixels`;
  if (Math.max(width, height) < limits.minSide)
    return `${size}; photos need at least ${limits.minSide} on the longer side. Choose a larger one.`;
  if (Math.max(width, height) > limits.maxSide || width * height > limits.maxPixels) {
    return `${size}; photos can have at most ${limits.maxSide.toLocaleString("en-GB")} a side and ${limits.maxPixels / 1e6} megapixels in all. Make it smaller and try again.`;
  }
  if (Math.min(width, height) * limits.maxRatio < limits.minSide)
    return `${size}; photos can be at most ${limits.maxRatio} times as wide as high, and a crop of this one would be too small. Choose another one.`;
  return "";
}

/** And for a video's length. */
export function lengthProblem(seconds, limits) {
  if (seconds < limits.minSeconds)
    return `This video takes ${seconds.toFixed(1)} seconds; videos need at least ${limits.minSeconds}. Choose a longer one.`;
  if (Number.isFinite(seconds) && seconds > limits.maxSeconds + 1) {
    return `This video takes ${Math.round(seconds / 60)} minutes; videos can take at most ${limits.maxSeconds / 60}. Shorten it and try again.`;
  }
  return "";
}

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
