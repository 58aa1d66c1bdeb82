/**
 * The slides of the post: their data, their rows in the list, their order (buttons, arrow keys on the handle, dragging
 * it) and what each row says about its file. Rows are copies of <template data-part="slide">.
 */
import { make } from "../dom.js";
import { shapeProblem } from "../edits.js";
import { sortable } from "./drag.js";
import { isVideo } from "./files.js";

const STATES = {
  waiting: ({ note }) => note || "Waiting",
  sending: ({ sent, size }) => `Sending ${percent(sent, size)} %`,
  checking: () => "Checking…",
  converting: ({ progress }) => `Converting ${progress} %`,
  ready: () => "Ready",
  failed: () => "Failed",
};
/** Labels of the two buttons of a failed row; an empty label hides its button. */
const REMEDIES = {
  send: ["Try again", ""],
  render: ["Try again", "Choose another"],
  choose: ["", "Choose again"],
  replace: ["", "Choose another"],
  "": ["", ""],
};

/** Fields of a slide that drafts keep. */
const KEPT = [
  "key",
  "name",
  "size",
  "type",
  "kind",
  "modifiedAt",
  "uploadId",
  "mediumId",
  "alt",
  "edits",
  "captionsName",
];

export class Slide {
  constructor(fields) {
    Object.assign(
      this,
      {
        key: crypto.randomUUID?.() ?? String(Math.random()),
        name: "",
        size: 0,
        type: "",
        kind: "photo",
        modifiedAt: 0,
        uploadId: "",
        mediumId: "",
        alt: "",
        edits: {},
        captionsName: "",
      },
      {
        file: null,
        picture: null,
        preview: "",
        width: 0,
        height: 0,
        state: "waiting",
        sent: 0,
        progress: 0,
        note: "",
        error: "",
        notice: "",
        remedy: "",
        captionsFile: null,
        captionsError: "",
        answers: 0,
      },
      fields,
    );
  }

  static of(file) {
    return new Slide({ file, ...Slide.facts(file), kind: isVideo(file) ? "video" : "photo" });
  }

  static facts({ name, size, type, lastModified }) {
    return { name, size, type, modifiedAt: lastModified };
  }

  get noun() {
    return this.kind;
  }

  /** Whether the server has the complete file. */
  get hasArrived() {
    return this.mediumId !== "";
  }

  /** Why the photo cannot be shared before it is cropped; "" while its size is not known. */
  get shapeProblem() {
    const { width, height } = this.picture ?? this;
    return this.kind === "photo" && width && height ? shapeProblem(this.edits, width, height) : "";
  }

  get isSettled() {
    return this.state === "ready" || this.state === "failed";
  }

  /** Returns the slide's fields for the draft; files are stored separately. */
  toDraft() {
    return Object.fromEntries(KEPT.map((name) => [name, this[name]]));
  }
}

export class SlideList {
  items = [];

