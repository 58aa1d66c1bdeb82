/**
 * Crop, filters and adjustments of a photo.
 *
 * The formulas and numbers are those of media/edit/, so that the preview looks like the published photo;
 * tests/e2e/test_edits.py compares the pixels. Independent of the page. Edits are {crop: {ratio, x, y, width, height},
 * filter, brightness, contrast, saturation, warmth, vignette}, every key optional; the crop is in fractions of the
 * upright original, adjustments are integers.
 */

export const ADJUSTMENTS = [
  { id: "brightness", label: "Brightness", min: -100, max: 100 },
  { id: "contrast", label: "Contrast", min: -100, max: 100 },
  { id: "saturation", label: "Saturation", min: -100, max: 100 },
  { id: "warmth", label: "Warmth", min: -100, max: 100 },
  { id: "vignette", label: "Vignette", min: 0, max: 100 },
];

/** `value` is width by height; null is the photo's own. */
export const RATIOS = [
  { id: "original", label: "Original", value: null },
  { id: "1:1", label: "Square", value: 1 },
  { id: "4:5", label: "Portrait, 4:5", value: 4 / 5 },
  { id: "16:9", label: "Landscape, 16:9", value: 16 / 9 },
  // The limits, offered instead of the original ratio of a photo beyond them.
  { id: "3:1", label: "Panorama, 3:1", value: 3 },
  { id: "1:3", label: "Tall, 1:3", value: 1 / 3 },
];

const [MIN_RATIO, MAX_RATIO] = [1 / 3, 3];

/** The ratio to begin with: "original", or the limit that the photo is beyond. */
export function usualRatio(width, height) {
  if (width / height > MAX_RATIO) return "3:1";
  return width / height < MIN_RATIO ? "1:3" : "original";
}

/** Why a photo so edited cannot be shared, or "". */
export function shapeProblem(edits, width, height) {
  if ((edits?.crop?.ratio ?? "original") !== "original") return "";
  return (
    {
      "3:1": "This photo is too wide. Crop it to 3:1 or less.",
      "1:3": "This photo is too tall. Crop it to 1:3 or less.",
    }[usualRatio(width, height)] ?? ""
  );
}

const SIDE = 17;
const COLOURS = ["filter", "brightness", "contrast", "saturation", "warmth"];
const [RED, GREEN, BLUE] = [0.2126, 0.7152, 0.0722];
const SQUARES = 32_767;

let filters = new Map();
let cachedTable = { key: "", table: null };
let cachedLight = { strength: -1, light: null };

/** Takes the parsed content of media/edit/filters.json, before anything is drawn. Returns [{id, name}, …]. */
export function useFilters(list) {
  filters = new Map(list.map((one) => [one.id, one]));
  cachedTable = { key: "", table: null };
  return list.map(({ id, name }) => ({ id, name }));
}

/** Whether the photo stays as it is. */
export function isNeutral(edits) {
  return !isCropped(edits) && !changesColours(edits) && !edits?.vignette;
}

function isCropped(edits) {
  const crop = edits?.crop;
  if (!crop) return false;
  const whole = !crop.x && !crop.y && (crop.width ?? 1) === 1 && (crop.height ?? 1) === 1;
  return !whole || (crop.ratio ?? "original") !== "original";
}

function changesColours(edits) {
  return COLOURS.some((name) => edits?.[name]);
}

/** {x, y, width, height} of the crop in a picture of that size, for drawImage; not rounded. */
export function cropRect(edits, width, height) {
  const { x = 0, y = 0, width: wide = 1, height: high = 1 } = edits?.crop ?? {};
  return { x: x * width, y: y * height, width: wide * width, height: high * height };
}

/**
 * Returns the largest centred crop with this ratio, or a smaller one if `zoom` is above 1. `centre` is in fractions,
 * and is moved if the crop would leave the photo.
 */
export function cropOf(ratio, width, height, zoom = 1, centre = { x: 0.5, y: 0.5 }) {
  const wanted = RATIOS.find((one) => one.id === ratio)?.value ?? width / height;
  const wide = Math.min(1, (wanted * height) / width) / zoom;
  const high = Math.min(1, width / wanted / height) / zoom;
  const within = (middle, size) => round6(Math.min(Math.max(middle - size / 2, 0), 1 - size));
  return { ratio, x: within(centre.x, wide), y: within(centre.y, high), width: round6(wide), height: round6(high) };
}

function round6(value) {
  return Math.round(value * 1e6) / 1e6;
}

/** Changes the colours of an ImageData, already cropped, in place. Some 30 ms for 1080 × 1350. */
export function applyEdits(imageData, edits) {
  if (changesColours(edits)) recolour(imageData.data, tableOf(edits));
  if (edits?.vignette) darkenCorners(imageData, edits.vignette / 100);
  return imageData;
}

// --- Colours -------------------------------------------------------------------------------------------------------

function tableOf(edits) {
  const key = JSON.stringify(COLOURS.map((name) => edits[name] || 0));
  if (cachedTable.key !== key) cachedTable = { key, table: colourTable(edits) };
  return cachedTable.table;
}

