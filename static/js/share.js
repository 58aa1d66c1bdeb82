/**
 * `[data-share]`: copies the address in its field, and hands it to the device's own way of sharing where there is one.
 * Without JavaScript the field with the address is all there is, and the buttons stay hidden.
 */
import { closeMenu } from "./dialogs.js";
import { onContent, setShown } from "./dom.js";
import { toast } from "./toasts.js";

onContent("[data-share]", (menu) => {
  setShown(menu.querySelector("[data-copy-link]"), true);
  setShown(menu.querySelector("[data-native-share]"), typeof navigator.share === "function");
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-share-address]")) event.target.select();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy-link], [data-native-share]");
  if (!button) return;
  const field = button.closest("[data-share]").querySelector("[data-share-address]");
  if (button.matches("[data-native-share]")) {
    await navigator.share({ url: field.value }).catch((error) => {
      // Closing the share sheet is not an error.
      if (error.name !== "AbortError") toast("Sharing isn’t available on this device. Copy the link instead.", "error");
    });
    return;
  }
  if (await copy(field)) {
    // On the page of a menu, the button is outside a menu.
    const menu = button.closest("details[data-menu]");
    if (menu) closeMenu(menu);
    toast("Link copied.", "success");
  } else {
    field.focus();
    toast("Couldn’t copy the link. It’s selected, so you can copy it with the keyboard.", "error");
  }
});

/** Pages without HTTPS have no clipboard API. */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    return document.execCommand("copy");
  }
}
