/**
 * Dialogs and menus.
 *
 * `[data-open-dialog="id"]` (or data-confirm-dialog) opens the <dialog> with that id; `[data-close-dialog]` and a click
 * on the backdrop close it. `form[data-confirm="Question?"]` asks before it is sent. `details[data-menu]` closes on a
 * click or focus elsewhere, and its menu stays within the window (popover.js). Without JavaScript the links lead to
 * confirmation pages, and summaries open and close the menus.
 */
import { make } from "./dom.js";
import { keepInWindow } from "./popover.js";

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    const list = menu.matches?.("details[data-menu]") && menu.querySelector(":scope > .menu-list");
    if (list && menu.open) keepInWindow(list, menu.querySelector("summary"));
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
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

const agreed = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!form.dataset?.confirm || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    if (
      await ask({ title: form.dataset.confirm, text: form.dataset.confirmText, action: form.dataset.confirmAction })
    ) {
      agreed.add(form);
      form.requestSubmit(submitter ?? undefined);
    }
  },
  true,
);

/** Asks in a dialog; resolves to true only when the action was chosen. The action is named, never "OK". */
export async function ask({ title, text = "", action = "Continue", cancel = "Cancel" }) {
  return (
    (await choose({
      title,
      text,
      choices: [
        { value: "yes", label: action, danger: true },
        { value: "no", label: cancel, safe: true },
      ],
    })) === "yes"
  );
}

/**
 * Shows a dialog with `choices` ({value, label, danger, safe}). Resolves to the chosen value, or "" on Escape. The safe
 * choice, or else the first, has the focus.
 */
export function choose({ title, text = "", choices }) {
  return new Promise((resolve) => {
    const safe = choices.find((choice) => choice.safe) ?? choices[0];
    const buttons = choices.map((choice) =>
      make(
        "button",
        { class: `button${choice.danger ? " button-danger" : ""}`, value: choice.value, autofocus: choice === safe },
        choice.label,
      ),
    );
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