/** Red, green and blue (0 to 255, and a little beyond) of SIDE³ colours: red grows first, then green, then blue. */
export function colourTable(edits) {
  const grade = filters.get(edits.filter);
  const [brightness, contrast, saturation, warmth] = COLOURS.slice(1).map((name) => (edits[name] ?? 0) / 100);
  const steps = Array.from({ length: SIDE }, (_, step) => step / (SIDE - 1));
  const curves = [0, 1, 2].map((channel) => (grade ? steps.map((step) => curved(step, grade, channel)) : steps));
  const table = new Float32Array(SIDE ** 3 * 3);
  let at = 0;
  for (let blue = 0; blue < SIDE; blue += 1) {
    for (let green = 0; green < SIDE; green += 1) {
      for (let red = 0; red < SIDE; red += 1) {
        let colour = [curves[0][red], curves[1][green], curves[2][blue]];
        if (grade) {
          if (grade.mix) {
            const grey = grade.mix[0] * steps[red] + grade.mix[1] * steps[green] + grade.mix[2] * steps[blue];
            colour = [0, 1, 2].map((channel) => curved(grey, grade, channel));
          }
          colour = saturated(colour, grade.saturation).map(clamped);
        }
        if (brightness || contrast) colour = colour.map((one) => contrasted(brightened(one, brightness), contrast));
        if (saturation) colour = saturated(colour, 1 + saturation * (saturation > 0 ? 0.8 : 1));
        if (warmth) colour = warmed(colour, warmth);
        for (const one of colour) table[at++] = one * 255;
      }
    }
  }
  return table;
}

/** The filter's curve of one channel. */
function curved(x, grade, channel) {
  const lifted = clamped(x * grade.slope[channel] + grade.offset[channel]);
  return contrasted(lifted ** grade.power[channel], grade.contrast);
}

/** Schlick's bias: black and white stay, the middle moves. */
function brightened(x, amount) {
  return biased(x, 0.5 + 0.22 * amount);
}

/** Above 0 Schlick's gain, an S through black, middle and white; below 0 towards the middle grey. */
function contrasted(x, amount) {
  if (amount <= 0) return x - (0.5 - x) * 0.4 * amount;
  const bias = 0.5 - 0.2 * amount;
  return x < 0.5 ? biased(2 * x, bias) / 2 : 1 - biased(2 - 2 * x, bias) / 2;
}

function biased(x, bias) {
  return x / ((1 / bias - 2) * (1 - x) + 1);
}

function saturated([red, green, blue], times) {
  const grey = RED * red + GREEN * green + BLUE * blue;
  return [grey + (red - grey) * times, grey + (green - grey) * times, grey + (blue - grey) * times];
}

/** More red and less blue, or the other way round, as light as before. */
function warmed([red, green, blue], amount) {
  const before = RED * red + GREEN * green + BLUE * blue;
  const warmRed = red * (1 + 0.12 * amount);
  const warmBlue = blue * (1 - 0.18 * amount);
  const after = RED * warmRed + GREEN * green + BLUE * warmBlue;
  const times = after > 0.001 ? before / after : 1;
  return [warmRed * times, green * times, warmBlue * times];
}

function clamped(x) {
  return Math.min(Math.max(x, 0), 1);
}

/** Below which entry of the table each of the 256 levels lies, and how far it is from there to the next. */
const ENTRY = new Int32Array(256);
const BEYOND = new Float32Array(256);
for (let level = 0; level < 256; level += 1) {
  ENTRY[level] = Math.min(Math.floor((level / 255) * (SIDE - 1)), SIDE - 2);
  BEYOND[level] = (level / 255) * (SIDE - 1) - ENTRY[level];
}

/** Each pixel of `data` (RGBA) becomes what lies between the eight entries around it. */
function recolour(data, table) {
  const nextGreen = SIDE * 3;
  const nextBlue = SIDE * SIDE * 3;
  const length = data.length;
  for (let i = 0; i < length; i += 4) {
    const red = data[i];
    const green = data[i + 1];
    const blue = data[i + 2];
    const r = BEYOND[red];
    const g = BEYOND[green];
    const b = BEYOND[blue];
    let at = ENTRY[red] * 3 + ENTRY[green] * nextGreen + ENTRY[blue] * nextBlue;
    // Uint8ClampedArray rounds and keeps within 0 and 255.
    for (let channel = 0; channel < 3; channel += 1, at += 1) {
      const near = table[at] + (table[at + 3] - table[at]) * r;
      const low = at + nextGreen;
      const nearLow = table[low] + (table[low + 3] - table[low]) * r;
      const deep = at + nextBlue;
      const far = table[deep] + (table[deep + 3] - table[deep]) * r;
      const deepest = deep + nextGreen;
      const farLow = table[deepest] + (table[deepest + 3] - table[deepest]) * r;
      const front = near + (nearLow - near) * g;
      data[i + channel] = front + (far + (farLow - far) * g - front) * b;
    }
  }
}

// --- Vignette ------------------------------------------------------------------------------------------------------

/** Multiplies each pixel by what its place has left: all in the middle, least in the corners. */
function darkenCorners({ data, width, height }, strength) {
  const light = lightOf(strength);
  const across = squares(width);
  const down = squares(height);
  let i = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, i += 4) {
      const left = light[across[x] + down[y]];
      // Pillow's ImageChops.multiply does not round either.
      data[i] = Math.floor((data[i] * left) / 255);
      data[i + 1] = Math.floor((data[i + 1] * left) / 255);
      data[i + 2] = Math.floor((data[i + 2] * left) / 255);
    }
  }
}

/** Squared distance from the centre for each pixel column or row; SQUARES at the edge. */
function squares(length) {
  return Int32Array.from({ length }, (_, at) => Math.floor(SQUARES * ((2 * at + 1 - length) / length) ** 2 + 0.5));
}

/** Remaining brightness (of 255) by the sum of both squares. */
function lightOf(strength) {
  if (cachedLight.strength !== strength) {
    const light = Uint8Array.from({ length: 2 * SQUARES + 1 }, (_, sum) => {
      const half = sum / SQUARES / 2;
      return Math.floor(255 * (1 - 0.8 * strength * half * Math.sqrt(half)) + 0.5);
    });
    cachedLight = { strength, light };
  }
  return cachedLight.light;
}
