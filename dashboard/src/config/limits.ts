/** Limit of a direct call: a Lambda event holds 6 MB, and the image is base64 in it. */
export const MAX_DIRECT_BYTES = 4_400_000;

/** With fewer images nothing is said of a share (`FEW` of `visionflow/insights/intervals.py`). */
export const FEW_IMAGES = 10;
