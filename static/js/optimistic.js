/**
 * Shows likes, saves and follows before the server answers, and reverts them with a message if the request fails.
 *
 * Handles `form[data-optimistic]` instead of htmx. `data-key` identifies the object, and `data-on` and `data-off` are
 * the URLs of the two actions. Only one request per object runs at a time; the last press wins.
 * Without this module htmx swaps the response in; without JavaScript the form is submitted and the page reloads.
 */
import { compact, csrfToken } from "./dom.js";
import { reason } from "./failures.js";
import { toast } from "./toasts.js";

const TIMEOUT_MS = 15_000;

/** Message of a failed request and selector of the affected counts, by kind. */
const KINDS = {
  like: {
    failed: (on) => `Couldn’t ${on ? "like" : "unlike"} this post.`,
    counts: (code) => `[data-post="${code}"] [data-like-count]`,
  },
  "comment-like": {
    failed: (on) => `Couldn’t ${on ? "like" : "unlike"} this comment.`,
    counts: (id) => `#comment-likes-${id}`,
  },
  save: { failed: (on) => `Couldn’t ${on ? "save" : "unsave"} this post.` },
  follow: {
    failed: (on, name) => `Couldn’t ${on ? "follow" : "unfollow"} ${name}.`,
    counts: (name) => `[data-followers-count][data-person="${name}"]`,
  },
};

/** Objects with a request under way, by kind and key: {stored (on the server), wanted, shown}. */
const pending = new Map();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!KINDS[form.dataset?.optimistic]) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const id = idOf(form);
    let state = pending.get(id);
    if (!state) {
      const pressed = isPressed(form);
      state = { id, stored: pressed, wanted: pressed, shown: pressed, sending: false };
      pending.set(id, state);
    }
    state.form = form;
    state.wanted = !state.wanted;
    show(state);
    if (!state.sending) send(state);
  },
  true,
);

async function send(state) {
  state.sending = true;
  let answer = null;
  while (state.wanted !== state.stored) {
    const aim = state.wanted;
    const { optimistic, key } = state.form.dataset;
    try {
      answer = await post(state.form, aim);
      state.stored = aim;
    } catch (error) {
      answer = null;
      if (state.wanted === aim) toast(`${KINDS[optimistic].failed(aim, key)} ${reason(error.status ?? 0)}`, "error");
      state.wanted = state.stored;
      show(state);
    }
  }
  pending.delete(state.id);
  // The server's count replaces the estimate, because other people change it too.
  if (answer !== null && state.form.isConnected && window.htmx) {
    await window.htmx.swap({
      sourceElement: state.form,
      target: targetOf(state.form),
      swap: "outerMorph",
      text: answer,
    });
  }
}

async function post(form, on) {
  const response = await fetch(on ? form.dataset.on : form.dataset.off, {
    method: "POST",
    headers: {
      "HX-Request": "true",
      "HX-Current-URL": location.href,
      "X-CSRFToken": csrfToken(form),
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
  if (!response.ok) throw Object.assign(new Error("refused"), { status: response.status });
  return response.status === 204 ? null : await response.text();
}

/** Shows the wanted state in all forms of the object, and in the counts. */
function show(state) {
  const { id, wanted } = state;
  for (const form of document.querySelectorAll("form[data-optimistic]")) {
    if (idOf(form) !== id) continue;
    const action = wanted ? form.dataset.off : form.dataset.on;
    form.setAttribute("action", action);
    if (form.hasAttribute("hx-post")) form.setAttribute("hx-post", action);
    const button = form.querySelector("button[aria-pressed]");
    if (!button) continue;
    button.setAttribute("aria-pressed", String(wanted));
    const label = wanted ? button.dataset.labelOn : button.dataset.labelOff;
    if (label && button.hasAttribute("aria-label")) button.setAttribute("aria-label", label);
    const text = wanted ? button.dataset.textOn : button.dataset.textOff;
    if (text) (button.querySelector("[data-text]") ?? button).textContent = text;
  }
  if (wanted === state.shown) return;
  state.shown = wanted;
  // Saves are not counted, nor are requests to follow a private account.
  const { optimistic, key, uncounted } = state.form.dataset;
  if (uncounted !== undefined) return;
  const counts = KINDS[optimistic].counts(CSS.escape(key));
  for (const element of document.querySelectorAll(counts)) move(element, wanted ? 1 : -1);
}

function move(element, step) {
  const key = ["likeCount", "commentLikes", "followersCount"].find((name) => name in element.dataset);
  const count = Math.max(0, Number(element.dataset[key]) + step);
  element.dataset[key] = String(count);
  const noun = count === 1 ? element.dataset.one : element.dataset.many;
  // If only the number is bold, the noun is a separate element.
  const beside = element.parentElement.querySelector("[data-noun]");
  if (beside) beside.textContent = noun;
  element.textContent = noun && !beside ? `${compact(count)} ${noun}` : compact(count);
  if ("hideZero" in element.dataset) element.hidden = count === 0;
}

const isPressed = (form) => form.querySelector("button[aria-pressed]")?.getAttribute("aria-pressed") === "true";

const idOf = ({ dataset }) => `${dataset.optimistic} ${dataset.key}`;

function targetOf(form) {
  const target = form.getAttribute("hx-target") ?? "this";
  if (target === "this") return form;
  return (target.startsWith("closest ") ? form.closest(target.slice(8)) : document.querySelector(target)) ?? form;
}
