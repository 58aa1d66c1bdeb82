/** The captions (WebVTT) of a video slide: chosen at any time, sent once their video has arrived. */
import { make } from "../dom.js";
import { pickWith } from "./intake.js";
import { takeMedium } from "./media.js";

const ENDING = " captions";

/** Under what name the draft keeps the captions of the slide with this key. */
export const captionsKey = (key) => key + ENDING;
export const isCaptionsKey = (key) => key.endsWith(ENDING);

export class Captions {
  constructor({ ask, root, draft, maxBytes, drawn, changed, progressed }) {
    Object.assign(this, { ask, draft, maxBytes, drawn, changed, progressed });
    this.picker = make("input", { type: "file", accept: ".vtt,text/vtt", hidden: true });
    root.append(this.picker);
  }

  async choose(slide) {
    const [file] = await pickWith(this.picker);
    if (!file || slide.removed) return;
    if (file.size > this.maxBytes) {
      slide.captionsError = `${file.name} has more than ${this.maxBytes / 2 ** 20} MB. Choose a smaller captions file.`;
      this.drawn(slide);
      return;
    }
    if (!slide.captionsFile) slide.captionsBefore = slide.captionsName;
    Object.assign(slide, { captionsFile: file, captionsName: file.name, captionsError: "" });
    this.drawn(slide);
    if (slide.hasArrived) await this.send(slide);
    else await this.draft.keepFile(captionsKey(slide.key), file);
    this.changed();
  }

  async send(slide) {
    const file = slide.captionsFile;
    if (!file) return;
    try {
      const medium = await this.ask("POST", `media/${slide.mediumId}/captions/`, { file });
      if (slide.captionsFile !== file) return;
      slide.captionsFile = null;
      takeMedium(slide, medium);
    } catch (error) {
      if (slide.captionsFile !== file) return;
      Object.assign(slide, {
        captionsFile: null,
        captionsName: slide.captionsBefore ?? "",
        captionsError: `${file.name}: ${error.message}`,
      });
    }
    this.draft.dropFile(captionsKey(slide.key));
    this.progressed(slide);
  }

  async drop(slide) {
    Object.assign(slide, { captionsFile: null, captionsError: "" });
    this.draft.dropFile(captionsKey(slide.key));
    try {
      if (slide.hasArrived) await this.ask("POST", `media/${slide.mediumId}/captions/delete/`);
      slide.captionsName = "";
    } catch (error) {
      slide.captionsError = error.message;
    }
    this.drawn(slide);
    this.changed();
  }
}
