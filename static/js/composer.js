/**
 * The compose page. Files are chosen, dropped or pasted; they travel, are checked and converted while one writes, crops
 * and describes them; sharing is then one small request. The draft survives a reload, a closed tab and a lost
 * connection, and nothing chosen or typed is ever dropped by a failure. The modules in composer/ each do one of these
 * things; this one ties them to the page.
 * Without JavaScript the same form takes several files at once, with alt texts in their order.
 */
import { update as updateCounter } from "./count.js";
import { ask as confirm } from "./dialogs.js";
import { make } from "./dom.js";
import { cropRect, useFilters } from "./edits.js";
import { keepPreview } from "./local-preview.js";
import { Captions, captionsKey, isCaptionsKey } from "./composer/captions.js";
import { Draft } from "./composer/draft.js";
import { Editor } from "./composer/editor.js";
import { lengthProblem, problemOf, readLimits, sizeProblem } from "./composer/files.js";
import { listenForFiles, pickWith } from "./composer/intake.js";
import { guardLeaving } from "./composer/leaving.js";
import { ServerMedia, takeMedium } from "./composer/media.js";
import { Messages } from "./composer/messages.js";
import { offer } from "./composer/offer.js";
import { pictureOf, render } from "./composer/pictures.js";
import * as server from "./composer/server.js";
import { Sharing, altSentence } from "./composer/sharing.js";
import { Slide, SlideList } from "./composer/slides.js";
import { CHOOSE_AGAIN, Uploads } from "./composer/uploads.js";

const THUMB_PX = 288;
const TAKE_OVER = "composer-take-over";

const root = document.querySelector("[data-composer]");
if (root) compose(root);

