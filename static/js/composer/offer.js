/**
 * What one has uploaded and this draft does not know: from another device, or from a draft that this browser lost. It
 * can be added to the post or deleted.
 */
import { make } from "../dom.js";

/** Shows `items` and `sessions` in `box` until one of `add` and `drop` is called with them, or hides it for none. */
export function offer(box, { items, sessions, room, add, drop }) {
  const all = items.length + sessions.length;
  box.hidden = all === 0;
  if (all === 0) {
    box.replaceChildren();
    return;
  }
  const button = (label, use, look = "") => {
    const element = make("button", { type: "button", class: `button ${look}` }, label);
    element.addEventListener("click", () => {
      box.hidden = true;
      box.replaceChildren();
      use();
    });
    return element;
  };
  const one = all === 1;
  const fits = all <= room;
  box.replaceChildren(
    make("p", {}, `You have uploaded ${one ? "a file" : `${all} files`} before and not shared ${one ? "it" : "them"}.`),
    make("ul", { class: "composer-offer-list" }, ...items.map(rowOf), ...sessions.map(rowOf)),
    make("div", { class: "composer-offer-actions" }, ...(fits ? [button(one ? "Add it to this post" : "Add them to this post", add)] : []), button(one ? "Delete it" : "Delete them", drop)),
  );
}

function rowOf({ name, preview }) {
  const picture = preview ? make("img", { src: preview, alt: "", loading: "lazy", width: 48, height: 48 }) : make("span", { class: "composer-offer-blank" });
  return make("li", {}, picture, make("span", {}, name || "A file"));
}
