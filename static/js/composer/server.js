/**
 * Requests of the composer: they resolve to JSON or reject with a `Refusal`. Parts of files use XMLHttpRequest, because
 * fetch reports no upload progress.
 */
import { csrfToken } from "../dom.js";
import { reason } from "../failures.js";

const STALL_MS = 60_000;
const SIGNED_OUT = "You’ve been logged out. Log in in another tab and try again. Your post is still here.";

/**
 * A failed request, with `status` (0 without a response), `code`, `answer` (its JSON) and `retryAfterMs`. The message
 * is a sentence.
 */
export class Refusal extends Error {
  constructor(status, { answer = {}, retryAfterMs = 0, message = "" } = {}) {
    super(message || answer.error?.message || answer.detail || reason(status));
    this.status = status;
    this.code = answer.error?.code ?? "";
    this.answer = answer;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same may work in a while: no connection, an overload, a fault of the server. */
  get passes() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export class Server {
  /** `urls` has the URL of each route as `url…`, with 0 in place of an id. */
  constructor(form, urls) {
    Object.assign(this, { form, urls });
  }

  /** Resolves to the JSON that `route` answers with, or rejects with a `Refusal`. `fields` can have lists as values. */
  ask(method, route, { id, fields = {}, keepalive = false } = {}) {
    const url = this.urls[`url${route}`];
    const headers = { Accept: "application/json", "X-CSRFToken": csrfToken(this.form) };
    return exchange(id === undefined ? url : url.replace("/0/", `/${id}/`), {
      method,
      headers,
      keepalive,
      body: method === "GET" ? undefined : bodyOf(fields),
    });
  }
}

function bodyOf(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
  }
  return body;
}

async function exchange(url, options) {
  let response;
  let text;
  try {
    response = await fetch(url, options);
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0);
  }
  if (response.redirected) throw new Refusal(401, { message: SIGNED_OUT });
  const answer = parsed(text);
  if (response.ok && (answer || response.status === 204)) return answer ?? {};
  const retryAfterMs = Number(response.headers.get("Retry-After") ?? 0) * 1_000;
  const message = response.status === 401 ? SIGNED_OUT : "";
  throw new Refusal(response.ok ? 502 : response.status, { answer: answer ?? {}, retryAfterMs, message });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Sends one part of a file; `progress(bytes)` while it travels. The address may be a bucket's: its fields come first,
 * then the file, and no header of ours.
 */
export function sendPart(part, blob, { signal, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stall;
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALL_MS);
    };
    const stop = () => request.abort();
    const refuse = (status, options) => reject(new Refusal(status, options));
    request.upload.addEventListener("progress", (event) => {
      watch();
      progress(Math.min(event.loaded, blob.size));
    });
    request.addEventListener("load", () => {
      const arrived = new URL(part.url, location.href);
      const answeredBy = request.responseURL ? new URL(request.responseURL) : arrived;
      const isLogin = arrived.origin === location.origin && answeredBy.pathname !== arrived.pathname;
      const retryAfterMs =
        Number(arrived.origin === location.origin ? (request.getResponseHeader("Retry-After") ?? 0) : 0) * 1_000;
      if (isLogin || request.status === 401) refuse(401, { message: SIGNED_OUT });
      else if (request.status >= 200 && request.status < 300) resolve();
      else refuse(request.status, { answer: parsed(request.responseText) ?? {}, retryAfterMs });
    });
    request.addEventListener("error", () => refuse(0));
    request.addEventListener("abort", () =>
      signal.aborted ? reject(new DOMException("Stopped", "AbortError")) : refuse(0),
    );
    request.addEventListener("loadend", () => {
      clearTimeout(stall);
      signal.removeEventListener("abort", stop);
    });
    if (signal.aborted) {
      reject(new DOMException("Stopped", "AbortError"));
      return;
    }
    signal.addEventListener("abort", stop);
    const body = new FormData();
    for (const [name, value] of Object.entries(part.fields ?? {})) body.append(name, value);
    body.append("file", blob, "part");
    request.open("POST", part.url);
    watch();
    request.send(body);
  });
}