function compose(root) {
  const form = root.querySelector(".composer-form");
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const act = (name) => root.querySelector(`[data-act="${name}"]`);
  const input = form.elements.namedItem("files");
  const picker = make("input", { type: "file", accept: input.accept, hidden: true });
  const texts = ["caption", "location"].map((name) => form.elements.namedItem(name));
  const limits = readLimits(root);
  const pickButton = () => [...root.querySelectorAll('[data-act="pick"]')].find((button) => button.checkVisibility());
  const ask = (...request) => server.ask(form, ...request);
  const messages = new Messages(part);
  const say = (text) => messages.say(text);
  let isLeaving = false;

  const slides = new SlideList(part("list"), part("slide"), {
    maxAlt: limits.maxAlt,
    acts: {
      retry,
      choose: chooseInstead,
      edit,
      remove,
      captions: (slide) => captions.choose(slide),
      dropCaptions: (slide) => captions.drop(slide),
    },
    moved: changed,
    typed: changed,
    say,
  });
  const uploads = new Uploads({ ask, changed: progressed, arrived });
  const media = new ServerMedia({ ask, slides, changed: progressed });
  const draft = new Draft(root.dataset.draft, () =>
    isDirty() ? { ...readTexts(), slides: slides.items.map((slide) => slide.toDraft()) } : null,
  );
  const captions = new Captions({
    ask,
    root,
    draft,
    maxBytes: limits.maxCaptionsBytes,
    drawn: (slide) => slides.drawState(slide),
    changed,
    progressed,
  });
  const editor = new Editor(part("editor"), {
    filters: useFilters(JSON.parse(document.getElementById("filters").textContent)),
    minSide: limits.minSide,
  });
  const sharing = new Sharing({
    form,
    slides,
    messages,
    limits,
    root,
    ask,
    busy,
    shared,
    fields: { texts, read: readTexts },
    pickButton,
  });

  function readTexts() {
    const data = new FormData(form);
    return Object.fromEntries(["caption", "location", "audience"].map((name) => [name, data.get(name) ?? ""]));
  }

  // --- Files come ---------------------------------------------------------------------------------------------------

  async function add(files) {
    await isRestored;
    if (sharing.isOn || form.inert) return;
    const problems = [];
    const taken = [];
    for (const file of files) {
      const lacking = slides.items.find((slide) => slide.remedy === "choose" && isSameFile(slide, file));
      const problem = problemOf(file, limits);
      if (problem) problems.push(`${file.name}: ${problem}`);
      else if (lacking) giveFile(lacking, file);
      else if (slides.length >= limits.maxSlides) {
        const over = files.length - files.indexOf(file);
        problems.push(
          `A post holds at most ${limits.maxSlides} photos and videos. ${over === 1 ? `${file.name} was` : `${over} files were`} left out.`,
        );
        break;
      } else taken.push(addSlide(Slide.of(file)));
    }
    messages.showErrors(problems);
    for (const slide of taken) {
      const problem = await start(slide);
      if (problem) {
        take(slide);
        problems.push(`${slide.name}: ${problem}`);
        messages.showErrors(problems);
        sharing.cancel("One file was left out: see why, then share.");
      }
    }
    const kept = taken.filter((slide) => slides.items.includes(slide));
    if (kept.length)
      say(`${kept.length === 1 ? kept[0].name : `${kept.length} files`} added. ${slides.length} in all.`);
  }

  function addSlide(slide) {
    slides.add(slide);
    changed();
    return slide;
  }

  /** Shows the file and sends it, unless it is seen to be of no use: then a sentence. */
  async function start(slide, { isKept = false } = {}) {
    await showPicture(slide);
    const { picture } = slide;
    const problem = !picture
      ? ""
      : picture.seconds === undefined
        ? sizeProblem(picture, limits)
        : lengthProblem(picture.seconds, limits);
    if (problem || slide.removed) return problem;
    if (!isKept) {
      slide.isFileDropped = false;
      draft.keepFile(slide.key, slide.file).then(guard);
    }
    uploads.add(slide);
    return "";
  }

  async function showPicture(slide) {
    slide.triedPreview = slide.preview;
    slide.picture = await pictureOf(slide, THUMB_PX);
    drawPicture(slide);
  }

  function drawPicture(slide) {
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
    slides.drawState(slide);
  }

  /** Another file for a slide, or the same once more: its text and place stay. */
  async function chooseInstead(slide) {
    const [file] = await pickWith(picker);
    if (!file || slide.removed) return;
    const problem = problemOf(file, limits);
    if (problem) {
      slide.error = problem;
      slides.drawState(slide);
      return;
    }
    slide.slots.alt.focus();
    giveFile(slide, file);
  }

  async function giveFile(slide, file) {
    uploads.cancel(slide);
    if (!isSameFile(slide, file)) {
      uploads.forget(slide);
      Object.assign(slide, Slide.facts(file), {
        kind: Slide.of(file).kind,
        uploadId: "",
        mediumId: "",
        edits: {},
        captionsName: "",
      });
      slide.slots.name.textContent = slide.name;
    }
    Object.assign(slide, { file, mediumId: "", preview: "", sent: 0, error: "", remedy: "", state: "waiting" });
    changed();
    const problem = await start(slide);
    if (problem) Object.assign(slide, { state: "failed", error: problem, remedy: "replace" });
    changed();
  }

  // --- What happens to slides ---------------------------------------------------------------------------------------

  /** Anything about a slide's way to the server is another. */
  function progressed(slide) {
    if (slide.removed) return;
    const { state, uploadId, mediumId, picture, preview } = slide;
    slides.drawState(slide);
    if (slide.heard !== state) {
      if (state === "failed") say(`${slide.name}: ${slide.error}`);
      else if (state === "ready") say(`${slide.name} is ready.`);
      slide.heard = state;
    }
    if (!picture && preview && slide.triedPreview !== preview) showPicture(slide);
    // Until then the file is what a reload shows.
    if (preview && !slide.isFileDropped) {
      slide.isFileDropped = true;
      draft.dropFile(slide.key);
    }
    const ids = `${uploadId} ${mediumId}`;
    if (slide.savedIds !== ids) draft.saveSoon();
    slide.savedIds = ids;
    sharing.advance();
    guard();
  }

  function arrived(slide, medium) {
    takeMedium(slide, medium);
    progressed(slide);
    captions.send(slide);
    media.watch();
  }

  async function retry(slide) {
    // The button goes.
    slide.slots.alt.focus();
    if (slide.remedy === "render") {
      Object.assign(slide, { state: "checking", error: "", remedy: "" });
      progressed(slide);
      try {
        takeMedium(slide, await ask("POST", `media/${slide.mediumId}/retry/`));
      } catch (error) {
        Object.assign(slide, { state: "failed", error: error.message, remedy: "render" });
      }
      progressed(slide);
      media.watch();
    } else if (slide.remedy === "send") uploads.add(slide);
    else uploads.wake();
  }

  async function edit(slide) {
    const edits = await editor.open(slide, `${slide.noun} ${slides.items.indexOf(slide) + 1}`);
    slide.slots.edit.focus();
    if (!edits || slide.removed) return;
    const wasUncropped = Boolean(slide.shapeProblem);
    slide.edits = edits;
    if (wasUncropped && !slide.shapeProblem) messages.showErrors([]);
    drawPicture(slide);
    changed();
  }

  /** Away with a slide, here and on the server. */
  function take(slide) {
    slide.removed = true;
    uploads.cancel(slide);
    slides.take(slide);
    draft.dropFile(slide.key);
    changed();
    return uploads.forget(slide);
  }

  function remove(slide) {
    if (sharing.isOn) return;
    const index = slides.items.indexOf(slide);
    take(slide);
    messages.showErrors([]);
    messages.showFailure("");
    say(`${slide.name} removed. ${slides.length} left.`);
    (slides.items[Math.min(index, slides.length - 1)]?.slots.remove ?? pickButton()).focus();
  }

  // --- The page -----------------------------------------------------------------------------------------------------

  const isDirty = () => slides.length > 0 || texts.some(({ value }) => value.trim() !== "");

  /** What the draft holds is another: order, texts, edits, slides. */
  function changed() {
    const total = slides.length;
    slides.draw();
    part("drop").hidden = total > 0;
    part("more").hidden = total === 0 || total >= limits.maxSlides;
    const line = altSentence(slides.items);
    part("summary").hidden = !line;
    part("summary").textContent = line;
    act("discard").hidden = !isDirty() || sharing.isOn;
    draft.saveSoon();
    guard();
  }

  function busy(isBusy) {
    part("progress").hidden = !isBusy;
    act("cancel").hidden = !isBusy;
    act("share").disabled = isBusy;
    root.toggleAttribute("data-sending", isBusy);
    for (const name of ["list", "more", "drop", "offer"]) part(name).inert = isBusy;
    for (const field of texts) field.readOnly = isBusy;
    if (isBusy) act("cancel").focus();
    changed();
  }

  async function shared(url) {
    isLeaving = true;
    guard();
    stop();
    keepPreview(url, slides.items[0]?.canvas);
    await draft.end();
    location.assign(url);
  }

  function stop() {
    uploads.stop();
    media.stop();
  }

  async function leave(url, { discard }) {
    isLeaving = true;
    guard();
    stop();
    if (discard) await Promise.all(slides.items.map((slide) => uploads.forget(slide)));
    await draft.end({ drop: discard });
    location.assign(url);
  }

  async function discard() {
    const isSure = await confirm({
      title: "Discard this post?",
      text: "Its files are deleted, here and on the server, and its texts are gone.",
      action: "Discard",
      cancel: "Keep editing",
    });
    if (isSure) leave(location.href.split("#")[0], { discard: true });
  }

  const guard = guardLeaving({
    isDirty,
    isSafe: () => !isDirty() || (draft.isKept && !uploads.isBusy),
    isGone: () => isLeaving,
    leave,
  });

  // --- The draft comes back -----------------------------------------------------------------------------------------

  let isLost = false;

  /** Another tab writes this post now. */
  async function lost() {
    if (isLost || isLeaving) return;
    isLost = isLeaving = true;
    guard();
    stop();
    await draft.end({ drop: false });
    showElsewhere();
  }

  function showElsewhere() {
    part("elsewhere").hidden = false;
    form.inert = true;
  }

  async function restore() {
    const takeOver = sessionStorage.getItem(TAKE_OVER) !== null;
    sessionStorage.removeItem(TAKE_OVER);
    if (!(await draft.claim(lost, { takeOver }))) {
      isLeaving = true;
      showElsewhere();
      return;
    }
    const { record, files } = await draft.load();
    restoreTexts(record ?? {});
    for (const fields of record?.slides ?? []) {
      const slide = new Slide({
        ...fields,
        file: files.get(fields.key) ?? null,
        captionsFile: files.get(captionsKey(fields.key)) ?? null,
      });
      // That a file is ready is no news.
      Object.assign(slide, { state: slide.hasArrived ? "checking" : "waiting", heard: "ready" });
      addSlide(slide);
    }
    for (const [key, file] of files) {
      // Taken a moment before the page went, too late for the record.
      if (!isCaptionsKey(key) && !slides.items.some((slide) => slide.key === key))
        addSlide(Object.assign(Slide.of(file), { key }));
    }
    if (isDirty()) say("Your draft is back.");
    changed();
    resume();
  }

  /** What the server sent back with an error is newer than the draft. */
  function restoreTexts({ audience, ...record }) {
    for (const field of texts) {
      if (field.value || !record[field.name]) continue;
      field.value = record[field.name];
      if (field.dataset.maxGraphemes) updateCounter(field);
    }
    const radio = audience && form.querySelector(`[name="audience"][value="${CSS.escape(audience)}"]`);
    if (radio) radio.checked = true;
  }

  async function resume() {
    const restored = [...slides.items];
    const found = await media.read();
    media.watch();
    if (found)
      offer(part("offer"), found, {
        slides,
        uploads,
        room: limits.maxSlides - slides.length,
        add: addOffered,
        dropped: () => pickButton().focus(),
      });
    for (const slide of restored) {
      if (slide.removed) continue;
      if (slide.hasArrived || slide.state === "failed") {
        if (!slide.picture) await showPicture(slide);
        continue;
      }
      if (slide.file) {
        const problem = await start(slide, { isKept: true });
        if (problem) Object.assign(slide, { state: "failed", error: problem, remedy: "replace" });
      } else Object.assign(slide, { state: "failed", error: CHOOSE_AGAIN, remedy: "choose" });
      progressed(slide);
    }
  }

  function addOffered(offered) {
    for (const slide of offered) {
      addSlide(slide);
      progressed(slide);
    }
    offered[0].slots.alt.focus();
    media.watch();
  }

  // --- Take the form over -------------------------------------------------------------------------------------------

  input.required = false;
  part("files").classList.add("visually-hidden");
  input.tabIndex = -1;
  for (const name of ["alts", "kept"]) part(name)?.remove();
  root.append(picker);
  if (matchMedia("(hover: none)").matches)
    root.querySelector(".composer-drop-text").textContent = "Choose photos and videos to share";
  root.dataset.js = "";
  changed();
  const isRestored = restore();
  listenForFiles({ root, drop: part("drop"), input, add });

  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-act]")?.dataset.act;
    if (name === "pick") input.click();
    if (name === "cancel") sharing.cancel();
    if (name === "discard") discard();
    if (name === "here") {
      sessionStorage.setItem(TAKE_OVER, "");
      location.reload();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Files that were chosen before are slides then.
    await isRestored;
    sharing.share();
  });
  form.addEventListener("input", (event) => {
    if (event.target.name) changed();
  });
  addEventListener("pagehide", () => {
    if (!isLeaving) draft.save();
  });
}

const isSameFile = (slide, { name, size, lastModified }) =>
  slide.name === name && slide.size === size && (!slide.modifiedAt || slide.modifiedAt === lastModified);
