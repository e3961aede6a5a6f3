/*
 * Lets the installed page open while offline and start at once.
 *
 * It keeps the site's own files and nothing else: the page, its icons, and the files under assets/,
 * whose names change with their content. Whatever it does not name here, above all every answer of
 * the API and every image, goes past it untouched. The local cloud serves page and API from one
 * origin, so the rule is by path within the page's own folder, never by origin.
 */
const CACHE = "visionflow-1";
const PAGE = ["./", "index.html", "manifest.json", "favicon.svg"];
const KEPT = /^(assets\/[\w.-]+|icons\/[\w-]+\.png|index\.html|manifest\.json|favicon\.svg|)$/;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // One by one: a bucket serves index.html, but has nothing at the folder's address.
      .then((cache) => Promise.allSettled(PAGE.map((path) => cache.add(path))))
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
  event.respondWith(path.startsWith("assets/") ? cacheFirst(request) : networkFirst(request));
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

/** The newest page if there is a network, else the last one. */
async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    return await keep(cache, request, await fetch(request));
  } catch (error) {
    const kept = (await cache.match(request)) ?? (await cache.match("index.html"));
    if (kept === undefined) throw error;
    return kept;
  }
}

async function keep(cache, request, response) {
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
