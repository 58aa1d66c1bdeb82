/**
 * Brings files to the server while the caption is being written: at most three at once, the parts of each in sequence.
 * A dropped connection is tried again after growing pauses, at once when the browser says that it is back, and goes on
 * with the parts that the server lacks. Reloading goes on likewise: a slide's `uploadId` and file are in the draft.
 */
import { Refusal, sendPart } from "./server.js";

const AT_ONCE = 3;
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];
/**
 * Number of consecutive server failures, and of refused parts, after which the upload fails. Being offline does not
 * count.
 */
const MAX_FAULTS = 6;
const MAX_PART_REFUSALS = 2;

export const CHOOSE_AGAIN = "This file was moved or changed on your device. Choose it again.";

export class Uploads {
  #waiting = [];
  #running = new Map();
  #sleepers = new Set();
  #stopped = false;
  /** Uploads are begun one after the other: their ids tell the order in which the files were chosen. */
  #begun = Promise.resolve();

  /**
   * `changed(slide)` is called whenever a slide's state is another,
   * `arrived(slide, medium)` once the server has the whole file.
   */
  constructor({ server, changed, arrived }) {
    this.server = server;
    this.changed = changed;
    this.arrived = arrived;
    addEventListener("online", () => this.wake());
  }

  /** Uploads the slide's file, or the rest of it. */
  add(slide) {
    if (this.#stopped || this.#running.has(slide) || this.#waiting.includes(slide)) return;
    Object.assign(slide, { state: "waiting", error: "", note: "", remedy: "" });
    this.#waiting.push(slide);
    this.changed(slide);
    this.#pump();
  }

  /** Stops the upload of a slide. The server keeps the parts it has. */
  cancel(slide) {
    this.#waiting = this.#waiting.filter((one) => one !== slide);
    this.#running.get(slide)?.abort();
  }

  stop() {
    this.#stopped = true;
    for (const slide of [...this.#waiting, ...this.#running.keys()]) this.cancel(slide);
  }

  /** Ends every pause. */
  wake() {
    for (const wakeUp of this.#sleepers) wakeUp();
  }

  get isBusy() {
    return this.#running.size + this.#waiting.length > 0;
  }

  #pump() {
    while (this.#running.size < AT_ONCE && this.#waiting.length) {
      const slide = this.#waiting.shift();
      const controller = new AbortController();
      this.#running.set(slide, controller);
      this.#bring(slide, controller.signal).finally(() => {
        this.#running.delete(slide);
        this.#pump();
        this.changed(slide);
      });
    }
  }

  async #bring(slide, signal) {
    const tries = { pauses: 0, faults: 0, partRefusals: 0, sent: 0 };
    for (;;) {
      try {
        const medium = await this.#attempt(slide, signal);
        if (slide.removed) await this.forget({ mediumId: medium.id });
        else if (!signal.aborted) this.arrived(slide, medium);
        return;
      } catch (error) {
        if (signal.aborted) {
          if (slide.removed) await this.forget(slide);
          return;
        }
        if (!(error instanceof Refusal)) {
          this.#fail(slide, "Something went wrong with this file. Try again.", "send");
          throw error;
        }
        const again = await this.#mayTryAgain(slide, error, tries);
        if (!again) return;
        await this.#sleep(again.pauseMs, signal);
      }
    }
  }

