/**
 * Keeps the draft up to date while one writes, and sees that only one tab does: a second tab may take it over, after
 * the first has put down its pen.
 */
import { dropDraft, dropFile, keepFile, loadDraft, loadFiles, saveDraft } from "../drafts.js";

const SAVE_AFTER_MS = 400;
/** Longer than a page that is being reloaded holds its lock. */
const QUEUE_MS = 700;
const HAND_OVER_MS = 2_000;

export class Draft {
  #timer = null;
  #saving = Promise.resolve();
  #unkept = new Set();
  #wasSaved = true;
  /** False before the draft is loaded and after its end, so that an empty page cannot overwrite it. */
  #isOpen = false;

  /** `read()` gives the record to keep, or null when there is nothing to keep. */
  constructor(owner, read) {
    this.owner = owner;
    this.read = read;
  }

  /** {record, files by slide key}; the record is null without a draft. */
  async load() {
    const [record, files] = await Promise.all([loadDraft(this.owner), loadFiles(this.owner)]);
    this.#isOpen = true;
    return { record, files };
  }

  saveSoon() {
    clearTimeout(this.#timer);
    if (this.#isOpen) this.#timer = setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  save() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#isOpen) return this.#saving;
    const record = this.read();
    this.#saving = this.#saving.then(async () => {
      if (record) this.#wasSaved = await saveDraft(this.owner, record);
      else await dropDraft(this.owner);
    });
    return this.#saving;
  }

  async keepFile(key, file) {
    this.#unkept.add(key);
    if (await keepFile(this.owner, key, file)) this.#unkept.delete(key);
  }

  async dropFile(key) {
    this.#unkept.delete(key);
    await dropFile(this.owner, key);
  }

  /** Whether the page could go now and lose nothing. */
  get isKept() {
    return this.#timer === null && this.#wasSaved && this.#unkept.size === 0;
  }

  /** Ends it: shared, discarded, or now another tab's. */
  async end({ drop = true } = {}) {
    if (!drop) await this.save();
    this.#isOpen = false;
    clearTimeout(this.#timer);
    await this.#saving;
    if (drop) await dropDraft(this.owner);
  }

  // --- One tab at a time --------------------------------------------------------------------------------------------

  /**
   * Whether this tab may write the draft. `takeOver` asks the tab that does to hand it over, and takes it when that
   * tab does not answer. `lost()` is awaited when another tab takes it from this one.
   */
  async claim(lost, { takeOver = false } = {}) {
    // Only on https and localhost; elsewhere the last tab to save wins.
    if (!navigator.locks) return true;
    const name = `composer-${this.owner}`;
    const channel = new BroadcastChannel(name);
    if (takeOver) channel.postMessage("hand over");
    const isOurs =
      (await this.#lock(name, channel, lost, { signal: AbortSignal.timeout(takeOver ? HAND_OVER_MS : QUEUE_MS) })) ||
      (takeOver && (await this.#lock(name, channel, lost, { steal: true })));
    if (!isOurs) channel.close();
    return isOurs;
  }

  #lock(name, channel, lost, options) {
    return new Promise((resolve) => {
      let isHeld = false;
      const held = navigator.locks.request(name, options, () => {
        isHeld = true;
        resolve(true);
        return new Promise((release) => {
          channel.addEventListener("message", async () => {
            await lost();
            channel.close();
            release();
          });
        });
      });
      held.catch(() => {
        // Held before: stolen by a tab that got no answer from this one.
        if (isHeld) lost();
        else resolve(false);
      });
    });
  }
}
