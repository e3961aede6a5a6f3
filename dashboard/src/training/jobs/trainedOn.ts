import type { Job } from "visionflow-client";

/** The dataset or folder of a job, as a heading. */
export function trainedOn({ config: { dataset, data } }: Pick<Job, "config">): string {
  return dataset ?? data.replace(/^s3:\/\/[^/]+\//, "");
}
