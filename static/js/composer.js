/**
 * The compose page: choosing by button, drop or paste, previews in order with alt text, checks before sending, upload
 * with progress and Cancel, and a draft that survives a reload. The server's word counts: its errors are shown at the
 * photo or field they belong to, and nothing chosen or typed is ever dropped by a failure.
 * Without JavaScript the same form takes several files at once and alt texts in their order.
 */
import { graphemes, update as updateCounter } from "./count.js";
import { ask } from "./dialogs.js";
import { csrfToken, icon, make } from "./dom.js";
import { dropDraft, loadDraft, saveDraft } from "./drafts.js";
import { reason } from "./failures.js";

const THUMB_PX = 320;
const STALL_MS = 90_000;
const PREVIEW_MS = 5_000;
const SAVE_AFTER_MS = 400;
const TYPE_NAMES = { "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/avif": "AVIF", "image/heic": "HEIC", "image/gif": "GIF", "video/mp4": "MP4", "video/quicktime": "MOV", "video/webm": "WebM" };

const root = document.querySelector("[data-composer]");
if (root) compose(root);

function compose(root) {
  const form = root.querySelector("form");
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const act = (name) => root.querySelector(`[data-act="${name}"]`);
  const input = form.elements.namedItem("files");
  const caption = form.elements.namedItem("caption");
  const location_ = form.elements.namedItem("location");
  const limits = Object.fromEntries(
    ["maxSlides", "maxBytes", "maxVideoBytes", "maxPostBytes", "minSeconds", "maxSeconds", "minSide", "maxSide", "maxPixels", "maxRatio", "maxAlt"].map((name) => [name, Number(root.dataset[name])]),
  );
  const accepted = root.dataset.accept.split(",").map((type) => type.trim().toLowerCase());
  const owner = root.dataset.draft;

  /** One entry for each photo or video, in the order of the post: {file, element, alt (the textarea)}. */
  let items = [];
  let request = null;
  let leaving = false;
  let serial = 0;

  function takeChosen() {
    const files = [...input.files];
    input.value = "";
    add(files);
  }

  // --- Drop and paste -------------------------------------------------------------------------------------------

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  root.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    root.dataset.over = part("drop").dataset.over = "";
  });
  root.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    if (depth <= 0) dragEnds();
  });
  // Beside the zone too: a file dropped on the page would make the browser leave it.
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    dragEnds();
    add([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });

  function dragEnds() {
    depth = 0;
    delete root.dataset.over;
    delete part("drop").dataset.over;
  }

  // --- Photos ---------------------------------------------------------------------------------------------------

  async function add(files, { alts = [], quiet = false } = {}) {
    if (request) return;
    const problems = [];
    const taken = [];
    for (const [index, file] of files.entries()) {
      if (items.length >= limits.maxSlides) {
        const over = files.length - index;
        problems.push(`A post holds at most ${limits.maxSlides} photos and videos. ${over === 1 ? `${file.name} was` : `${over} files were`} left out.`);
        break;
      }
      const problem = problemOf(file);
      if (problem) {
        problems.push(`${file.name}: ${problem}`);
        continue;
      }
      const item = addItem(file, alts[index] ?? "");
      taken.push(item);
    }
    showErrors(problems);
    draw();
    for (const item of taken) {
      const problem = await preview(item);
      if (problem && items.includes(item)) {
        remove(item, { focus: false });
        problems.push(`${item.file.name}: ${problem}`);
        showErrors(problems);
      }
    }
    if (quiet) return;
    const kept = taken.filter((item) => items.includes(item));
    if (kept.length) say(`${kept.length === 1 ? kept[0].file.name : `${kept.length} files`} added. ${items.length} in all.`);
    changed();
  }

  /** What can be told without reading the file. */
  function problemOf(file) {
    const type = file.type.toLowerCase();
    const ending = file.name.toLowerCase().match(/\.[^.]+$/)?.[0] ?? "";
    const fits = accepted.some((one) => one === type || one === ending || (one.endsWith("/*") && type.startsWith(one.slice(0, -1))));
    if (!fits && (type || !accepted.some((one) => one.startsWith(".")))) return `This is not a photo or video we can take. Choose ${typeWords()}.`;
    if (file.size === 0) return "This file is empty. Choose it again, or choose another one.";
    if (isVideo(file)) {
      if (file.size > limits.maxVideoBytes) return `This video has ${megabytes(file.size)}; videos can have at most ${megabytes(limits.maxVideoBytes)}. Shorten it or save it smaller and try again.`;
    } else if (file.size > limits.maxBytes) return `This photo has ${megabytes(file.size)}; photos can have at most ${megabytes(limits.maxBytes)}. Save it smaller and try again.`;
    return "";
  }

  function typeWords() {
    const words = [...new Set(accepted.map((one) => TYPE_NAMES[one] ?? TYPE_NAMES[`image/${one.slice(1)}`]).filter(Boolean))];
    return words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : (words[0] ?? "a photo");
  }

  function addItem(file, alt) {
    serial += 1;
    const id = `composer-alt-${serial}`;
    const item = { file };
    item.alt = make("textarea", { id, rows: 2, "data-max-graphemes": limits.maxAlt, "data-counter-quiet": true, placeholder: `What is in this ${nounOf(file)}?` });
    item.alt.value = alt;
    item.alt.addEventListener("input", changed);
    item.label = make("label", { for: id });
    item.error = make("p", { class: "composer-item-error field-error", hidden: true });
    item.number = make("span", { class: "composer-item-number", "aria-hidden": "true" });
    item.thumb = make("div", { class: "composer-thumb" }, item.number);
    item.earlier = tool("arrow-left", "←", () => move(item, -1, item.earlier));
    item.later = tool("arrow-right", "→", () => move(item, 1, item.later));
    item.remove = tool("close", "×", () => remove(item));
    item.element = make(
      "li",
      { class: "composer-item", draggable: "true" },
      item.thumb,
      make(
        "div",
        { class: "composer-item-body" },
        make("div", { class: "composer-item-head" }, make("p", { class: "composer-item-name" }, file.name), make("div", { class: "composer-item-tools" }, item.earlier, item.later, item.remove)),
        make("div", { class: "field" }, item.label, item.alt),
        item.error,
      ),
    );
    makeDraggable(item);
    items.push(item);
    part("list").append(item.element);
    return item;
  }

  function tool(name, fallback, use) {
    const button = make("button", { type: "button", class: "icon-button" }, icon(name, fallback));
    button.addEventListener("click", use);
    return button;
  }

  /** Draws the thumbnail; returns what is wrong with the picture's size, or "". A file only the server can read passes. */
  async function preview(item) {
    if (isVideo(item.file)) return previewVideo(item);
    const url = URL.createObjectURL(item.file);
    const image = new Image();
    try {
      image.src = url;
      await new Promise((resolve, reject) => {
        image.onload = resolve;
        image.onerror = reject;
      });
      const { naturalWidth: width, naturalHeight: height } = image;
      const problem = sizeProblem(width, height);
      if (problem) return problem;
      const scale = Math.min(1, THUMB_PX / Math.min(width, height));
      const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale), role: "img", "aria-label": `Preview of ${item.file.name}` });
      const bitmap = await createImageBitmap(image, { resizeWidth: canvas.width, resizeHeight: canvas.height, resizeQuality: "medium" });
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
      item.thumb.prepend(canvas);
    } catch {
      item.thumb.dataset.blank = "";
    } finally {
      URL.revokeObjectURL(url);
    }
    return "";
  }

  /** As `preview`: the first picture, and what is wrong with the length. A file that only the server can read passes. */
  async function previewVideo(item) {
    const url = URL.createObjectURL(item.file);
    const video = make("video", { muted: true, playsinline: true, preload: "auto" });
    video.muted = true;
    try {
      await new Promise((resolve, reject) => {
        video.addEventListener("loadeddata", resolve, { once: true });
        video.addEventListener("error", reject, { once: true });
        setTimeout(reject, PREVIEW_MS);
        video.src = url;
      });
      const { duration, videoWidth: width, videoHeight: height } = video;
      if (duration < limits.minSeconds) return `This video takes ${duration.toFixed(1)} seconds; videos need at least ${limits.minSeconds}. Choose a longer one.`;
      if (Number.isFinite(duration) && duration > limits.maxSeconds + 1) {
        return `This video takes ${Math.round(duration / 60)} minutes; videos can take at most ${limits.maxSeconds / 60}. Shorten it and try again.`;
      }
      const scale = Math.min(1, THUMB_PX / Math.min(width, height));
      const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale), role: "img", "aria-label": `Preview of ${item.file.name}` });
      canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
      item.thumb.prepend(canvas);
    } catch {
      item.thumb.dataset.blank = "";
    } finally {
      video.removeAttribute("src");
      video.load();
      URL.revokeObjectURL(url);
    }
    return "";
  }

  function sizeProblem(width, height) {
    const size = `This photo has ${width.toLocaleString("en-GB")} × ${height.toLocaleString("en-GB")} pixels`;
    if (Math.max(width, height) < limits.minSide) return `${size}; photos need at least ${limits.minSide} on the longer side. Choose a larger one.`;
    if (Math.max(width, height) > limits.maxSide || width * height > limits.maxPixels) {
      return `${size}; photos can have at most ${limits.maxSide.toLocaleString("en-GB")} a side and ${limits.maxPixels / 1e6} megapixels in all. Make it smaller and try again.`;
    }
    if (Math.max(width / height, height / width) > limits.maxRatio) return `${size}; one side can be at most ${limits.maxRatio} times the other. Crop it and try again.`;
    return "";
  }

  function move(item, step, button) {
    const from = items.indexOf(item);
    const to = from + step;
    if (to < 0 || to >= items.length) return;
    place(item, to);
    // Moving an element in the page takes its focus.
    (button.disabled ? (step < 0 ? item.later : item.earlier) : button).focus();
    say(`${item.file.name} is now number ${to + 1} of ${items.length}.`);
  }

  function place(item, to) {
    items.splice(items.indexOf(item), 1);
    items.splice(to, 0, item);
    const next = items[to + 1]?.element ?? null;
    part("list").insertBefore(item.element, next);
    clearServerErrors();
    draw();
    changed();
  }

  function remove(item, { focus = true } = {}) {
    const index = items.indexOf(item);
    if (index < 0 || request) return;
    items.splice(index, 1);
    item.element.remove();
    clearServerErrors();
    draw();
    changed();
    if (!focus) return;
    say(`${item.file.name} removed. ${items.length} left.`);
    (items[Math.min(index, items.length - 1)]?.remove ?? act("pick")).focus();
  }

  let dragged = null;
  function makeDraggable(item) {
    item.element.addEventListener("dragstart", (event) => {
      if (event.target !== item.element) return;
      dragged = item;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", item.file.name);
      item.element.dataset.dragged = "";
    });
    item.element.addEventListener("dragover", (event) => {
      if (!dragged || request) return;
      event.preventDefault();
      const to = items.indexOf(item);
      if (dragged !== item && items.indexOf(dragged) !== to) place(dragged, to);
    });
    item.element.addEventListener("drop", (event) => {
      if (dragged) event.preventDefault();
    });
    item.element.addEventListener("dragend", () => {
      delete item.element.dataset.dragged;
      dragged = null;
    });
    // Text in the alt field can be selected with the mouse.
    item.alt.addEventListener("pointerdown", () => item.element.setAttribute("draggable", "false"));
    item.alt.addEventListener("blur", () => item.element.setAttribute("draggable", "true"));
  }

  // --- What the page shows --------------------------------------------------------------------------------------

  function draw() {
    const total = items.length;
    part("list").hidden = total === 0;
    part("drop").hidden = total > 0;
    part("more").hidden = total === 0 || total >= limits.maxSlides;
    items.forEach((item, index) => {
      item.number.textContent = String(index + 1);
      const name = `${nounOf(item.file)} ${index + 1}`;
      item.label.textContent = `Alt text for ${name}`;
      item.earlier.setAttribute("aria-label", `Move ${name} earlier`);
      item.later.setAttribute("aria-label", `Move ${name} later`);
      item.remove.setAttribute("aria-label", `Remove ${name}`);
      item.earlier.disabled = index === 0;
      item.later.disabled = index === total - 1;
      item.earlier.hidden = item.later.hidden = total === 1;
    });
    summarize();
  }

  function summarize() {
    const without = items.filter((item) => item.alt.value.trim() === "").length;
    const line = part("summary");
    line.hidden = items.length === 0 || without === 0;
    if (items.length === 1) line.textContent = `Your ${nounOf(items[0].file)} has no alt text yet. With it, people who cannot see the ${nounOf(items[0].file)} know what is in it.`;
    else line.textContent = `${without} of ${items.length} ${filesWord(items)} ${without === 1 ? "has" : "have"} no alt text yet. With it, people who cannot see them know what is in them.`;
    act("discard").hidden = !isDirty() || request !== null;
  }

  function showErrors(messages) {
    const box = part("errors");
    box.replaceChildren(...(messages.length ? [make("ul", { class: "errorlist" }, ...messages.map((message) => make("li", {}, message)))] : []));
    part("drop").toggleAttribute("data-invalid", messages.length > 0 && items.length === 0);
  }

  function showFieldError(field, messages) {
    const wrapper = field.closest(".field") ?? field.parentElement;
    const id = `${field.id}_error`;
    document.getElementById(id)?.remove();
    const describedBy = (field.getAttribute("aria-describedby") ?? "").split(/\s+/).filter((one) => one && one !== id);
    if (messages.length) {
      field.setAttribute("aria-invalid", "true");
      describedBy.push(id);
      wrapper.append(make("div", { class: "field-error", id }, icon("warning"), make("ul", { class: "errorlist" }, ...messages.map((message) => make("li", {}, message)))));
    } else field.removeAttribute("aria-invalid");
    if (describedBy.length) field.setAttribute("aria-describedby", describedBy.join(" "));
    else field.removeAttribute("aria-describedby");
    wrapper.classList.toggle("has-error", messages.length > 0);
  }

  function showItemError(item, message) {
    item.error.textContent = message;
    item.error.hidden = !message;
    item.element.toggleAttribute("data-invalid", Boolean(message));
  }

  function clearServerErrors() {
    showErrors([]);
    for (const field of [caption, location_]) showFieldError(field, []);
    for (const item of items) {
      showItemError(item, "");
      item.alt.removeAttribute("aria-invalid");
    }
    showFailure("");
  }

  function showFailure(message) {
    const box = part("failure");
    box.hidden = !message;
    box.textContent = message;
    act("share").textContent = message ? "Try again" : "Share";
  }

  function say(message) {
    part("status").textContent = message;
  }

  // --- Sharing --------------------------------------------------------------------------------------------------

  /** Checks what can be checked here; true when all is well. Focuses the first thing to mend. */
  function check() {
    let first = null;
    if (items.length === 0) {
      showErrors(["Choose at least one photo or video."]);
      first = act("pick");
    }
    const total = items.reduce((sum, { file }) => sum + file.size, 0);
    if (total > limits.maxPostBytes) {
      showErrors([`Together these files have ${megabytes(total)}. A post holds at most ${megabytes(limits.maxPostBytes)}: share them in several.`]);
      first = act("pick");
    }
    for (const field of [caption, location_]) {
      const most = Number(field.dataset.maxGraphemes);
      const used = graphemes(field.value);
      if (!most || used <= most) continue;
      showFieldError(field, [`This is ${used.toLocaleString("en-GB")} characters long: at most ${most.toLocaleString("en-GB")} fit.`]);
      first ??= field;
    }
    for (const item of items) {
      const used = graphemes(item.alt.value);
      if (used <= limits.maxAlt) continue;
      showItemError(item, `The alt text is ${used.toLocaleString("en-GB")} characters long: at most ${limits.maxAlt.toLocaleString("en-GB")} fit.`);
      first ??= item.alt;
    }
    first?.focus();
    return first === null;
  }

  function share() {
    if (request) return;
    clearServerErrors();
    if (!check()) return;
    const data = new FormData();
    data.append("csrfmiddlewaretoken", csrfToken(form));
    for (const item of items) {
      data.append("files", item.file, item.file.name);
      data.append("alt", item.alt.value);
    }
    data.append("caption", caption.value);
    data.append("location", location_.value);
    send(data);
  }

  // fetch has no upload progress.
  function send(data) {
    request = new XMLHttpRequest();
    const mine = request;
    let stall;
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => mine.abort(), STALL_MS);
    };
    mine.upload.addEventListener("progress", (event) => {
      watch();
      if (event.lengthComputable) showProgress(event.loaded, event.total);
    });
    mine.upload.addEventListener("load", watch);
    mine.addEventListener("load", () => answered(mine));
    mine.addEventListener("error", () => failed(`Your post was not shared. ${reason(0)} Everything is still here.`));
    mine.addEventListener("abort", () => {
      failed(mine.wasCancelled ? "" : "Your post was not shared: the connection stalled. Everything is still here.");
      if (mine.wasCancelled) say("Upload cancelled. Everything is still here.");
    });
    mine.addEventListener("loadend", () => clearTimeout(stall));
    mine.open("POST", form.getAttribute("action"));
    mine.setRequestHeader("Accept", "application/json");
    mine.setRequestHeader("X-CSRFToken", csrfToken(form));
    busy(true);
    showProgress(0, 1);
    watch();
    mine.send(data);
  }

  function showProgress(loaded, total) {
    const percent = Math.floor((loaded / total) * 100);
    root.querySelector(".composer-progress").value = percent;
    const line = root.querySelector(".composer-progress-text");
    const text = percent >= 100 ? "Uploaded. One moment…" : `Uploading: ${Math.floor(percent / 10) * 10} %`;
    if (line.textContent !== text) line.textContent = text;
  }

  function busy(isBusy) {
    part("progress").hidden = !isBusy;
    act("cancel").hidden = !isBusy;
    act("share").disabled = isBusy;
    root.toggleAttribute("data-sending", isBusy);
    for (const box of [part("list"), part("more"), part("drop")]) box.inert = isBusy;
    caption.readOnly = location_.readOnly = isBusy;
    if (isBusy) act("cancel").focus();
    summarize();
  }

  function answered(mine) {
    let answer = {};
    try {
      answer = JSON.parse(mine.responseText);
    } catch {
      // A page, not an answer for us: see below.
    }
    if (mine.status === 201 && answer.url) {
      leave(answer.url);
      return;
    }
    const signedOut = mine.status === 401 || (mine.responseURL && new URL(mine.responseURL).pathname !== new URL(form.action).pathname);
    if (signedOut) failed("You have been logged out. Log in in another tab, then try again. Everything is still here.");
    else if (mine.status === 422) refused(answer);
    else if (mine.status === 413) failed(answer.detail ?? "Together these files are too large for the server. Remove some and try again.");
    else if (mine.status === 200) failed("Your post was not shared. Reload the page and try again.");
    else failed(answer.detail ?? `Your post was not shared. ${reason(mine.status)} Everything is still here.`);
  }

  function refused({ errors = {}, file_errors: fileErrors = [] }) {
    request = null;
    busy(false);
    let first = null;
    for (const { index, message } of fileErrors) {
      const item = items[index];
      if (!item) continue;
      showItemError(item, message);
      first ??= item.remove;
    }
    if (fileErrors.length) {
      const one = fileErrors.length === 1;
      showErrors([`${one ? "One file" : `${fileErrors.length} files`} cannot be used. Remove ${one ? "it" : "them"} and share again.`]);
    } else showErrors(errors.files ?? []);
    for (const field of [caption, location_]) {
      const messages = errors[field.name] ?? [];
      showFieldError(field, messages);
      if (messages.length) first ??= field;
    }
    const others = [...(errors.alt ?? []), ...(errors.__all__ ?? [])];
    showFailure(others.join(" "));
    act("share").textContent = "Share";
    (first ?? act("share")).focus();
  }

  function failed(message) {
    request = null;
    busy(false);
    showFailure(message);
    act("share").focus();
  }

  function cancel() {
    if (!request) return;
    request.wasCancelled = true;
    request.abort();
  }

  // --- Draft and leaving ----------------------------------------------------------------------------------------

  const isDirty = () => items.length > 0 || caption.value.trim() !== "" || location_.value.trim() !== "";

  let saveTimer;
  let saving = Promise.resolve();
  function changed() {
    summarize();
    clearTimeout(saveTimer);
    saveTimer = setTimeout(save, SAVE_AFTER_MS);
    // Only while there is something to lose: the listener keeps some browsers from restoring the page on Back.
    if (isDirty()) addEventListener("beforeunload", warn);
    else removeEventListener("beforeunload", warn);
  }

  function save() {
    clearTimeout(saveTimer);
    if (leaving) return saving;
    const draft = { caption: caption.value, location: location_.value, photos: items.map(({ file, alt }) => ({ file, alt: alt.value })) };
    saving = saving.then(() => (isDirty() ? saveDraft(owner, draft) : dropDraft(owner)));
    return saving;
  }

  async function restore() {
    const draft = await loadDraft(owner);
    if (!draft || leaving) return;
    // What the server sent back with an error is newer.
    for (const [field, text] of [[caption, draft.caption], [location_, draft.location]]) {
      if (!field.value && text) {
        field.value = text;
        if (field.dataset.maxGraphemes) updateCounter(field);
      }
    }
    if (draft.photos?.length && items.length === 0) {
      await add(draft.photos.map(({ file }) => file), { alts: draft.photos.map(({ alt }) => alt), quiet: true });
    }
    if (isDirty()) {
      say("Your draft is back.");
      changed();
    }
  }

  function warn(event) {
    event.preventDefault();
  }

  addEventListener("pagehide", () => {
    if (!leaving && isDirty()) save();
  });

  async function leave(url) {
    leaving = true;
    clearTimeout(saveTimer);
    removeEventListener("beforeunload", warn);
    await saving;
    await dropDraft(owner);
    location.assign(url);
  }

  async function discard() {
    if (!(await askToDiscard())) return;
    leave(location.href.split("#")[0]);
  }

  const askToDiscard = () =>
    ask({ title: "Discard this post?", text: "The files and texts you have chosen here are not kept.", action: "Discard", cancel: "Keep editing" });

  // Capture: before htmx or anybody else follows the link.
  document.addEventListener(
    "click",
    async (event) => {
      const link = event.target.closest?.("a[href]");
      if (!link || leaving || !isDirty() || event.defaultPrevented || event.button !== 0) return;
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || (link.target && link.target !== "_self")) return;
      const url = new URL(link.href, location.href);
      if (url.origin !== location.origin || (url.pathname === location.pathname && url.hash)) return;
      event.preventDefault();
      event.stopPropagation();
      if (await askToDiscard()) {
        if (request) request.abort();
        leave(url.href);
      }
    },
    true,
  );

  // --- Take the form over ---------------------------------------------------------------------------------------

  input.required = false;
  part("files").classList.add("visually-hidden");
  input.tabIndex = -1;
  part("alts").remove();
  part("drop").hidden = false;
  if (matchMedia("(hover: none)").matches) root.querySelector(".composer-drop-text").textContent = "Choose photos and videos to share";
  part("list").setAttribute("role", "list");
  root.dataset.js = "";
  draw();
  if (input.files?.length) takeChosen();
  restore();

  input.addEventListener("change", takeChosen);
  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-act]")?.dataset.act;
    if (name === "pick") input.click();
    if (name === "cancel") cancel();
    if (name === "discard") discard();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    share();
  });
  for (const field of [caption, location_]) field.addEventListener("input", changed);
}

const megabytes = (size) => `${(size / 1024 / 1024).toFixed(1).replace(/\.0$/, "")} MB`;

function isVideo(file) {
  return file.type.startsWith("video/") || /\.(mp4|mov|webm)$/i.test(file.name);
}

function nounOf(file) {
  return isVideo(file) ? "video" : "photo";
}

function filesWord(items) {
  const videos = items.filter(({ file }) => isVideo(file)).length;
  if (videos === 0) return "photos";
  return videos === items.length ? "videos" : "photos and videos";
}
