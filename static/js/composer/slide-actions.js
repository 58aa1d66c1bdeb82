/** The actions of the buttons in a slide's row. */
import { make } from "../dom.js";
import { isSameFile, problemOf } from "./files.js";
import { pickWith } from "./intake.js";
import { takeMedium } from "./media.js";
import { Slide } from "./slides.js";

export class SlideActions {
  /** `composer` is the page, whose other parts may not exist yet. */
  constructor(composer) {
    this.composer = composer;
    this.picker = make("input", { type: "file", accept: composer.input.accept, hidden: true });
    composer.root.append(this.picker);
  }

  captions(slide) {
    return this.composer.captions.choose(slide);
  }

  dropCaptions(slide) {
    return this.composer.captions.drop(slide);
  }

  async retry(slide) {
    const { composer } = this;
    // The button disappears, so the focus moves on.
    slide.slots.alt.focus();
    if (slide.remedy === "render") await this.#renderAgain(slide);
    else if (slide.remedy === "send") composer.uploads.add(slide);
    else composer.uploads.wake();
  }

  async #renderAgain(slide) {
    const { composer } = this;
    Object.assign(slide, { state: "checking", error: "", remedy: "" });
    composer.progressed(slide);
    try {
      takeMedium(slide, await composer.server.ask("POST", "RetryMedium", { id: slide.mediumId }));
    } catch (error) {
      Object.assign(slide, { state: "failed", error: error.message, remedy: "render" });
    }
    composer.progressed(slide);
    composer.media.watch();
  }

  /** Lets the person choose another file for the slide, or the same one again. Its text and position stay. */
  async choose(slide) {
    const [file] = await pickWith(this.picker);
    if (!file || slide.removed) return;
    const problem = problemOf(file, this.composer.limits);
    if (problem) {
      slide.error = problem;
      this.composer.slides.drawState(slide);
      return;
    }
    slide.slots.alt.focus();
    this.replaceFile(slide, file);
  }

  async replaceFile(slide, file) {
    const { composer } = this;
    composer.uploads.cancel(slide);
    if (!isSameFile(slide, file)) {
      composer.uploads.forget(slide);
      const { kind } = Slide.of(file);
      Object.assign(slide, Slide.facts(file), { kind, uploadId: "", mediumId: "", edits: {}, captionsName: "" });
      slide.slots.name.textContent = slide.name;
    }
    Object.assign(slide, { file, mediumId: "", preview: "", sent: 0, error: "", remedy: "", state: "waiting" });
    composer.changed();
    const problem = await composer.begin(slide);
    if (problem) Object.assign(slide, { state: "failed", error: problem, remedy: "replace" });
    composer.changed();
  }

  async edit(slide) {
    const { composer } = this;
    const edits = await composer.editor.open(slide, `${slide.noun} ${composer.slides.items.indexOf(slide) + 1}`);
    slide.slots.edit.focus();
    if (!edits || slide.removed) return;
    const neededCrop = Boolean(slide.shapeProblem);
    slide.edits = edits;
    if (neededCrop && !slide.shapeProblem) composer.messages.showErrors([]);
    composer.pictures.draw(slide);
    composer.changed();
  }

  remove(slide) {
    const { composer } = this;
    if (composer.sharing.isOn) return;
    const index = composer.slides.items.indexOf(slide);
    composer.removeSlide(slide);
    composer.messages.showErrors([]);
    composer.messages.showFailure("");
    const { items, length } = composer.slides;
    composer.messages.say(`${slide.name} removed. ${length} left.`);
    (items[Math.min(index, length - 1)]?.slots.remove ?? composer.pickButton).focus();
  }
}
