/**
 * The picture that the composer had of a post, shown in the place of its photos until the server has made one. Kept by
 * `keepPreview` for this tab and the last post alone; without it the box says in words that the post is processed.
 */
import { make, onContent } from "./dom.js";

const KEY = "local-preview";

/** Keeps what `canvas` shows for the post with that address. */
export function keepPreview(url, canvas) {
  const code = url.match(/\/p\/([^/]+)\//)?.[1];
  if (!code || !canvas || canvas.hidden) return;
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ code, picture: canvas.toDataURL("image/jpeg", 0.8) }));
  } catch {
    // No room, or no permission: words do.
  }
}

function keptFor(code) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return kept?.code === code ? kept.picture : null;
  } catch {
    return null;
  }
}

onContent("[data-local-preview]", (box) => {
  const picture = box.querySelector("img") ? null : keptFor(box.dataset.localPreview);
  if (picture) box.append(make("img", { src: picture, alt: "" }));
});
