/** The pictures of slides: decoded from the file or from the server's preview, drawn with the slide's edits. */
import { cropRect } from "../edits.js";
import { lengthProblem, sizeProblem } from "./files.js";
import { pictureOf, render } from "./pictures.js";

const THUMB_PX = 288;

export class SlidePictures {
  constructor(slides) {
    this.slides = slides;
  }

  /** Loads and draws the picture of a slide. A slide without one that the browser can decode shows a blank. */
  async load(slide) {
    slide.triedPreview = slide.preview;
    slide.picture = await pictureOf(slide, THUMB_PX);
    this.draw(slide);
  }

  draw(slide) {
    const { canvas, picture, edits, slots } = slide;
    slots.thumb.toggleAttribute("data-blank", !picture);
    canvas.hidden = !picture;
    if (picture) {
      const frame = cropRect(edits, picture.width, picture.height);
      const scale = THUMB_PX / Math.max(frame.width, frame.height);
      canvas.width = Math.max(1, Math.round(frame.width * scale));
      canvas.height = Math.max(1, Math.round(frame.height * scale));
      render(canvas, picture, frame, edits);
    }
    this.slides.drawState(slide);
  }

  /** Returns a sentence if the photo's dimensions or the video's length are not allowed, else "". */
  problemOf({ picture }, limits) {
    if (!picture) return "";
    return picture.seconds === undefined ? sizeProblem(picture, limits) : lengthProblem(picture.seconds, limits);
  }
}
