/**
 * Registers the service worker beside the page. Without one (an old browser, plain http on another
 * host) the page works too, but does not open offline.
 */
export function installServiceWorker(
  container = navigator.serviceWorker as ServiceWorkerContainer | undefined,
): void {
  if (container === undefined || !import.meta.env.PROD) return;
  window.addEventListener("load", () => {
    container.register(new URL("sw.js", document.baseURI)).catch((cause: unknown) => {
      console.warn("no service worker:", cause);
    });
  });
}
