/**
 * Shares the post: checks the form, reminds of alt texts, waits for uploads, then sends one small request. Every
 * failure is shown where it belongs, and nothing is lost.
 */
import { graphemes } from "../count.js";
import { choose } from "../dialogs.js";
import { megabytes, slidesWord } from "./files.js";

/** A photo that has arrived is checked in a moment; were no worker there, one would wait for ever. */
const CHECK_MS = 10_000;

export class Sharing {
  /** Ends the waiting for files, and looks whether it can end. */
  #waiting = null;
  #look = null;
  #isReminded = false;

  constructor(composer) {
    this.composer = composer;
    this.isOn = false;
  }

  async share() {
    if (this.isOn) return;
    this.clear();
    if (!this.#check() || !(await this.#remind())) return;
    this.isOn = true;
    this.composer.busy(true);
    const stopped = await this.#allArrived();
    if (stopped) {
      this.#end();
      if (stopped.message) this.#refuse(stopped.message, stopped.focus);
      return;
    }
    this.#showProgress("Sharing…");
    try {
      this.composer.shared((await this.composer.server.ask("POST", "Create", { fields: this.#fields() })).url);
    } catch (error) {
      this.#end();
      if (error.status === 422) this.#refused(error.answer);
      else if (error.status !== undefined)
        this.#refuse(
          error.message.includes("still here")
            ? `Your post wasn’t shared. ${error.message}`
            : `Your post wasn’t shared. ${error.message} Your post is still here.`,
        );
      else throw error;
    }
  }

  /** Back to writing; only while files are still on their way. */
  cancel(message = "") {
    this.#waiting?.({ message });
  }

  clear() {
    this.composer.messages.showErrors([]);
    for (const field of this.composer.texts) this.composer.messages.showFieldError(field, []);
    for (const slide of this.composer.slides.items) {
      if (slide.state !== "failed") slide.error = "";
      this.composer.slides.drawState(slide);
    }
    this.composer.messages.showFailure("");
  }

  // --- Before -------------------------------------------------------------------------------------------------------

  /** True when all is well here; else focuses the first thing to mend. */
  #check() {
    const { slides, limits, messages, pickButton } = this.composer;
    let first = null;
    const refuse = (message, focus) => {
      messages.showErrors([message]);
      first ??= focus;
    };
    const total = slides.items.reduce((sum, { size }) => sum + size, 0);
    const failed = slides.items.filter(({ state }) => state === "failed");
    const uncropped = slides.items.find(({ shapeProblem }) => shapeProblem);
    if (slides.length === 0) refuse("Choose at least one photo or video.", pickButton);
    else if (failed.length) refuse(failedSentence(failed), buttonOf(failed[0]));
    else if (uncropped) refuse(`${uncropped.name}: ${uncropped.shapeProblem}`, cropButtonOf(uncropped));
    else if (total > limits.maxPostBytes)
      refuse(
        `These files are ${megabytes(total)} in total, over the limit of ${megabytes(limits.maxPostBytes)} for a ` +
          "post. Share them in several posts.",
        pickButton,
      );
    for (const field of this.composer.texts) {
      const most = Number(field.dataset.maxGraphemes);
      const used = graphemes(field.value);
      if (!most || used <= most) continue;
      messages.showFieldError(field, [`This is ${tooLong(used, most)}`]);
      first ??= field;
    }
    for (const slide of slides.items) {
      const used = graphemes(slide.alt);
      if (used <= limits.maxAlt) continue;
      slide.error = `The alt text is ${tooLong(used, limits.maxAlt)}`;
      slides.drawState(slide);
      first ??= slide.slots.alt;
    }
    first?.focus();
    return first === null;
  }

  async #remind() {
    const { items } = this.composer.slides;
    const without = items.filter(({ alt }) => alt.trim() === "");
    if (without.length === 0 || this.#isReminded) return true;
    const chosen = await choose({
      title: "Add alt text?",
      text: `${altSentence(items)} It describes your ${slidesWord(items)} to people who can’t see them.`,
      choices: [
        { value: "add", label: "Add alt text" },
        { value: "share", label: "Share anyway" },
      ],
    });
    this.#isReminded = chosen === "share";
    if (!this.#isReminded) without[0].slots.alt.focus();
    return this.#isReminded;
  }

  // --- Waiting for the files ----------------------------------------------------------------------------------------

  /** Resolves to null once the server has all files and has looked at the photos; else to why not. */
  #allArrived() {
    return new Promise((resolve) => {
      let timer = null;
      this.#waiting = (stopped) => {
        clearTimeout(timer);
        this.#waiting = null;
        resolve(stopped);
      };
      this.#look = () => {
        const { items } = this.composer.slides;
        const failed = items.filter(({ state }) => state === "failed");
        const uncropped = items.find(({ shapeProblem }) => shapeProblem);
        if (failed.length) this.#waiting({ message: failedSentence(failed), focus: buttonOf(failed[0]) });
        else if (uncropped)
          this.#waiting({ message: `${uncropped.name}: ${uncropped.shapeProblem}`, focus: cropButtonOf(uncropped) });
        else if (items.every(isDone)) this.#waiting(null);
        else if (items.every(({ hasArrived }) => hasArrived)) {
          this.#showProgress("Checking the photos…");
          timer ??= setTimeout(() => this.#waiting?.(null), CHECK_MS);
        } else this.#showTravel(items);
      };
      this.#look();
    });
  }

  /** Continues sharing if possible. Call it after every change to a slide. */
  advance() {
    if (this.#waiting) this.#look();
  }

  #showTravel(items) {
    const all = items.reduce((sum, { size }) => sum + size, 0);
    const there = items.reduce((sum, { hasArrived, size, sent }) => sum + (hasArrived ? size : sent), 0);
    const percent = Math.floor((there / Math.max(all, 1)) * 100);
    const left = items.filter(({ hasArrived }) => !hasArrived).length;
    const note = items.find(({ note }) => note)?.note;
    this.#showProgress(
      note || `Sending ${left === 1 ? "the last file" : `${left} files`}: ${Math.floor(percent / 10) * 10} %`,
      percent,
    );
  }

  #showProgress(text, percent) {
    const bar = this.composer.root.querySelector(".composer-progress");
    const line = this.composer.root.querySelector(".composer-progress-text");
    if (percent === undefined) bar.removeAttribute("value");
    else bar.value = percent;
    if (line.textContent !== text) line.textContent = text;
  }

