/** What the page keeps between visits, in IndexedDB: drawings with their labels and the state of a training. */

const NAME = "deepshift";
const VERSION = 1;
export type Store = "drawings" | "training";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("drawings", { autoIncrement: true });
      request.result.createObjectStore("training");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage cannot be opened"));
  });
}

let database: Promise<IDBDatabase> | undefined;

async function perform<T>(
  store: Store,
  mode: IDBTransactionMode,
  action: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await (database ??= open());
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode);
    const request = action(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser's storage is full or closed"));
  });
}

export const add = (store: Store, value: unknown): Promise<IDBValidKey> =>
  perform(store, "readwrite", (objects) => objects.add(value));

export const put = (store: Store, key: string, value: unknown): Promise<IDBValidKey> =>
  perform(store, "readwrite", (objects) => objects.put(value, key));

export const get = <T>(store: Store, key: string): Promise<T | undefined> =>
  perform<T | undefined>(store, "readonly", (objects) => objects.get(key) as IDBRequest<T | undefined>);

export const all = <T>(store: Store): Promise<T[]> =>
  perform<T[]>(store, "readonly", (objects) => objects.getAll() as IDBRequest<T[]>);

export const remove = (store: Store, key: IDBValidKey): Promise<undefined> =>
  perform(store, "readwrite", (objects) => objects.delete(key));

export const clear = (store: Store): Promise<undefined> =>
  perform(store, "readwrite", (objects) => objects.clear());
