/** State of uploaded files on the server (checking, converting, ready, failed); polls while it changes. */
const POLL_MS = 2_000;
const SLOW_POLL_MS = 15_000;

export class ServerMedia {
  #timer = null;
  #isStopped = false;

  constructor({ server, slides, changed }) {
    Object.assign(this, { server, slides, changed });
    addEventListener("online", () => this.watch());
    document.addEventListener("visibilitychange", () => this.watch());
  }

  /** Brings the slides up to date; {items, uploads} of all that one has not shared, or null when it cannot be asked. */
  async read() {
    // Data that another response delivers in the meantime is newer.
    const known = this.slides.items
      .filter(({ hasArrived }) => hasArrived)
      .map((slide) => ({ slide, answers: slide.answers }));
    let answer;
    try {
      answer = await this.server.ask("GET", "Media");
    } catch (error) {
      if (error.status === undefined) throw error;
      return null;
    }
    const media = new Map(answer.items.map((medium) => [medium.id, medium]));
    for (const { slide, answers } of known) {
      if (slide.answers !== answers) continue;
      const medium = media.get(slide.mediumId);
      if (medium) takeMedium(slide, medium);
      else loseMedium(slide);
      this.changed(slide);
    }
    return answer;
  }

  /** Asks every two seconds as long as the server works on a slide. */
  watch() {
    clearTimeout(this.#timer);
    if (this.#isStopped || !this.slides.items.some(isWorkedOn)) return;
    this.#timer = setTimeout(
      async () => {
        await this.read();
        this.watch();
      },
      document.hidden || navigator.onLine === false ? SLOW_POLL_MS : POLL_MS,
    );
  }

  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}

const isWorkedOn = ({ hasArrived, isSettled }) => hasArrived && !isSettled;

/** Swept after a long time, or deleted or shared from elsewhere. */
function loseMedium(slide) {
  const error = `This file is no longer on the server. ${slide.file ? "Send" : "Choose"} it again.`;
  Object.assign(slide, { mediumId: "", uploadId: "", state: "failed", remedy: slide.file ? "send" : "choose", error });
}

/** Copies the server's data of a medium to its slide. */
export function takeMedium(
  slide,
  { id, kind, state, progress, error, notice, width, height, preview, captions, name },
) {
  Object.assign(slide, { mediumId: id, kind, progress, width, height, preview, note: "", name: slide.name || name });
  slide.answers += 1;
  if (!slide.captionsFile) slide.captionsName = captions ? slide.captionsName || "Captions added" : "";
  // Videos have no filters. The server may find that a photo is a video (an animated GIF).
  if (kind === "video") slide.edits = slide.edits.crop ? { crop: slide.edits.crop } : {};
  slide.state =
    state === "ready" || state === "failed" ? state : kind === "video" && progress > 0 ? "converting" : "checking";
  slide.error = state === "failed" ? error : "";
  slide.notice = state === "ready" ? notice : "";
  slide.remedy = state === "failed" ? "render" : "";
}