  /**
   * `acts` has a method for each [data-do] of a row: retry, choose, edit, remove, captions, dropCaptions. `moved()` is
   * called after a change of the order, `typed(slide)` after a change of an alt text; `say(text)` announces.
   */
  constructor(list, template, { maxAlt, acts, moved, typed, say }) {
    Object.assign(this, { list, template, maxAlt, acts, moved, typed, say });
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("input", ({ target }) => this.#altTyped(target));
    list.addEventListener("keydown", (event) => this.#keyed(event));
    sortable(list, {
      place: (element, to) => this.#place(this.of(element), to),
      finished: (element) => this.#sayPlace(this.of(element)),
    });
  }

  get length() {
    return this.items.length;
  }

  /** The slide of a row, or of anything in it. */
  of(element) {
    const row = element.closest("li");
    return this.items.find((slide) => slide.element === row);
  }

  add(slide) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    slide.element = row;
    slide.slots = Object.fromEntries(
      [...row.querySelectorAll("[data-slot]")].map((element) => [element.dataset.slot, element]),
    );
    const { name, alt, altLabel } = slide.slots;
    name.textContent = slide.name;
    name.title = slide.name;
    alt.id = `composer-alt-${slide.key}`;
    alt.dataset.maxGraphemes = this.maxAlt;
    alt.placeholder = `Describe this ${slide.noun}…`;
    alt.value = slide.alt;
    altLabel.htmlFor = alt.id;
    slide.canvas = make("canvas", { class: "composer-picture", role: "img", hidden: true });
    slide.slots.thumb.prepend(slide.canvas);
    this.items.push(slide);
    this.list.append(row);
  }

  take(slide) {
    this.items = this.items.filter((one) => one !== slide);
    slide.element.remove();
  }

  // --- What the rows show -----------------------------------------------------------------------------------------

  draw() {
    const total = this.length;
    this.list.hidden = total === 0;
    this.items.forEach((slide, index) => {
      slide.drawnNoun = slide.noun;
      const { number, altLabel, handle, earlier, later, remove, edit, crop, bar } = slide.slots;
      const name = `${slide.noun} ${index + 1}`;
      number.textContent = String(index + 1);
      altLabel.textContent = `Alt text for ${name}`;
      slide.canvas.setAttribute("aria-label", `Preview of ${slide.name}`);
      handle.setAttribute("aria-label", `Drag ${name}, or move it with the arrow keys`);
      earlier.setAttribute("aria-label", `Move ${name} earlier`);
      later.setAttribute("aria-label", `Move ${name} later`);
      remove.setAttribute("aria-label", `Remove ${name}`);
      edit.setAttribute("aria-label", `Edit ${name}`);
      crop.setAttribute("aria-label", `Crop ${name}`);
      bar.setAttribute("aria-label", `Progress of ${name}`);
      earlier.disabled = index === 0;
      later.disabled = index === total - 1;
      earlier.hidden = later.hidden = handle.hidden = total === 1;
      this.drawState(slide);
    });
  }

  drawState(slide) {
    if (!this.items.includes(slide)) return;
    if (slide.drawnNoun !== slide.noun) {
      // The server took an animated picture for a video.
      this.draw();
      return;
    }
    const {
      state,
      bar,
      error,
      notice,
      crop,
      retry,
      choose,
      edit,
      captions,
      captionsState,
      captionsChoose,
      captionsDrop,
      captionsError,
    } = slide.slots;
    slide.element.dataset.state = slide.state;
    setText(state, STATES[slide.state](slide));
    bar.hidden = slide.isSettled;
    if (slide.state === "checking") bar.removeAttribute("value");
    else bar.value = slide.state === "converting" ? slide.progress : percent(slide.sent, slide.size);
    const problem = slide.error || slide.shapeProblem;
    setText(error, problem);
    error.hidden = !problem;
    setText(notice, slide.notice);
    notice.hidden = !slide.notice;
    slide.element.toggleAttribute("data-invalid", Boolean(problem));
    crop.hidden = !slide.picture || slide.state === "failed" || !slide.shapeProblem;
    const [again, another] = slide.state === "waiting" && slide.note ? ["Try now", ""] : REMEDIES[slide.remedy];
    for (const [button, word] of [
      [retry, again],
      [choose, another],
    ]) {
      setText(button, word);
      button.hidden = !word;
    }
    edit.disabled = !slide.picture;
    captions.hidden = slide.kind !== "video";
    setText(captionsState, slide.captionsName || "No captions");
    setText(captionsChoose, slide.captionsName ? "Replace" : "Add captions (.vtt)");
    captionsDrop.hidden = !slide.captionsName;
    setText(captionsError, slide.captionsError);
    captionsError.hidden = !slide.captionsError;
  }

  // --- Order --------------------------------------------------------------------------------------------------------

  #place(slide, to) {
    const from = this.items.indexOf(slide);
    if (to === from || to < 0 || to >= this.length) return;
    // The others move, so that this one keeps the focus and the pointer.
    if (to > from) for (const other of this.items.slice(from + 1, to + 1)) slide.element.before(other.element);
    else slide.element.after(...this.items.slice(to, from).map(({ element }) => element));
    this.items.splice(to, 0, ...this.items.splice(from, 1));
    this.draw();
    this.moved();
  }

  #move(slide, to) {
    if (to < 0 || to >= this.length || to === this.items.indexOf(slide)) return;
    this.#place(slide, to);
    slide.element.scrollIntoView({ block: "nearest" });
    this.#sayPlace(slide);
  }

  #sayPlace(slide) {
    this.say(`${slide.name} is now number ${this.items.indexOf(slide) + 1} of ${this.length}.`);
  }

  // --- Events -------------------------------------------------------------------------------------------------------

  #clicked(event) {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const slide = this.of(button);
    const index = this.items.indexOf(slide);
    if (button.dataset.do === "earlier" || button.dataset.do === "later") {
      const isEarlier = button.dataset.do === "earlier";
      this.#move(slide, index + (isEarlier ? -1 : 1));
      (button.disabled ? slide.slots[isEarlier ? "later" : "earlier"] : button).focus();
    } else this.acts[button.dataset.do](slide);
  }

  #keyed(event) {
    if (event.target.dataset.slot !== "handle" || event.altKey || event.ctrlKey || event.metaKey) return;
    const slide = this.of(event.target);
    const index = this.items.indexOf(slide);
    const to = {
      ArrowUp: index - 1,
      ArrowLeft: index - 1,
      ArrowDown: index + 1,
      ArrowRight: index + 1,
      Home: 0,
      End: this.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#move(slide, to);
  }

  #altTyped(target) {
    if (target.dataset.slot !== "alt") return;
    const slide = this.of(target);
    slide.alt = target.value;
    this.typed(slide);
  }
}

/** Only when it is another: a screen reader hears every write. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const percent = (part, whole) => (whole ? Math.floor((part / whole) * 100) : 0);
