/**
 * Storage of the post's draft in this browser (IndexedDB), by user id.
 *
 * A small record has the texts, the order and the edits. Files that the server does not have yet are separate records,
 * so that typing does not copy videos. Everything is deleted when the post is shared or discarded, at log-out, and
 * after a week. Browsers without storage (private windows, a full disk) have no draft.
 */

const DATABASE = "composer";
const DRAFTS = "drafts";
const FILES = "files";
const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 2);
    request.onupgradeneeded = () => {
      for (const name of [DRAFTS, FILES]) {
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name);
      }
    };
    request.onsuccess = () => {
      // Logging out in another tab deletes the database, which waits for everybody who has it open.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
}

async function withStore(name, mode, use) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = use(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Resolves to whether `change` was made. Missing storage is not an error. */
async function done(change) {
  try {
    await change;
    return true;
  } catch {
    return false;
  }
}

const filesOf = (owner) => IDBKeyRange.bound([owner], [owner, []]);

/** The draft of `owner`, as `saveDraft` was given it, or null. */
export async function loadDraft(owner) {
  try {
    const draft = await withStore(DRAFTS, "readonly", (store) => store.get(owner));
    if (draft && Date.now() - draft.at < WEEK_MS) return draft;
    if (draft) await dropDraft(owner);
    return null;
  } catch {
    return null;
  }
}

export const saveDraft = (owner, draft) =>
  done(withStore(DRAFTS, "readwrite", (store) => store.put({ ...draft, at: Date.now() }, owner)));

/** Keeps `file` under the slide's `key`. */
export const keepFile = (owner, key, file) =>
  done(withStore(FILES, "readwrite", (store) => store.put(file, [owner, key])));

export const dropFile = (owner, key) => done(withStore(FILES, "readwrite", (store) => store.delete([owner, key])));

/** The files that are kept, by the key of their slide. */
export async function loadFiles(owner) {
  try {
    const keys = await withStore(FILES, "readonly", (store) => store.getAllKeys(filesOf(owner)));
    const files = await withStore(FILES, "readonly", (store) => store.getAll(filesOf(owner)));
    return new Map(keys.map(([, key], index) => [key, files[index]]));
  } catch {
    return new Map();
  }
}

export async function dropDraft(owner) {
  await done(withStore(DRAFTS, "readwrite", (store) => store.delete(owner)));
  await done(withStore(FILES, "readwrite", (store) => store.delete(filesOf(owner))));
}

document.addEventListener("submit", (event) => {
  if (event.target.matches?.("form[data-logout]")) indexedDB.deleteDatabase(DATABASE);
});
