/** Offers unfinished uploads that are missing in the draft: from another device, or from a lost draft. */
import { make } from "../dom.js";
import { isVideo } from "./files.js";
import { takeMedium } from "./media.js";
import { Slide } from "./slides.js";

const UNFINISHED = "The upload was interrupted. Choose the file again to resume.";

/**
 * Shows in `box` the server's `items` and `uploads` that belong to no slide, or hides it if there are none. They can be
 * added, which calls `add` with their slides if there is `room` for all, or deleted, which calls `dropped`.
 */
export function offer(box, { items, uploads: sessions }, { slides, uploads, room, add, dropped }) {
  const begun = [
    ...items
      .filter(({ id }) => !slides.items.some(({ mediumId }) => mediumId === id))
      .map((medium) => ({ at: BigInt(medium.upload), slide: ofMedium(medium) })),
    ...sessions
      .filter(({ id }) => !slides.items.some(({ uploadId }) => uploadId === id))
      .map((session) => ({ at: BigInt(session.id), slide: ofSession(session) })),
  ];
  // Ids grow: this is the order in which the files were chosen, whichever arrived first.
  const unknown = begun.sort((one, other) => (one.at < other.at ? -1 : 1)).map(({ slide }) => slide);
  const one = unknown.length === 1;
  const done = (use) => () => {
    box.hidden = true;
    box.replaceChildren();
    use();
  };
  const drop = () => {
    for (const slide of unknown) uploads.forget(slide);
    dropped();
  };
  box.hidden = unknown.length === 0;
  box.replaceChildren(
    make("p", {}, `You have ${one ? "an unfinished upload" : `${unknown.length} unfinished uploads`}.`),
    make("ul", { class: "composer-offer-list" }, ...unknown.map(rowOf)),
    make(
      "div",
      { class: "composer-offer-actions" },
      ...(unknown.length <= room
        ? [
            button(
              one ? "Continue with it" : "Continue with them",
              done(() => add(unknown)),
              "button button-primary",
            ),
          ]
        : []),
      button("Discard", done(drop)),
    ),
  );
}

function ofMedium(medium) {
  const slide = new Slide({ kind: medium.kind, name: medium.name });
  takeMedium(slide, medium);
  return slide;
}

function ofSession({ id, name, size }) {
  return new Slide({
    uploadId: id,
    name,
    size,
    kind: isVideo({ name, type: "" }) ? "video" : "photo",
    state: "failed",
    remedy: "choose",
    error: UNFINISHED,
  });
}

function rowOf({ name, preview }) {
  const picture = preview
    ? make("img", { src: preview, alt: "", loading: "lazy", width: 48, height: 48 })
    : make("span", { class: "composer-offer-blank" });
  return make("li", {}, picture, make("span", {}, name || "A file"));
}

function button(label, use, style = "button") {
  const element = make("button", { type: "button", class: style }, label);
  element.addEventListener("click", use);
  return element;
}