  // --- The request and its answer -----------------------------------------------------------------------------------

  #fields() {
    const { items } = this.composer.slides;
    return {
      ...this.composer.readTexts(),
      media: items.map(({ mediumId }) => mediumId),
      alt: items.map(({ alt }) => alt),
      edits: items.map(({ edits }) => (Object.keys(edits).length ? JSON.stringify(edits) : "")),
    };
  }

  #end() {
    this.isOn = false;
    this.composer.busy(false);
  }

  #refuse(message, focus) {
    this.composer.messages.showFailure(message);
    (focus ?? this.composer.root.querySelector('[data-act="share"]')).focus();
  }

  #refused({ errors = {}, media_errors: mediaErrors = [] }) {
    let first = null;
    for (const { id, message } of mediaErrors) {
      const slide = this.composer.slides.items.find(({ mediumId }) => mediumId === id);
      if (!slide) continue;
      slide.error = message;
      this.composer.slides.drawState(slide);
      first ??= slide.slots.remove;
    }
    const shown = new Set(this.composer.texts.map(({ name }) => name));
    for (const field of this.composer.texts) {
      const messages = errors[field.name] ?? [];
      this.composer.messages.showFieldError(field, messages);
      if (messages.length) first ??= field;
    }
    // Problems shown at the slides are not repeated.
    if (mediaErrors.length) shown.add("files").add("media");
    const others = Object.entries(errors).flatMap(([name, messages]) => (shown.has(name) ? [] : messages));
    this.#refuse(
      others.join(" ") || "Your post wasn’t shared. Check the marked items. Your post is still here.",
      first,
    );
  }
}

/** "2 of 3 photos have no alt text."; for nothing without, "". */
export function altSentence(slides) {
  const without = slides.filter(({ alt }) => alt.trim() === "").length;
  if (without === 0) return "";
  if (slides.length === 1) return `Your ${slides[0].noun} has no alt text.`;
  return `${without} of ${slides.length} ${slidesWord(slides)} ${without === 1 ? "has" : "have"} no alt text.`;
}

const tooLong = (used, most) =>
  `${used.toLocaleString("en-GB")} characters long. The limit is ${most.toLocaleString("en-GB")}.`;

const isDone = ({ state, kind, hasArrived }) => state === "ready" || (hasArrived && kind === "video");

const failedSentence = (failed) =>
  failed.length === 1
    ? `${failed[0].name} can’t be shared. Fix or remove it.`
    : `${failed.length} files can’t be shared. Fix or remove them.`;

const buttonOf = ({ slots }) => [slots.retry, slots.choose].find((button) => !button.hidden) ?? slots.remove;

/** The button appears with the picture, which may still be on its way from the server. */
const cropButtonOf = ({ slots }) => (slots.crop.hidden ? slots.remove : slots.crop);
