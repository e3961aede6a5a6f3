/*
 * Lets the installed page open while offline and start at once.
 *
 * It keeps the site's own files and nothing else: the page, its settings (config.json), its icons,
 * and the files under assets/, whose names change with their content and which assets.json lists.
 * So each page opens, also one that was not visited before the network went. What classifies on the
 * device, under engine/, is kept from its first use on; engine.json lists it. Whatever it does not
 * name here, above all every answer of the API and every image, goes past it untouched. The local
 * cloud serves page and API from one origin, so the rule is by path within the page's own folder,
 * never by origin.
 */
const CACHE = "visionflow-2";
const PAGE = ["./", "index.html", "config.json", "manifest.json", "favicon.svg"];
const HASHED = /^(assets|engine)\//;
const KEPT =
  /^((assets|engine)\/[\w.-]+|icons\/[\w-]+\.png|index\.html|config\.json|manifest\.json|favicon\.svg|)$/;
const DOCUMENTS = ["", "index.html"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // One by one: a bucket serves index.html, but has nothing at the folder's address.
      .then(async (cache) => {
        await Promise.allSettled(PAGE.map((path) => cache.add(path)));
        await keepRelease(cache).catch(() => undefined);
      })
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("visionflow-") && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = keptPath(request);
  if (path === null) return;
  if (HASHED.test(path)) {
    event.respondWith(cacheFirst(request));
    return;
  }
  const answer = networkFirst(request, path);
  event.respondWith(answer);
  if (!DOCUMENTS.includes(path)) return;
  event.waitUntil(
    // The page may be another release than the last one.
    answer
      .then(() => caches.open(CACHE))
      .then(keepRelease)
      .catch(() => undefined),
  );
});

/** The request's path within the page's folder, `null` if this worker does not handle it. */
function keptPath({ method, url }) {
  const scope = self.registration.scope;
  const { origin, pathname, search } = new URL(url);
  const address = origin + pathname;
  if (method !== "GET" || search !== "" || !address.startsWith(scope)) return null;
  const path = address.slice(scope.length);
  return KEPT.test(path) ? path : null;
}

/** A file with a content hash in its name never changes. */
async function cacheFirst(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  return kept ?? keep(cache, request, await fetch(request));
}

/** The newest file if there is a network, else the last one. */
async function networkFirst(request, path) {
  const cache = await caches.open(CACHE);
  try {
    return await keep(cache, request, await fetch(request));
  } catch (error) {
    const kept = await cache.match(request);
    if (kept !== undefined) return kept;
    const page = DOCUMENTS.includes(path) ? await cache.match("index.html") : undefined;
    if (page === undefined) throw error;
    return page;
  }
}

/** Has every file of this release, and none of another. */
async function keepRelease(cache) {
  await keepListed(cache, "assets");
  // A device that has used the engine once is to have it without a network after a release too.
  const engine = new URL("engine/", self.registration.scope).href;
  const used = (await cache.keys()).some(({ url }) => url.startsWith(engine));
  if (used) await keepListed(cache, "engine");
}

/** Has what `folder`.json names, and nothing else of the folder. */
async function keepListed(cache, folder) {
  const response = await fetch(new Request(new URL(`${folder}.json`, self.registration.scope)));
  if (!response.ok) return;
  const wanted = new Set(
    (await response.json()).map((path) => new URL(path, self.registration.scope).href),
  );
  const kept = new Set((await cache.keys()).map(({ url }) => url));
  const start = new URL(`${folder}/`, self.registration.scope).href;
  // One by one: the page itself comes first.
  for (const url of wanted) if (!kept.has(url)) await cache.add(url);
  for (const url of kept) {
    if (url.startsWith(start) && !wanted.has(url)) await cache.delete(url);
  }
}

async function keep(cache, request, response) {
  // Without room for it, it is answered all the same.
  if (response.ok) await cache.put(request, response.clone()).catch(() => undefined);
  return response;
}
