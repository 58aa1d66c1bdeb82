/** The captions (WebVTT) of a video slide: chosen at any time, sent once their video has arrived. */
import { make } from "../dom.js";
import { pickWith } from "./intake.js";
import { takeMedium } from "./media.js";

const ENDING = " captions";

/** Under what name the draft keeps the captions of the slide with this key. */
export const captionsKey = (key) => key + ENDING;
export const isCaptionsKey = (key) => key.endsWith(ENDING);

export class Captions {
  constructor(composer) {
    this.composer = composer;
    this.picker = make("input", { type: "file", accept: ".vtt,text/vtt", hidden: true });
    composer.root.append(this.picker);
  }

  async choose(slide) {
    const { composer } = this;
    const { draft, limits, slides } = composer;
    const [file] = await pickWith(this.picker);
    if (!file || slide.removed) return;
    if (file.size > limits.maxCaptionsBytes) {
      const most = limits.maxCaptionsBytes / 2 ** 20;
      slide.captionsError = `${file.name} is larger than ${most} MB. Choose a smaller captions file.`;
      slides.drawState(slide);
      return;
    }
    if (!slide.captionsFile) slide.captionsBefore = slide.captionsName;
    Object.assign(slide, { captionsFile: file, captionsName: file.name, captionsError: "" });
    slides.drawState(slide);
    if (slide.hasArrived) await this.send(slide);
    else await draft.keepFile(captionsKey(slide.key), file);
    composer.changed();
  }

  async send(slide) {
    const { composer } = this;
    const { draft, server } = composer;
    const file = slide.captionsFile;
    if (!file) return;
    try {
      const medium = await server.ask("POST", "AddCaptions", { id: slide.mediumId, fields: { file } });
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
    draft.dropFile(captionsKey(slide.key));
    composer.progressed(slide);
  }

  async drop(slide) {
    const { composer } = this;
    const { draft, server, slides } = composer;
    Object.assign(slide, { captionsFile: null, captionsError: "" });
    draft.dropFile(captionsKey(slide.key));
    try {
      if (slide.hasArrived) await server.ask("POST", "RemoveCaptions", { id: slide.mediumId });
      slide.captionsName = "";
    } catch (error) {
      slide.captionsError = error.message;
    }
    slides.drawState(slide);
    composer.changed();
  }
}
