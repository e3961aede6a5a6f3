/*
 * Lets the installed page open while offline and start at once.
 *
 * It keeps the site's own files and nothing else: the page, its settings (config.json), its icons,
 * and the files under assets/, whose names change with their content and which assets.json lists.
 * So each page opens, also one that was not visited before the network went. Whatever it does not
 * name here, above all every answer of
 * the API and every image, goes past it untouched. The local cloud serves page and API from one
 * origin, so the rule is by path within the page's own folder, never by origin.
 */
const CACHE = "visionflow-2";
const PAGE = ["./", "index.html", "config.json", "manifest.json", "favicon.svg"];
const ASSETS = "assets.json";
const KEPT =
  /^(assets\/[\w.-]+|icons\/[\w-]+\.png|index\.html|config\.json|manifest\.json|favicon\.svg|)$/;
const DOCUMENTS = ["", "index.html"];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // One by one: a bucket serves index.html, but has nothing at the folder's address.
      .then(async (cache) => {
        await Promise.allSettled(PAGE.map((path) => cache.add(path)));
        await keepAssets(cache).catch(() => undefined);
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
  if (path.startsWith("assets/")) {
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
      .then(keepAssets)
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
async function keepAssets(cache) {
  const response = await fetch(new Request(new URL(ASSETS, self.registration.scope)));
  if (!response.ok) return;
  const wanted = new Set(
    (await response.json()).map((path) => new URL(path, self.registration.scope).href),
  );
  const kept = new Set((await cache.keys()).map(({ url }) => url));
  const folder = new URL("assets/", self.registration.scope).href;
  for (const url of kept) {
    if (url.startsWith(folder) && !wanted.has(url)) await cache.delete(url);
  }
  // One by one: the page itself comes first.
  for (const url of wanted) if (!kept.has(url)) await cache.add(url);
}

async function keep(cache, request, response) {
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
