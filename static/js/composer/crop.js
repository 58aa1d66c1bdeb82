/**
 * Geometry of the crop frame. The frame keeps its ratio and stays inside the picture; zoom 1 is the largest frame that
 * fits. Sizes are pixels of the upright original.
 */
import { RATIOS, usualRatio } from "../edits.js";

const MAX_ZOOM = 5;
const SHAPES = new Map(RATIOS.map(({ id, value }) => [id, value]));

export class Crop {
  /**
   * `crop` is in fractions of the original, or undefined for the whole picture. The longer side of the frame has at
   * least `minSide` pixels.
   */
  constructor({ width, height, minSide = 1 }, crop) {
    Object.assign(this, { width, height, minSide });
    const usual = usualRatio(width, height);
    const { ratio = usual, x = 0, y = 0, width: wide = 1, height: high = 1 } = crop ?? {};
    this.ratio = SHAPES.has(ratio) && ratio !== "original" ? ratio : usual;
    this.zoom = this.#largest.width / (wide * width);
    this.middle = { x: (x + wide / 2) * width, y: (y + high / 2) * height };
    this.#settle();
  }

  get shape() {
    return SHAPES.get(this.ratio) ?? this.width / this.height;
  }

  get maxZoom() {
    const { width, height } = this.#largest;
    return Math.max(1, Math.min(MAX_ZOOM, Math.max(width, height) / this.minSide));
  }

  /** The frame in pixels of the original. */
  get frame() {
    const { width, height } = this.#largest;
    const size = { width: width / this.zoom, height: height / this.zoom };
    return { x: this.middle.x - size.width / 2, y: this.middle.y - size.height / 2, ...size };
  }

  /** How far the frame has gone of the way that it has, 0 to 1 across and down; 0.5 where it cannot move. */
  get place() {
    const { x, y, width, height } = this.frame;
    const part = (at, room) => (room < 0.5 ? 0.5 : at / room);
    return { x: part(x, this.width - width), y: part(y, this.height - height) };
  }

  setRatio(ratio) {
    this.ratio = ratio;
    this.#settle();
  }

  /** Zooms about the point at these fractions of the frame. */
  zoomTo(zoom, { x = 0.5, y = 0.5 } = {}) {
    const before = this.frame;
    const point = { x: before.x + x * before.width, y: before.y + y * before.height };
    this.zoom = Math.min(Math.max(zoom, 1), this.maxZoom);
    const { width, height } = this.frame;
    this.middle = { x: point.x + (0.5 - x) * width, y: point.y + (0.5 - y) * height };
    this.#settle();
  }

  /** Moves the frame by fractions of its own size. */
  move(x, y) {
    const { width, height } = this.frame;
    this.middle = { x: this.middle.x + x * width, y: this.middle.y + y * height };
    this.#settle();
  }

  /** Returns the crop as fractions of the original, or undefined if the whole picture is shown. */
  toEdits() {
    const { x, y, width, height } = this.frame;
    if (this.ratio === "original" && this.zoom <= 1.0001) return undefined;
    const fraction = (part, whole) => Math.min(1, Math.max(0, Number((part / whole).toFixed(6))));
    return {
      ratio: this.ratio,
      x: fraction(x, this.width),
      y: fraction(y, this.height),
      width: fraction(width, this.width),
      height: fraction(height, this.height),
    };
  }

  get #largest() {
    const { width, height, shape } = this;
    return width / height > shape ? { width: height * shape, height } : { width, height: width / shape };
  }

  #settle() {
    this.zoom = Math.min(Math.max(this.zoom, 1), this.maxZoom);
    const { width, height } = this.frame;
    const within = (at, size, whole) => Math.min(Math.max(at, size / 2), whole - size / 2);
    this.middle = { x: within(this.middle.x, width, this.width), y: within(this.middle.y, height, this.height) };
  }
}
