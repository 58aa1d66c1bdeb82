/**
 * The composer.
 *
 * People choose, drop or paste files. The files are uploaded, checked and converted while the caption is being written;
 * sharing is then one small request. The draft survives reloads, closed tabs and lost connections, and no failure drops
 * a file or a text. Each of the other modules in this folder does one of these things; this one connects them.
 */
import { ask as confirm } from "../dialogs.js";
import { useFilters } from "../edits.js";
import { keepPreview } from "../local-preview.js";
import { Captions } from "./captions.js";
import { Draft } from "./draft.js";
import { DraftRestorer } from "./draft-restorer.js";
import { Editor } from "./editor.js";
import { isSameFile, problemOf, readLimits } from "./files.js";
import { listenForFiles } from "./intake.js";
import { guardLeaving } from "./leaving.js";
import { ServerMedia, takeMedium } from "./media.js";
import { Messages } from "./messages.js";
import { Server } from "./server.js";
import { Sharing, altSentence } from "./sharing.js";
import { SlideActions } from "./slide-actions.js";
import { SlidePictures } from "./slide-pictures.js";
import { Slide, SlideList } from "./slides.js";
import { Uploads } from "./uploads.js";

export class Composer {
  /** True once the page is being left or another tab has taken the draft: nothing may be saved any more. */
  isLeaving = false;
  #restored = null;

  constructor(root) {
    this.root = root;
    this.form = root.querySelector(".composer-form");
    this.input = this.form.elements.namedItem("files");
    this.texts = ["caption", "location"].map((name) => this.form.elements.namedItem(name));
    this.limits = readLimits(root);
    this.server = new Server(this.form, root.dataset);
    this.messages = new Messages((name) => this.part(name));
    this.actions = new SlideActions(this);
    this.slides = new SlideList(this.part("list"), this.part("slide"), {
      maxAlt: this.limits.maxAlt,
      acts: this.actions,
      moved: () => this.changed(),
      typed: () => this.changed(),
      say: (text) => this.messages.say(text),
    });
    this.pictures = new SlidePictures(this.slides);
    this.uploads = new Uploads({
      server: this.server,
      changed: (slide) => this.progressed(slide),
      arrived: (slide, medium) => this.arrived(slide, medium),
    });
    this.media = new ServerMedia({
      server: this.server,
      slides: this.slides,
      changed: (slide) => this.progressed(slide),
    });
    this.draft = new Draft(root.dataset.draft, () => this.#record());
    this.captions = new Captions(this);
    this.editor = new Editor(this.part("editor"), {
      filters: useFilters(JSON.parse(document.getElementById("filters").textContent)),
      minSide: this.limits.minSide,
    });
    this.sharing = new Sharing(this);
    this.restorer = new DraftRestorer(this);
    this.guard = guardLeaving({
      isDirty: () => this.isDirty,
      isSafe: () => !this.isDirty || (this.draft.isKept && !this.uploads.isBusy),
      isGone: () => this.isLeaving,
      leave: (url, options) => this.leave(url, options),
    });
  }

  /** Takes the form over from the browser, and restores the draft. */
  start() {
    const { root, form, input } = this;
    input.required = false;
    input.tabIndex = -1;
    this.part("files").classList.add("visually-hidden");
    for (const name of ["alts", "kept"]) this.part(name)?.remove();
    if (matchMedia("(hover: none)").matches)
      root.querySelector(".composer-drop-text").textContent = "Choose photos and videos to share";
    root.dataset.js = "";
    this.changed();
    this.#restored = this.restorer.restore();
    listenForFiles({ root, drop: this.part("drop"), input, add: (files) => this.addFiles(files) });
    root.addEventListener("click", (event) => this.#clicked(event.target.closest("[data-act]")?.dataset.act));
    form.addEventListener("submit", (event) => this.#submitted(event));
    form.addEventListener("input", (event) => {
      if (event.target.name) this.changed();
    });
    addEventListener("pagehide", () => {
      if (!this.isLeaving) this.draft.save();
    });
  }

  // --- Parts of the page --------------------------------------------------------------------------------------------

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  button(name) {
    return this.root.querySelector(`[data-act="${name}"]`);
  }

  /** The button for choosing files that is visible now. */
  get pickButton() {
    return [...this.root.querySelectorAll('[data-act="pick"]')].find((button) => button.checkVisibility());
  }

  get isDirty() {
    return this.slides.length > 0 || this.texts.some(({ value }) => value.trim() !== "");
  }

  readTexts() {
    const data = new FormData(this.form);
    return Object.fromEntries(["caption", "location", "audience"].map((name) => [name, data.get(name) ?? ""]));
  }

  /** Returns the record of the draft, or null if there is nothing to keep. */
  #record() {
    return this.isDirty ? { ...this.readTexts(), slides: this.slides.items.map((slide) => slide.toDraft()) } : null;
  }

  #clicked(name) {
    if (name === "pick") this.input.click();
    if (name === "cancel") this.sharing.cancel();
    if (name === "discard") this.discard();
    if (name === "here") this.restorer.takeOver();
  }

  async #submitted(event) {
    event.preventDefault();
    // Restoring turns files that were chosen earlier into slides.
    await this.#restored;
    this.sharing.share();
  }

  // --- Adding files -------------------------------------------------------------------------------------------------

