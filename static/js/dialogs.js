/**
 * Dialogs and menus.
 *
 * `[data-open-dialog="id"]` (or data-confirm-dialog) opens the <dialog> with that id; `[data-close-dialog]` and a click
 * on the backdrop close it. Forms, and their buttons, ask first if they have `data-confirm="Question?"`. A link with it
 * leads to a page that asks; scripts ask at once and post to the link's address. `details[data-menu]` closes on a click
 * or focus elsewhere, and its menu stays within the window (popover.js). Without JavaScript the links lead to
 * confirmation pages, and summaries open and close the menus.
 */
import { make } from "./dom.js";
import { keepInWindow } from "./popover.js";
import { menuList } from "./post-menus.js";

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    const list = menu.matches?.("details[data-menu]") && menu.open && menuList(menu);
    if (list) keepInWindow(list, menu.querySelector("summary"));
  },
  true,
);

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open-dialog], [data-confirm-dialog]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const dialog = document.getElementById(opener.dataset.openDialog ?? opener.dataset.confirmDialog);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      opener.closest("dialog[open]")?.close();
      dialog.showModal();
      return;
    }
  }
  const closer = event.target.closest?.("[data-close-dialog]");
  if (closer) {
    const dialog = closer.closest("dialog");
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
    return;
  }
  // The backdrop belongs to the dialog element itself; its content is inside a child. One with [data-stays] holds work.
  const beside =
    event.target instanceof HTMLDialogElement && event.target.open && event.target.dataset.stays === undefined;
  if (beside && isBeside(event, event.target)) event.target.close("no");
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("focusin", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) closeMenu(menu);
});

/** Closes a menu, and moves the focus from its items to the button that opens it again. */
export function closeMenu(menu) {
  menu.open = false;
  menu.querySelector("summary")?.focus();
}

const agreed = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const { submitter } = event;
    // A form that asks does so for all its buttons.
    const asking = form.dataset?.confirm ? form : submitter;
    if (!asking?.dataset?.confirm || agreed.delete(asking)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await askAs(asking)) {
      agreed.add(asking);
      form.requestSubmit(submitter ?? undefined);
    }
  },
  true,
);

document.addEventListener(
  "click",
  async (event) => {
    const asking = event.target.closest?.("a[data-confirm], button[data-confirm][hx-post]");
    if (!asking || event.ctrlKey || event.metaKey || event.shiftKey || agreed.delete(asking)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await askAs(asking))) return;
    if (asking.matches("button")) {
      agreed.add(asking);
      asking.click();
      return;
    }
    const form = document.getElementById("act");
    form.action = asking.href;
    form.requestSubmit();
  },
  true,
);

function askAs(asking) {
  // The browser returns the focus when the dialog closes, but not to an item of a menu that has closed.
  const menu = asking.closest("details[data-menu]");
  if (menu) closeMenu(menu);
  const { dataset } = asking;
  return ask({
    title: dataset.confirm,
    text: dataset.confirmText,
    action: dataset.confirmAction,
    danger: dataset.confirmSafe === undefined,
  });
}

/** Asks in a dialog; resolves to true only when the action was chosen. The action is named, never "OK". */
export async function ask({ title, text = "", action = "Continue", cancel = "Cancel", danger = true }) {
  return (
    (await choose({
      title,
      text,
      choices: [
        { value: "yes", label: action, danger, primary: !danger },
        { value: "no", label: cancel, safe: true },
      ],
    })) === "yes"
  );
}

/**
 * Shows a dialog with `choices` ({value, label, danger, primary, safe}). Resolves to the chosen value, or "" on Escape.
 * The safe choice, or else the first, has the focus.
 */
export function choose({ title, text = "", choices }) {
  return new Promise((resolve) => {
    const safe = choices.find((choice) => choice.safe) ?? choices[0];
    const buttons = choices.map((choice) => {
      const kind = choice.danger ? "button button-danger" : choice.primary ? "button button-primary" : "button";
      return make("button", { class: kind, value: choice.value, autofocus: choice === safe }, choice.label);
    });
    const dialog = make(
      "dialog",
      { class: "dialog dialog-confirm", "aria-labelledby": "ask-title" },
      make(
        "form",
        { method: "dialog" },
        make("h2", { class: "dialog-title", id: "ask-title" }, title),
        ...(text ? [make("p", { class: "dialog-text" }, text)] : []),
        make("div", { class: "dialog-actions" }, ...buttons),
      ),
    );
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

function isBeside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
