/** With fewer images nothing is said of a share (`FEW` of `visionflow/insights/intervals.py`). */
export const FEW_IMAGES = 10;
