/**
 * The draft of a post, kept in this browser under the person's id: texts, order and edits as one small record, and each
 * file that the server does not have yet as a record of its own, so that typing does not copy videos. All of it goes
 * when the post is shared or discarded, when somebody logs out here, and after a week. Where the browser keeps nothing
 * (private windows, a full disk) there is simply no draft.
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

/** Whether `change` was made; a browser that keeps nothing is no error. */
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
  if (event.target.getAttribute?.("action")?.endsWith("/accounts/logout/")) indexedDB.deleteDatabase(DATABASE);
});
