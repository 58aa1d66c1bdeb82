/**
 * Like, save and follow at once: `form[data-optimistic="like"|"comment-like"|"save"|"follow"]` shows the new state before the server has answered,
 * and goes back with a message if it refuses. Presses that come faster than answers are remembered: one request is
 * under way at a time, and the last press wins. Takes these forms over from htmx.
 * Without this module htmx swaps the answer in; without JavaScript the form posts and the page comes back.
 */
import { compact, csrfToken } from "./dom.js";
import { reason } from "./failures.js";
import { toast } from "./toasts.js";

const TIMEOUT_MS = 15_000;

const KINDS = {
  like: { on: "like", off: "unlike", refused: (on) => `Couldn't ${on ? "like" : "unlike"} this post.` },
  "comment-like": { on: "like", off: "unlike", refused: (on) => `Couldn't ${on ? "like" : "unlike"} this comment.` },
  save: {
    on: "save",
    off: "unsave",
    refused: (on) => `Couldn't ${on ? "save this post" : "take this post out of what you saved"}.`,
  },
  follow: { on: "follow", off: "unfollow", refused: (on, owner) => `Couldn't ${on ? "follow" : "unfollow"} ${owner}.` },
};

/** What is under way, by the path that like and unlike share: {kept: what the server has, wanted, shown}. */
const underWay = new Map();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const kind = KINDS[form.dataset?.optimistic];
    if (!kind) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const base = basePath(form);
    let state = underWay.get(base);
    if (!state) {
      const pressed = isPressed(form);
      state = { kind, base, kept: pressed, wanted: pressed, shown: pressed, sending: false };
      underWay.set(base, state);
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
  while (state.wanted !== state.kept) {
    const aim = state.wanted;
    try {
      answer = await post(state, aim);
      state.kept = aim;
    } catch (error) {
      answer = null;
      if (state.wanted === aim)
        toast(`${state.kind.refused(aim, ownerOf(state))} ${reason(error.status ?? 0)}`, "error");
      state.wanted = state.kept;
      show(state);
    }
  }
  underWay.delete(state.base);
  // The server's count, which others move too, replaces our guess.
  if (answer !== null && state.form.isConnected && window.htmx) {
    await window.htmx.swap({
      sourceElement: state.form,
      target: targetOf(state.form),
      swap: "outerMorph",
      text: answer,
    });
  }
}

async function post(state, on) {
  const response = await fetch(`${state.base}${on ? state.kind.on : state.kind.off}/`, {
    method: "POST",
    headers: {
      "HX-Request": "true",
      "HX-Current-URL": location.href,
      "X-CSRFToken": csrfToken(state.form),
      Accept: "text/html",
    },
    credentials: "same-origin",
    // A press just before leaving the page still counts.
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

function show(state) {
  const { kind, base, wanted } = state;
  for (const form of document.querySelectorAll("form[data-optimistic]")) {
    if (KINDS[form.dataset.optimistic] !== kind || basePath(form) !== base) continue;
    const action = `${base}${wanted ? kind.off : kind.on}/`;
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
  // A save is nobody else's business. A request to follow a private account is no follower yet.
  if ("uncounted" in state.form.dataset) return;
  const name = base.split("/").at(-2);
  const counts =
    kind === KINDS["comment-like"]
      ? `#comment-likes-${CSS.escape(name)}`
      : kind === KINDS.like
        ? `[data-post="${CSS.escape(name)}"] [data-like-count]`
        : `[data-followers-count][data-person="${CSS.escape(name)}"]`;
  for (const element of document.querySelectorAll(counts)) move(element, wanted ? 1 : -1);
}

function move(element, step) {
  const key = ["likeCount", "commentLikes", "followersCount"].find((name) => name in element.dataset);
  const count = Math.max(0, Number(element.dataset[key]) + step);
  element.dataset[key] = String(count);
  const noun = count === 1 ? element.dataset.one : element.dataset.many;
  // The noun stands beside the number where that alone is bold.
  const beside = element.parentElement.querySelector("[data-noun]");
  if (beside) beside.textContent = noun;
  element.textContent = noun && !beside ? `${compact(count)} ${noun}` : compact(count);
  if ("hideZero" in element.dataset) element.hidden = count === 0;
}

const isPressed = (form) => form.querySelector("button[aria-pressed]")?.getAttribute("aria-pressed") === "true";

/** "/p/AbC/" of "/p/AbC/like/". */
const basePath = (form) => new URL(form.getAttribute("action"), location.href).pathname.replace(/[^/]+\/?$/, "");

const ownerOf = (state) => decodeURIComponent(state.base.split("/").at(-2));

function targetOf(form) {
  const target = form.getAttribute("hx-target") ?? "this";
  if (target === "this") return form;
  return (target.startsWith("closest ") ? form.closest(target.slice(8)) : document.querySelector(target)) ?? form;
}
