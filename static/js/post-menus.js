/**
 * Menus of posts, `a[data-menu-from]`. A page contains each menu once, in the <template> with that id, and copies it
 * for a post when its menu is first opened. Without JavaScript the link leads to a page with the menu.
 */
import { make, onContent } from "./dom.js";

onContent("a[data-menu-from]", (link) => {
  const { menuFrom } = link.dataset;
  if (!document.getElementById(menuFrom)) return;
  const summary = make(
    "summary",
    { class: link.className, "aria-label": link.getAttribute("aria-label") },
    ...link.childNodes,
  );
  link.replaceWith(
    make("details", { class: `menu ${menuFrom}`, "data-menu": true, "data-filled-from": menuFrom }, summary),
  );
});

/** Returns the list of a menu. The first call creates it. */
export function menuList(menu) {
  const template = document.getElementById(menu.dataset.filledFrom ?? "");
  const present = menu.querySelector(":scope > .menu-list");
  if (present || !template) return present;
  const post = menu.closest("[data-post]");
  const states = post.dataset.flags.trim().split(/\s+/);
  const list = make("div", { class: "menu-list" }, copyFor(post, template));
  if (menu.dataset.filledFrom === "share-menu") list.dataset.share = "";
  for (const item of list.querySelectorAll("[data-when]")) {
    const applies = item.dataset.when
      .split(" ")
      .every((word) => (word.startsWith("!") ? !states.includes(word.slice(1)) : states.includes(word)));
    if (!applies) item.remove();
  }
  menu.append(list);
  return list;
}

/** Returns a copy of the template's content for a post: with its shortcode, its author, and absolute links to share. */
export function copyFor(post, template) {
  const values = { code: post.dataset.post, author: post.dataset.author };
  const filled = (text) => text.replace(/_(code|author)_/g, (_, name) => values[name]);
  const copy = document.importNode(template.content, true);
  for (const element of copy.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      if (value.includes("_")) element.setAttribute(name, filled(value));
    }
    if (element.matches("textarea[data-share-address]")) {
      element.textContent = filled(element.textContent).replace('src="', `src="${location.origin}`);
    } else if (element.matches("[data-share-address]")) {
      element.setAttribute("value", location.origin + element.getAttribute("value"));
    }
  }
  return copy;
}
