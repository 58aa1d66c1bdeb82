/**
 * The draft of a post, kept in this browser: texts and photos in IndexedDB, under the person's id. It goes when the post
 * is shared or discarded, when somebody logs out here, and after a week. Where the browser keeps nothing (private
 * windows, a full disk) there is simply no draft.
 */

const DATABASE = "composer";
const STORE = "drafts";
const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withStore(mode, use) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = use(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** The draft of `owner`: {caption, location, photos: [{file, alt}]}, or null. */
export async function loadDraft(owner) {
  try {
    const draft = await withStore("readonly", (store) => store.get(owner));
    return draft && Date.now() - draft.at < WEEK_MS ? draft : null;
  } catch {
    return null;
  }
}

/** True when it is kept. Photos that do not fit are left out, the texts still kept. */
export async function saveDraft(owner, draft) {
  const dated = { ...draft, at: Date.now() };
  try {
    await withStore("readwrite", (store) => store.put(dated, owner));
    return true;
  } catch {
    try {
      await withStore("readwrite", (store) => store.put({ ...dated, photos: [] }, owner));
    } catch {
      // Nothing can be kept here.
    }
    return false;
  }
}

export async function dropDraft(owner) {
  try {
    await withStore("readwrite", (store) => store.delete(owner));
  } catch {
    // There was none.
  }
}

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute?.("action")?.endsWith("/accounts/logout/")) indexedDB.deleteDatabase(DATABASE);
});