  /** Adds a slide for each valid file and uploads it. Shows the problems of the others. */
  async addFiles(files) {
    await this.#restored;
    if (this.sharing.isOn || this.form.inert) return;
    const { slides, limits, messages } = this;
    const problems = [];
    const added = [];
    for (const [index, file] of files.entries()) {
      const incomplete = slides.items.find((slide) => slide.remedy === "choose" && isSameFile(slide, file));
      const problem = problemOf(file, limits);
      if (problem) problems.push(`${file.name}: ${problem}`);
      else if (incomplete) this.actions.replaceFile(incomplete, file);
      else if (slides.length >= limits.maxSlides) {
        problems.push(tooManySentence(files.slice(index), limits));
        break;
      } else added.push(this.addSlide(Slide.of(file)));
    }
    messages.showErrors(problems);
    for (const slide of added) {
      const problem = await this.begin(slide);
      if (!problem) continue;
      this.removeSlide(slide);
      problems.push(`${slide.name}: ${problem}`);
      messages.showErrors(problems);
      this.sharing.cancel("One file was left out. Check the message, then share.");
    }
    const kept = added.filter((slide) => slides.items.includes(slide));
    const what = kept.length === 1 ? kept[0].name : `${kept.length} files`;
    if (kept.length) messages.say(`${what} added. ${slides.length} in all.`);
  }

  addSlide(slide) {
    this.slides.add(slide);
    this.changed();
    return slide;
  }

  /** Shows the slide's file and uploads it. Resolves to "", or to a sentence if the file is not valid. */
  async begin(slide, { isInDraft = false } = {}) {
    await this.pictures.load(slide);
    const problem = this.pictures.problemOf(slide, this.limits);
    if (problem || slide.removed) return problem;
    if (!isInDraft) {
      slide.isFileDropped = false;
      this.draft.keepFile(slide.key, slide.file).then(this.guard);
    }
    this.uploads.add(slide);
    return "";
  }

  /** Removes a slide here and on the server. */
  removeSlide(slide) {
    slide.removed = true;
    this.uploads.cancel(slide);
    this.slides.take(slide);
    this.draft.dropFile(slide.key);
    this.changed();
    return this.uploads.forget(slide);
  }

  // --- Changes ------------------------------------------------------------------------------------------------------

  /** Updates the page after a change to the order, texts, edits or slides, and saves the draft. */
  changed() {
    const total = this.slides.length;
    this.slides.draw();
    this.part("drop").hidden = total > 0;
    this.part("more").hidden = total === 0 || total >= this.limits.maxSlides;
    const line = altSentence(this.slides.items);
    this.part("summary").hidden = !line;
    this.part("summary").textContent = line;
    this.button("discard").hidden = !this.isDirty || this.sharing.isOn;
    this.draft.saveSoon();
    this.guard();
  }

  /** Updates the page after a change to the upload or processing state of a slide. */
  progressed(slide) {
    if (slide.removed) return;
    const { state, uploadId, mediumId, picture, preview } = slide;
    this.slides.drawState(slide);
    if (slide.announced !== state) {
      if (state === "failed") this.messages.say(`${slide.name}: ${slide.error}`);
      else if (state === "ready") this.messages.say(`${slide.name} is ready.`);
      slide.announced = state;
    }
    if (!picture && preview && slide.triedPreview !== preview) this.pictures.load(slide);
    // Until there is a preview, a reload needs the file itself.
    if (preview && !slide.isFileDropped) {
      slide.isFileDropped = true;
      this.draft.dropFile(slide.key);
    }
    const ids = `${uploadId} ${mediumId}`;
    if (slide.savedIds !== ids) this.draft.saveSoon();
    slide.savedIds = ids;
    this.sharing.advance();
    this.guard();
  }

  arrived(slide, medium) {
    takeMedium(slide, medium);
    this.progressed(slide);
    this.captions.send(slide);
    this.media.watch();
  }

  /** Disables the form while the post is being shared. */
  busy(isBusy) {
    this.part("progress").hidden = !isBusy;
    this.button("cancel").hidden = !isBusy;
    this.button("share").disabled = isBusy;
    this.root.toggleAttribute("data-sending", isBusy);
    for (const name of ["list", "more", "drop", "offer"]) this.part(name).inert = isBusy;
    for (const field of this.texts) field.readOnly = isBusy;
    if (isBusy) this.button("cancel").focus();
    this.changed();
  }

  // --- Leaving the page ---------------------------------------------------------------------------------------------

  async shared(url) {
    this.stop();
    keepPreview(url, this.slides.items[0]?.canvas);
    await this.draft.end();
    location.assign(url);
  }

  async leave(url, { discard }) {
    this.stop();
    if (discard) await Promise.all(this.slides.items.map((slide) => this.uploads.forget(slide)));
    await this.draft.end({ drop: discard });
    location.assign(url);
  }

  async discard() {
    const isSure = await confirm({
      title: "Discard this post?",
      text: "Its files and text will be deleted for good.",
      action: "Discard",
      cancel: "Keep editing",
    });
    if (isSure) this.leave(location.href.split("#")[0], { discard: true });
  }

  /** Stops uploads and polling, and no longer warns before the page is left. */
  stop() {
    this.isLeaving = true;
    this.guard();
    this.uploads.stop();
    this.media.stop();
  }
}

function tooManySentence(left, { maxSlides }) {
  const which = left.length === 1 ? `${left[0].name} was` : `${left.length} files were`;
  return `A post can have up to ${maxSlides} photos and videos. ${which} left out.`;
}
