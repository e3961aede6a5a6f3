import { pending } from "./pending";
import type { Transport } from "./transport";
import type { Job, JobRequest, Page, TrainingOptions } from "./types";

const JOBS_PAGE = 20;

export interface TrainingApi {
  trainingOptions(signal?: AbortSignal): Promise<TrainingOptions>;
  startJob(request: JobRequest, signal?: AbortSignal): Promise<Job>;
  jobs(cursor: string | null, signal?: AbortSignal): Promise<Page<Job>>;
  job(id: string, signal?: AbortSignal): Promise<Job>;
  stopJob(id: string, signal?: AbortSignal): Promise<Job>;
}

export function trainingApi(client: Transport): TrainingApi {
  const one = (id: string) => ({ path: { id } });
  return {
    trainingOptions: (signal) =>
      pending<TrainingOptions>(client, "get", "/training-options", {}, signal),
    startJob: (body, signal) => pending<Job>(client, "post", "/training-jobs", { body }, signal),
    jobs: (cursor, signal) => {
      const query = { limit: JOBS_PAGE, ...(cursor !== null && { cursor }) };
      return pending<Page<Job>>(client, "get", "/training-jobs", { query }, signal);
    },
    job: (id, signal) => pending<Job>(client, "get", "/training-jobs/{id}", one(id), signal),
    stopJob: (id, signal) => pending<Job>(client, "delete", "/training-jobs/{id}", one(id), signal),
  };
}
