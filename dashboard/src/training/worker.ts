/** What trains the jobs of the local cloud, on its computer. */
export const WORKER = "visionflow jobs machines";