  async #attempt(slide, signal) {
    const session = await this.#session(slide);
    if (session.medium) return session.medium;
    for (const part of session.parts) {
      signal.throwIfAborted();
      if (part.have) continue;
      const before = sizeOf(session.parts.filter(({ have }) => have));
      const progress = (bytes) => {
        slide.sent = before + bytes;
        if (slide.note && bytes) slide.note = "";
        this.changed(slide);
      };
      this.#enter(slide, "sending", before);
      await sendPart(part, slide.file.slice(part.offset, part.offset + part.size), { signal, progress }).catch(
        (error) => {
          error.isOfPart = true;
          throw error;
        },
      );
      part.have = true;
    }
    this.#enter(slide, "checking", slide.size);
    return this.server.ask("POST", "CompleteUpload", { id: slide.uploadId });
  }

  /** The upload session of the slide as the server knows it, or a new one; `{medium}` if it has all arrived already. */
  async #session(slide) {
    if (slide.uploadId) {
      try {
        return await this.server.ask("GET", "Upload", { id: slide.uploadId });
      } catch (error) {
        if (error.status !== 404) throw error;
      }
      try {
        return { medium: await this.server.ask("POST", "CompleteUpload", { id: slide.uploadId }) };
      } catch (error) {
        if (error.status !== 404) throw error;
      }
    }
    const beginning = this.#begun.then(() =>
      this.server.ask("POST", "Uploads", {
        fields: { name: slide.name, size: String(slide.size), type: slide.type },
      }),
    );
    this.#begun = beginning.catch(() => {});
    const session = await beginning;
    slide.uploadId = session.id;
    this.changed(slide);
    return session;
  }

  #enter(slide, state, sent) {
    Object.assign(slide, { state, sent, note: "" });
    this.changed(slide);
  }

  /** Returns `{pauseMs}`, or null after showing the error at the slide. */
  async #mayTryAgain(slide, error, tries) {
    if (slide.sent > tries.sent) Object.assign(tries, { pauses: 0, faults: 0, partRefusals: 0, sent: slide.sent });
    const pauseMs = Math.max(
      PAUSES_MS[Math.min(tries.pauses++, PAUSES_MS.length - 1)] * (1 + Math.random() / 4),
      error.retryAfterMs,
    );
    if (error.code === "incomplete" && tries.faults++ < MAX_FAULTS) return { pauseMs: 0 };
    // The permission to send a part ends after a while; the session has a fresh one.
    if (error.isOfPart && !error.passes && error.status !== 401 && tries.partRefusals++ < MAX_PART_REFUSALS)
      return { pauseMs: 0 };
    if (error.status === 0) {
      if (!(await isReadable(slide.file))) {
        this.#fail(slide, CHOOSE_AGAIN, "choose");
        return null;
      }
    } else if (!error.passes || (error.status >= 500 && tries.faults++ >= MAX_FAULTS)) {
      this.#fail(slide, error.message, error.status === 422 && error.code !== "quota" ? "replace" : "send");
      return null;
    }
    slide.note = noteOf(error);
    slide.state = "waiting";
    this.changed(slide);
    return { pauseMs };
  }

  #fail(slide, error, remedy) {
    Object.assign(slide, { state: "failed", note: "", error, remedy });
    // The server keeps nothing of a file that it refused.
    if (remedy === "replace") slide.uploadId = "";
    this.changed(slide);
  }

  #sleep(milliseconds, signal) {
    return new Promise((resolve) => {
      const wakeUp = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wakeUp);
        signal.removeEventListener("abort", wakeUp);
        resolve();
      };
      const timer = setTimeout(wakeUp, milliseconds);
      this.#sleepers.add(wakeUp);
      signal.addEventListener("abort", wakeUp);
    });
  }

  /**
   * Deletes the slide's data on the server. Resolves even if the request fails, because the sweeper deletes it later.
   */
  async forget({ mediumId, uploadId }) {
    if (!mediumId && !uploadId) return;
    const route = mediumId ? "DeleteMedium" : "DeleteUpload";
    await this.server.ask("POST", route, { id: mediumId || uploadId, keepalive: true }).catch(() => {});
  }
}

function noteOf(error) {
  if (error.status === 0)
    return navigator.onLine === false
      ? "You’re offline. The upload continues when you’re back."
      : "The connection was lost. Retrying…";
  return error.status === 429 ? error.message : `${error.message.replace(/ Try again.*$/, "")} Retrying…`;
}

const sizeOf = (parts) => parts.reduce((sum, { size }) => sum + size, 0);

/** A chosen file can be moved, changed or deleted on the device; sending it then fails as a lost connection does. */
async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
