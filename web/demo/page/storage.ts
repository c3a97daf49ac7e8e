/**
 * What the page keeps between visits: drawings with their labels and the state of a training. It lies in IndexedDB; where
 * that cannot be used, is full or is closed, in memory from then on, and only until the page is left.
 */
import { granted } from "./browser-storage.js";

const NAME = "deepshift";
const VERSION = 1;
const STORES = { drawings: { autoIncrement: true }, training: {} };
export type Store = keyof typeof STORES;

type Memory = Record<Store, Map<IDBValidKey, unknown>>;

/** One thing to do, in either place. */
interface Action<T> {
  store: Store;
  mode: IDBTransactionMode;
  inDatabase(objects: IDBObjectStore): IDBRequest<T>;
  inMemory(objects: Map<IDBValidKey, unknown>): T;
}

let database: Promise<IDBDatabase> | undefined;
/** There once the database failed. */
let memory: Promise<Memory> | undefined;

/** Whether what is kept will be there at the next visit, as far as is known. */
export const outlastsThePage = (): boolean => memory === undefined;

async function perform<T>(action: Action<T>): Promise<T> {
  if (!memory) {
    try {
      return await transact(await (database ??= open()), action.store, action.mode, action.inDatabase);
    } catch (error) {
      console.info("What is kept here will be forgotten when the page is left:", error);
      memory ??= rescued();
    }
  }
  return action.inMemory((await memory)[action.store]);
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = granted(() => indexedDB)?.open(NAME, VERSION);
    if (!request) throw new Error("the browser offers no storage");
    request.onupgradeneeded = () => {
      for (const [store, options] of Object.entries(STORES)) request.result.createObjectStore(store, options);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage cannot be opened"));
  });
}

function transact<T>(
  db: IDBDatabase,
  store: Store,
  mode: IDBTransactionMode,
  action: (objects: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode);
    const request = action(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser's storage is full or closed"));
  });
}

/** What a database that takes no more still tells. */
async function rescued(): Promise<Memory> {
  const memory: Memory = { drawings: new Map(), training: new Map() };
  for (const store of Object.keys(STORES) as Store[]) {
    try {
      const db = await database!;
      const keys = await transact(db, store, "readonly", (objects) => objects.getAllKeys());
      const values = await transact<unknown[]>(db, store, "readonly", (objects) => objects.getAll());
      keys.forEach((key, index) => memory[store].set(key, values[index]));
    } catch {
      // Then nothing of it is left.
    }
  }
  return memory;
}

let added = 0;

export const add = (store: Store, value: unknown): Promise<IDBValidKey> =>
  perform({
    store,
    mode: "readwrite",
    inDatabase: (objects) => objects.add(value),
    inMemory: (objects) => keep(objects, `added ${(added += 1)}`, value),
  });

export const put = (store: Store, key: string, value: unknown): Promise<IDBValidKey> =>
  perform({
    store,
    mode: "readwrite",
    inDatabase: (objects) => objects.put(value, key),
    inMemory: (objects) => keep(objects, key, value),
  });

export const get = <T>(store: Store, key: string): Promise<T | undefined> =>
  perform<T | undefined>({
    store,
    mode: "readonly",
    inDatabase: (objects) => objects.get(key) as IDBRequest<T | undefined>,
    inMemory: (objects) => objects.get(key) as T | undefined,
  });

export const all = <T>(store: Store): Promise<T[]> =>
  perform<T[]>({
    store,
    mode: "readonly",
    inDatabase: (objects) => objects.getAll() as IDBRequest<T[]>,
    inMemory: (objects) => [...objects.values()] as T[],
  });

export const remove = (store: Store, key: IDBValidKey): Promise<undefined> =>
  perform({
    store,
    mode: "readwrite",
    inDatabase: (objects) => objects.delete(key),
    inMemory: (objects) => void objects.delete(key),
  });

export const clear = (store: Store): Promise<undefined> =>
  perform({
    store,
    mode: "readwrite",
    inDatabase: (objects) => objects.clear(),
    inMemory: (objects) => void objects.clear(),
  });

/** A copy, as the database makes one: what is kept does not change with what the page goes on with. */
function keep(objects: Map<IDBValidKey, unknown>, key: IDBValidKey, value: unknown): IDBValidKey {
  objects.set(key, structuredClone(value));
  return key;
}
