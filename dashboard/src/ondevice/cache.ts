/**
 * The cache in which this browser keeps models. Not "visionflow-…": those are the service worker's,
 * which clears them.
 */
export const MODELS_CACHE = "visionflow.models";
