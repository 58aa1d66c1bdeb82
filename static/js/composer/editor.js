/**
 * Dialog for cropping, filtering and adjusting a slide.
 *
 * The canvas shows the frame as it will be published. Drag, pinch, the wheel, arrow keys, + and − change it. Only Done
 * applies the edits; Cancel and Escape discard them.
 */
import { ADJUSTMENTS, RATIOS, cropOf, cropRect, shapeProblem, usualRatio } from "../edits.js";
import { make } from "../dom.js";
import { Crop } from "./crop.js";
import { pictureOf, render } from "./pictures.js";

const WIDEST = 1_080;
const SAMPLE_PX = 80;
const STEP = 0.02;
const BIG_STEP = 0.1;
const SAY_AFTER_MS = 500;

export class Editor {
  #result = null;

  /** `filters` as media/edit/filters.json has them; `minSide` is the least that the longer side of a crop may have. */
  constructor(dialog, { filters, minSide }) {
    this.dialog = dialog;
    this.minSide = minSide;
    this.parts = Object.fromEntries(
      [...dialog.querySelectorAll("[data-editor]")].map((element) => [element.dataset.editor, element]),
    );
    this.#fillRatios();
    this.#fillFilters([{ id: "", name: "Original" }, ...filters]);
    this.#fillAdjustments();
    this.#listen();
  }

  /** Shows the slide; resolves to its new edits, or to null when they were cancelled. */
  async open(slide, name) {
    this.slide = slide;
    this.edits = { ...slide.edits };
    this.picture = slide.picture;
    this.crop = new Crop(
      { width: slide.picture.width, height: slide.picture.height, minSide: this.minSide },
      this.edits.crop,
    );
    this.parts.title.textContent = `Edit ${name}`;
    for (const part of ["filters", "adjustments"]) this.parts[part].hidden = slide.kind === "video";
    this.#offerRatios();
    this.#result = null;
    this.dialog.showModal();
    this.parts.tools.scrollTop = 0;
    this.parts.stage.focus();
    this.#show();
    this.#drawSamples();
    const closed = new Promise((resolve) => this.dialog.addEventListener("close", resolve, { once: true }));
    this.#sharpen(slide);
    await closed;
    this.slide = this.picture = null;
    return this.#result;
  }

