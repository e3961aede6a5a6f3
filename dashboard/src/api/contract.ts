/**
 * The bodies of routes that `schema.d.ts` does not describe yet. An entry leaves this file when the
 * generated description has it.
 */

export interface GateCheck {
  name: string;
  value: number;
  limit: number;
  passed: boolean;
}

export type Alias = "production" | "canary" | "shadow";

export interface ModelItem {
  name: string;
  version: string;
  created_at: string;
  precision: "fp32" | "int8";
  labels: number;
  metrics: Record<string, number>;
  gate_passed: boolean;
  force: { reason?: string; by?: string } | null;
  retired_at: string | null;
  aliases: Alias[];
}

export interface ModelName {
  name: string;
  version: string;
}

export interface Aliases {
  production: ModelName | null;
  canary: (ModelName & { percent: number }) | null;
  shadow: ModelName | null;
}

export interface ModelDetail extends ModelItem {
  manifest: {
    labels: { name: string; parent: string | null }[];
    gate: GateCheck[];
    quantization: {
      scheme: string;
      calibration: string;
      calibration_images: number;
      excluded_nodes: string[];
      fallback_reason: string | null;
    };
    temperature: number;
    unknown_threshold: number;
    input: { size: number; resize: number; crop: string; interpolation: string };
    git_commit: string | null;
  };
  report: unknown;
  files: Record<string, string>;
}

export interface AliasMove {
  alias: Alias;
  name: string | null;
  version: string | null;
  percent: number | null;
  moved_at: string;
  by: string | null;
  action: string;
  reason: string | null;
}

export interface Share {
  n: number;
  correct: number;
  low: number;
  high: number;
}

export interface Comparison {
  items: {
    version: string;
    n: number;
    agreement: number | null;
    mean_confidence: number | null;
    confidence_shift: number | null;
    p50_ms: number | null;
    p95_ms: number | null;
    feedback: { n: number; accuracy: number; low: number; high: number } | null;
  }[];
}

export interface Stats {
  total: number;
  by_status: Record<string, number>;
  by_label: Record<string, number>;
  by_model: Record<string, number>;
  by_day: { day: string; ok: number; unknown: number; failed: number }[];
  feedback: { by_model: Record<string, Share & { per_label: Record<string, Share> }> };
  drift: Record<
    string,
    { labels: number | null; embedding: number | null; n: number; alarm: boolean }
  >;
}

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
  set?: Record<string, string | number | boolean>;
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
  model: ModelName | null;
  log_tail: string[];
}

export interface TrainingOptions {
  configs: {
    name: string;
    recipe: string;
    model: string;
    summary: string;
    parameters: Record<string, { default: string | number | boolean; help: string }>;
  }[];
  datasets: { prefix: string; classes: Record<string, number>; pictures: number }[];
  instances: { type: string; gpu: string; usd_per_hour_spot: number; usd_per_hour: number }[];
}

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}
