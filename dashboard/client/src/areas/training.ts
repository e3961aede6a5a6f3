import { ask, type Transport, WRITE_TIMEOUT_MS } from "../transport/transport.ts";
import type { Job, JobRequest, Page, TrainingOptions } from "../types.ts";

const JOBS_PAGE = 20;

export interface TrainingApi {
  trainingOptions(signal?: AbortSignal): Promise<TrainingOptions>;
  startJob(request: JobRequest, signal?: AbortSignal): Promise<Job>;
  jobs(cursor: string | null, signal?: AbortSignal): Promise<Page<Job>>;
  job(id: string, signal?: AbortSignal): Promise<Job>;
  stopJob(id: string, signal?: AbortSignal): Promise<Job>;
  /** Resumes a failed or stopped job from its last checkpoint. */
  resumeJob(id: string, signal?: AbortSignal): Promise<Job>;
}

export function trainingApi(client: Transport): TrainingApi {
  const one = (id: string) => ({ path: { id } });
  return {
    trainingOptions: (signal) =>
      ask(signal, (bounded) => client.GET("/training-options", { signal: bounded })),
    startJob: (body, signal) =>
      ask(
        signal,
        (bounded) => client.POST("/training-jobs", { body, signal: bounded }),
        WRITE_TIMEOUT_MS, // a version of the dataset may be frozen first
      ),
    jobs: (cursor, signal) => {
      const query = { limit: JOBS_PAGE, ...(cursor !== null && { cursor }) };
      return ask(signal, (bounded) =>
        client.GET("/training-jobs", { params: { query }, signal: bounded }),
      );
    },
    job: (id, signal) =>
      ask(signal, (bounded) =>
        client.GET("/training-jobs/{id}", { params: one(id), signal: bounded }),
      ),
    stopJob: (id, signal) =>
      ask(signal, (bounded) =>
        client.DELETE("/training-jobs/{id}", { params: one(id), signal: bounded }),
      ),
    resumeJob: (id, signal) =>
      ask(signal, (bounded) =>
        client.POST("/training-jobs/{id}/resume", { params: one(id), signal: bounded }),
      ),
  };
}
