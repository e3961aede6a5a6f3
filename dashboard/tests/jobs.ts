import type { Job, TrainingOptions } from "visionflow-client";

import offered from "../../layers/common/python/visionflow/jobs/options.json";

/** What the training package itself offers, with a dataset and two machines. */
export function trainingOptions(): TrainingOptions {
  return {
    ...offered,
    datasets: [
      {
        prefix: "s3://datasets/pets",
        classes: { cat: 400, dog: 300, ferret: 50 },
        images: 750,
        complete: true,
      },
    ],
    instances: [
      {
        type: "g4dn.xlarge",
        gpu: "NVIDIA T4, 16 GB",
        usd_per_hour_spot: 0.22,
        usd_per_hour: 0.526,
      },
      { type: "c7i.2xlarge", gpu: null, usd_per_hour_spot: 0.15, usd_per_hour: 0.357 },
    ],
    runs_on: "aws",
    worker: true,
    prices: { region: "us-east-1", instead_of: null, looked_up: "2026-11-27" },
  };
}

export function job(id: string, changes: Partial<Job> = {}): Job {
  return {
    id,
    state: "running",
    reason: null,
    config: {
      config: "flowers",
      data: "s3://datasets/pets",
      model: null,
      recipe: null,
      set: null,
      instance: null,
      on_demand: false,
      max_hours: 8,
      budget_usd: 10,
      grow_from: null,
      dataset: null,
      dataset_version: null,
      place: "ec2",
    },
    created_at: "2026-03-01T09:00:00.000000Z",
    started_at: "2026-03-01T09:02:00.000000Z",
    ended_at: null,
    heartbeat_at: "2026-03-01T09:10:00.000000Z",
    instance: { id: "i-1", type: "g4dn.xlarge", zone: "us-east-1a", spot: true },
    progress: { step: "training", epoch: 2, epochs: 10 },
    epochs: [1, 2].map((epoch) => ({
      epoch,
      train_loss: 1 / epoch,
      train_top1: 0.5 + epoch / 10,
      validation_loss: 1.2 / epoch,
      validation_top1: 0.45 + epoch / 10,
      seconds: 30,
    })),
    eta_seconds: 240,
    cost_usd: 0.03,
    budget_usd: 10,
    max_hours: 8,
    model: null,
    log_tail: ["epoch 1 done", "epoch 2 done"],
    runs_on: "aws",
    waits_for_worker: false,
    ...changes,
  };
}
