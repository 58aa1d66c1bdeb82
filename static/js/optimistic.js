/**
 * Shows likes, saves and follows before the server answers, and reverts them with a message if the request fails.
 *
 * Handles `button[data-optimistic]`. `data-key` identifies the object (by default the shortcode of its post). The
 * address of the button, `…/like/` or `…/unlike/`, gives that of the opposite action. Only one request per object runs
 * at a time; the last press wins. Without JavaScript the button's form is submitted and the page reloads.
 */
import { compact, csrfToken } from "./dom.js";
import { reason } from "./failures.js";
import { toast } from "./toasts.js";

const TIMEOUT_MS = 15_000;

/** The message of a failed request, the labels and texts, the counts and the target of the response, by kind. */
const KINDS = {
  like: {
    failed: (on) => `Couldn’t ${on ? "like" : "unlike"} this post.`,
    label: (on) => (on ? "Unlike" : "Like"),
    counts: (code) => `[data-post="${code}"] [data-like-count]`,
    nouns: ["like", "likes"],
    replaced: (_, code) => document.querySelector(`#likes-${code}`),
  },
  "comment-like": {
    failed: (on) => `Couldn’t ${on ? "like" : "unlike"} this comment.`,
    label: (on, before) => before.replace(/^\w+/, on ? "Unlike" : "Like"),
    counts: (id) => `#comment-likes-${id}`,
    nouns: ["like", "likes"],
    replaced: (button) => button,
  },
  save: {
    failed: (on) => `Couldn’t ${on ? "save" : "unsave"} this post.`,
    label: (on) => (on ? "Remove from saved" : "Save"),
  },
  follow: {
    failed: (on, name) => `Couldn’t ${on ? "follow" : "unfollow"} ${name}.`,
    // Only requests to follow a private account are not counted.
    text: (on, button) => (on ? ("uncounted" in button.dataset ? "Requested" : "Following") : "Follow"),
    counts: (name) => `[data-followers-count][data-person="${name}"]`,
    replaced: (button) => button,
  },
};

/** Objects with a request under way, by kind and key: {stored (on the server), wanted, shown}. */
const pending = new Map();

document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("button[data-optimistic]");
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const id = idOf(button);
    let state = pending.get(id);
    if (!state) {
      const pressed = isPressed(button);
      state = { id, stored: pressed, wanted: pressed, shown: pressed, sending: false };
      pending.set(id, state);
    }
    state.button = button;
    state.wanted = !state.wanted;
    show(state);
    if (!state.sending) send(state);
  },
  true,
);

async function send(state) {
  state.sending = true;
  let answer = null;
  const kind = KINDS[state.button.dataset.optimistic];
  const key = keyOf(state.button);
  while (state.wanted !== state.stored) {
    const aim = state.wanted;
    try {
      answer = await post(state.button, aim);
      state.stored = aim;
    } catch (error) {
      answer = null;
      if (state.wanted === aim) toast(`${kind.failed(aim, key)} ${reason(error.status ?? 0)}`, "error");
      state.wanted = state.stored;
      show(state);
    }
  }
  pending.delete(state.id);
  // The server's count replaces the estimate, because other people change it too.
  const target = kind.replaced?.(state.button, CSS.escape(key));
  if (answer !== null && target?.isConnected && window.htmx) {
    await window.htmx.swap({ sourceElement: state.button, target, swap: "outerMorph", text: answer });
  }
}

async function post(button, on) {
  const response = await fetch(addressOf(button, on), {
    method: "POST",
    headers: {
      "HX-Request": "true",
      "HX-Current-URL": location.href,
      "X-CSRFToken": csrfToken(button.form),
      Accept: "text/html",
    },
    credentials: "same-origin",
    // A press just before the person leaves the page must still arrive.
    keepalive: true,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const elsewhere = response.headers.get("HX-Redirect") ?? (response.redirected ? response.url : null);
  if (elsewhere) {
    location.assign(elsewhere);
    return null;
  }
  // Other parts of the page depend on the answer, such as the posts of a private account.
  if (response.headers.get("HX-Refresh") === "true") {
    location.reload();
    return null;
  }
  if (!response.ok) throw Object.assign(new Error("refused"), { status: response.status });
  return response.status === 204 ? null : await response.text();
}

/** Shows the wanted state in all buttons of the object, and in the counts. */
function show(state) {
  const { id, wanted } = state;
  const { optimistic, uncounted } = state.button.dataset;
  const kind = KINDS[optimistic];
  for (const button of document.querySelectorAll(`button[data-optimistic="${optimistic}"]`)) {
    if (idOf(button) !== id) continue;
    button.setAttribute("formaction", addressOf(button, !wanted));
    button.setAttribute("aria-pressed", String(wanted));
    const label = kind.label?.(wanted, button.getAttribute("aria-label"));
    if (label) button.setAttribute("aria-label", label);
    const text = kind.text?.(wanted, button);
    if (text) button.querySelector("[data-text]").textContent = text;
  }
  if (wanted === state.shown) return;
  state.shown = wanted;
  // Saves are not counted, nor are requests to follow a private account.
  if (uncounted !== undefined || !kind.counts) return;
  for (const element of document.querySelectorAll(kind.counts(CSS.escape(keyOf(state.button))))) {
    move(element, wanted ? 1 : -1, kind.nouns);
  }
}

function move(element, step, nouns) {
  const key = ["likeCount", "commentLikes", "followersCount"].find((name) => name in element.dataset);
  const count = Math.max(0, Number(element.dataset[key]) + step);
  element.dataset[key] = String(count);
  const [one, many] = nouns ?? [element.dataset.one, element.dataset.many];
  const noun = count === 1 ? one : many;
  // If only the number is bold, the noun is a separate element.
  const beside = element.parentElement.querySelector("[data-noun]");
  if (beside) beside.textContent = noun;
  element.textContent = noun && !beside ? `${compact(count)} ${noun}` : compact(count);
  if (nouns) element.hidden = count === 0;
}

const isPressed = (button) => button.getAttribute("aria-pressed") === "true";

/** The address that switches the state of the button on, or off. */
const addressOf = (button, on) =>
  button.getAttribute("formaction").replace(/(?:un)?(\w+\/)$/, (_, action) => (on ? action : `un${action}`));

const keyOf = (button) => button.dataset.key ?? button.closest("[data-post]").dataset.post;

const idOf = (button) => `${button.dataset.optimistic} ${keyOf(button)}`;
