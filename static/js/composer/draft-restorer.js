/** Restores the draft when the page opens: its texts, its slides, and uploads that were interrupted. */
import { update as updateCounter } from "../count.js";
import { captionsKey, isCaptionsKey } from "./captions.js";
import { offer } from "./offer.js";
import { Slide } from "./slides.js";
import { CHOOSE_AGAIN } from "./uploads.js";

/** Key in sessionStorage that survives the reload with which a tab takes the draft over. */
const TAKE_OVER = "composer-take-over";

export class DraftRestorer {
  constructor(composer) {
    this.composer = composer;
  }

  /** Reloads the page; the new page takes the draft over from the other tab. */
  takeOver() {
    sessionStorage.setItem(TAKE_OVER, "");
    location.reload();
  }

  async restore() {
    const { composer } = this;
    const takeOver = sessionStorage.getItem(TAKE_OVER) !== null;
    sessionStorage.removeItem(TAKE_OVER);
    if (!(await composer.draft.claim(() => this.#lost(), { takeOver }))) {
      composer.isLeaving = true;
      this.#showElsewhere();
      return;
    }
    const { record, files } = await composer.draft.load();
    this.#restoreTexts(record ?? {});
    this.#restoreSlides(record?.slides ?? [], files);
    if (composer.isDirty) composer.messages.say("Your draft is back.");
    composer.changed();
    this.#resume();
  }

  /** Gives the draft up to another tab. */
  async #lost() {
    const { composer } = this;
    if (composer.isLeaving) return;
    composer.stop();
    await composer.draft.end({ drop: false });
    this.#showElsewhere();
  }

  #showElsewhere() {
    this.composer.part("elsewhere").hidden = false;
    this.composer.form.inert = true;
  }

  /** Fills in empty fields only: texts that the server returned with an error are newer than the draft. */
  #restoreTexts({ audience, ...record }) {
    const { texts, form } = this.composer;
    for (const field of texts) {
      if (field.value || !record[field.name]) continue;
      field.value = record[field.name];
      if (field.dataset.maxGraphemes) updateCounter(field);
    }
    const radio = audience && form.querySelector(`[name="audience"][value="${CSS.escape(audience)}"]`);
    if (radio) radio.checked = true;
  }

  #restoreSlides(records, files) {
    const { composer } = this;
    for (const fields of records) {
      const slide = new Slide({
        ...fields,
        file: files.get(fields.key) ?? null,
        captionsFile: files.get(captionsKey(fields.key)) ?? null,
      });
      // Files that are ready are not announced again.
      Object.assign(slide, { state: slide.hasArrived ? "checking" : "waiting", announced: "ready" });
      composer.addSlide(slide);
    }
    for (const [key, file] of files) {
      // The file was saved just before the page closed, but the record was not.
      if (!isCaptionsKey(key) && !composer.slides.items.some((slide) => slide.key === key))
        composer.addSlide(Object.assign(Slide.of(file), { key }));
    }
  }

  /** Continues uploads, and offers the ones that are missing in the draft. */
  async #resume() {
    const { composer } = this;
    const restored = [...composer.slides.items];
    const found = await composer.media.read();
    composer.media.watch();
    if (found)
      offer(composer.part("offer"), found, {
        slides: composer.slides,
        uploads: composer.uploads,
        room: composer.limits.maxSlides - composer.slides.length,
        add: (offered) => this.#addOffered(offered),
        dropped: () => composer.pickButton.focus(),
      });
    for (const slide of restored) {
      if (!slide.removed) await this.#resumeSlide(slide);
    }
  }

  async #resumeSlide(slide) {
    const { composer } = this;
    if (slide.hasArrived || slide.state === "failed") {
      if (!slide.picture) await composer.pictures.load(slide);
      return;
    }
    if (slide.file) {
      const problem = await composer.begin(slide, { isInDraft: true });
      if (problem) Object.assign(slide, { state: "failed", error: problem, remedy: "replace" });
    } else Object.assign(slide, { state: "failed", error: CHOOSE_AGAIN, remedy: "choose" });
    composer.progressed(slide);
  }

  #addOffered(offered) {
    const { composer } = this;
    for (const slide of offered) {
      composer.addSlide(slide);
      composer.progressed(slide);
    }
    offered[0].slots.alt.focus();
    composer.media.watch();
  }
}
