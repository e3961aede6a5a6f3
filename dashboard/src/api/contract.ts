import type { components } from "./schema";

/**
 * The bodies of routes that `schema.d.ts` does not describe yet. An entry leaves this file when the
 * generated description has it.
 */

type Schemas = components["schemas"];

export interface Costs {
  currency: string;
  today: number;
  per_1000: number;
  assumptions: Record<string, unknown>;
}

export type JobState =
  | "queued"
  | "launching"
  | "running"
  | "publishing"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "stopping";

export interface JobEpoch {
  epoch: number;
  train_loss: number;
  train_top1: number;
  validation_loss: number;
  validation_top1: number;
  seconds: number;
}

export interface JobRequest {
  config: string;
  data: string;
  model?: string;
  recipe?: string;
  set?: Record<string, Setting>;
  instance?: string;
  on_demand?: boolean;
  max_hours?: number;
  budget_usd?: number;
  promote?: boolean;
}

export interface Job {
  id: string;
  state: JobState;
  reason: string | null;
  config: JobRequest;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  heartbeat_at: string | null;
  instance: { id: string; type: string; zone: string; spot: boolean } | null;
  progress: { step: string; epoch: number; epochs: number } | null;
  epochs: JobEpoch[];
  eta_seconds: number | null;
  cost_usd: number;
  budget_usd: number;
  max_hours: number;
  model: Schemas["ModelRef"] | null;
  log_tail: string[];
}

export type Setting = string | number | boolean;

export interface TrainingConfig {
  name: string;
  recipe: string;
  model: string;
  summary: string;
  /** By dotted field name. A list cannot be set from here. */
  parameters: Record<string, { default: Setting | Setting[] | null; about: string }>;
}

export interface TrainingOptions {
  models: string[];
  recipes: string[];
  configs: TrainingConfig[];
  datasets: { prefix: string; classes: Record<string, number>; pictures: number }[];
  instances: {
    type: string;
    gpu: string | null;
    vcpus: number;
    usd_per_hour_spot: number;
    usd_per_hour: number;
  }[];
}
