/// <reference lib="webworker" />
/**
 * Makes the page work offline after the first visit: what the build lists is fetched when this worker is installed,
 * larger files (the data set, the training module) when they are first used. Every build has its own cache.
 */
/** Put in by the build: names relative to the site, and a hash of what they hold. */
declare const SITE: { version: string; files: string[] };

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `deepshift-${SITE.version}`;

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(SITE.files.map((file) => new Request(file, { cache: "reload" })));
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith("deepshift-") && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

/** From the cache, else from the network and then kept; a cache that fails or is full is none. */
async function answer(request: Request): Promise<Response> {
  const kept = await fromCache((cache) => cache.match(request, { ignoreSearch: true }));
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && response.status === 200) {
    const copy = response.clone();
    await fromCache((cache) => cache.put(request, copy));
  }
  return response;
}

async function fromCache<T>(use: (cache: Cache) => Promise<T>): Promise<T | undefined> {
  try {
    return await use(await caches.open(CACHE));
  } catch {
    return undefined;
  }
}

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).href.startsWith(worker.registration.scope);
  if (request.method === "GET" && isOurs) event.respondWith(answer(request));
});