  /** The picture of the row is small: a sharper one follows as soon as it is read. */
  async #sharpen(slide) {
    const picture = await pictureOf(slide, WIDEST);
    if (!picture || this.slide !== slide) return;
    this.picture = { ...picture, width: this.picture.width, height: this.picture.height };
    this.#draw();
  }

  // --- Controls -----------------------------------------------------------------------------------------------------

  #fillRatios() {
    for (const { id, label, value } of RATIOS) {
      const radio = make("input", { type: "radio", name: "ratio", value: id });
      this.parts.ratioList.append(
        make("label", { class: "editor-ratio", title: label }, radio, make("span", {}, value ? id : label)),
      );
    }
  }

  /** A photo beyond the limits of shape is offered the limit instead of its own ratio. */
  #offerRatios() {
    const { width, height } = this.picture;
    const usual = usualRatio(width, height);
    const unusual = ["original", "3:1", "1:3"].filter((ratio) => ratio !== usual);
    for (const radio of this.parts.ratioList.querySelectorAll("input"))
      radio.parentElement.hidden = unusual.includes(radio.value);
    this.parts.notice.textContent = shapeProblem({}, width, height);
    this.parts.notice.hidden = !this.parts.notice.textContent;
  }

  #fillFilters(filters) {
    this.samples = filters.map(({ id, name }) => {
      const canvas = make("canvas", { width: SAMPLE_PX, height: SAMPLE_PX, "aria-hidden": "true" });
      const radio = make("input", { type: "radio", name: "filter", value: id });
      this.parts.filterList.append(make("label", { class: "editor-filter" }, radio, canvas, make("span", {}, name)));
      return { id, canvas };
    });
  }

  #fillAdjustments() {
    this.ranges = ADJUSTMENTS.map(({ id, label, min, max }) => {
      const range = make("input", { type: "range", id: `editor-${id}`, min, max, step: 1, "data-adjustment": id });
      const output = make("output", { for: range.id });
      this.parts.adjustmentList.append(
        make("div", { class: "editor-range" }, make("label", { for: range.id }, label), output, range),
      );
      return { id, range, output };
    });
  }

  #listen() {
    const { dialog, parts } = this;
    dialog.addEventListener("input", ({ target }) => {
      if (target.name === "ratio") this.crop.setRatio(target.value);
      else if (target.name === "filter") this.edits.filter = target.value;
      else if (target === parts.zoom) this.crop.zoomTo(Number(target.value));
      else if (target.dataset.adjustment) this.edits[target.dataset.adjustment] = Number(target.value);
      this.#show();
    });
    parts.reset.addEventListener("click", () => {
      this.edits = {};
      this.crop = new Crop(this.crop);
      this.#show();
      this.#say("All edits were reset.");
    });
    parts.cancel.addEventListener("click", () => dialog.close());
    dialog.querySelector("form").addEventListener("submit", () => {
      this.#result = this.#edits();
    });
    new ResizeObserver(() => this.#draw()).observe(parts.space);
    this.#listenToStage(parts.stage);
  }

  #edits() {
    const edits = { ...this.edits, crop: this.crop.toEdits() };
    return Object.fromEntries(Object.entries(edits).filter(([, value]) => value));
  }

  #show() {
    const { crop, parts } = this;
    parts.ratioList.querySelector(`[value="${crop.ratio}"]`).checked = true;
    parts.filterList.querySelector(`[value="${this.edits.filter ?? ""}"]`).checked = true;
    parts.zoom.max = crop.maxZoom.toFixed(2);
    parts.zoom.value = crop.zoom;
    parts.zoom.disabled = crop.maxZoom <= 1;
    parts.zoomOutput.textContent = `${crop.zoom.toFixed(1)}×`;
    parts.zoom.setAttribute("aria-valuetext", `${crop.zoom.toFixed(1)} times`);
    for (const { id, range, output } of this.ranges) {
      range.value = this.edits[id] ?? 0;
      output.textContent = range.value;
    }
    this.#draw();
  }

  // --- Drawing ------------------------------------------------------------------------------------------------------

  /** At most once a frame. */
  #draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.picture || !this.dialog.open) return;
      const { stage, space } = this.parts;
      const { shape, frame } = this.crop;
      const wide = Math.min(space.clientWidth, space.clientHeight * shape);
      stage.style.width = `${wide}px`;
      stage.style.height = `${wide / shape}px`;
      const width = Math.max(1, Math.round(Math.min(WIDEST, wide * devicePixelRatio)));
      const height = Math.max(1, Math.round(width / shape));
      if (stage.width !== width) stage.width = width;
      if (stage.height !== height) stage.height = height;
      render(stage, this.picture, frame, this.#edits());
    });
  }

  /** Each filter on the middle of the picture. */
  #drawSamples() {
    if (this.slide.kind === "video") return;
    const { width, height } = this.picture;
    const crop = cropOf("1:1", width, height);
    for (const { id, canvas } of this.samples)
      render(canvas, this.picture, cropRect({ crop }, width, height), { filter: id });
  }

  // --- The stage ----------------------------------------------------------------------------------------------------

  #listenToStage(stage) {
    const pointers = new Map();
    const at = ({ clientX, clientY }) => {
      const box = stage.getBoundingClientRect();
      return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
    };
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, event);
      stage.dataset.held = "";
    });
    stage.addEventListener("pointermove", (event) => {
      if (!pointers.has(event.pointerId)) return;
      const before = [...pointers.values()].map(at);
      const spread = spreadOf(pointers);
      pointers.set(event.pointerId, event);
      const after = [...pointers.values()].map(at);
      const [from, to] = [middle(before), middle(after)];
      this.crop.move(from.x - to.x, from.y - to.y);
      if (spread) this.crop.zoomTo(this.crop.zoom * (spreadOf(pointers) / spread), to);
      this.#show();
    });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      stage.addEventListener(name, ({ pointerId }) => {
        pointers.delete(pointerId);
        if (pointers.size === 0) delete stage.dataset.held;
      });
    }
    stage.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
        this.crop.zoomTo(this.crop.zoom * Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), at(event));
        this.#show();
      },
      { passive: false },
    );
    stage.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const step = event.shiftKey ? BIG_STEP : STEP;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      const zooms = { "+": 1.1, "=": 1.1, "-": 1 / 1.1, _: 1 / 1.1 };
      if (moves[event.key]) this.crop.move(...moves[event.key]);
      else if (zooms[event.key]) this.crop.zoomTo(this.crop.zoom * zooms[event.key]);
      else return;
      event.preventDefault();
      this.#show();
      this.#sayPlaceSoon();
    });
  }

  #sayPlaceSoon() {
    clearTimeout(this.sayTimer);
    this.sayTimer = setTimeout(() => {
      const { x, y } = this.crop.place;
      this.#say(`Zoom ${this.crop.zoom.toFixed(1)}, ${Math.round(x * 100)} % across, ${Math.round(y * 100)} % down.`);
    }, SAY_AFTER_MS);
  }

  #say(text) {
    this.parts.status.textContent = text;
  }
}

function middle(points) {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }));
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** How far two fingers are from each other, in pixels; 0 when there are not two. */
function spreadOf(pointers) {
  if (pointers.size !== 2) return 0;
  const [one, other] = [...pointers.values()];
  return Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
}
