/**
 * The cache in which this browser keeps models. Not "visionflow-…": those are the service worker's,
 * which clears them.
 */
export const MODELS_CACHE = "visionflow.models";

/** Takes every model off this device. */
export async function forgetModels(): Promise<void> {
  if ("caches" in globalThis) await caches.delete(MODELS_CACHE);
}
