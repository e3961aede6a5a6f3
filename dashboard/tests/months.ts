import type { MonthCost, VersionCost, VersionDay } from "visionflow-client";

export function versionCost(changes: Partial<VersionCost> = {}): VersionCost {
  return {
    model: { name: "flowers", version: "1.0.0" },
    images: 900,
    usd: 0.9,
    per_1000: 1.2,
    ways: {
      api: { images: 600, mean_ms: 42, mean_bytes: 90_000, memory_mb: 1769, per_1000: 1.1 },
      s3: { images: 300, mean_ms: 51, mean_bytes: 90_000, memory_mb: 2048, per_1000: 1.4 },
    },
    ...changes,
  };
}

export function monthCost(changes: Partial<MonthCost> = {}): MonthCost {
  return {
    currency: "USD",
    month: "2026-03",
    offset: 0,
    day: 10,
    days: 31,
    so_far: 12.5,
    forecast: { usd: 40.25, days: 7, least_days: 3, images_per_day: 90 },
    images: 1000,
    images_usd: 1.5,
    by_day: [
      { day: "2026-03-01", images: 400, usd: 0.6, utc_day: true },
      { day: "2026-03-02", images: 600, usd: 0.9, utc_day: false },
    ],
    by_version: [
      versionCost(),
      versionCost({ model: { name: "roses", version: "1.0.0" }, images: 100, ways: {} }),
    ],
    serving: versionCost(),
    fixed: [
      { item: "keys", so_far: 0.33, per_month: 1 },
      { item: "metrics", so_far: 1, per_month: 3 },
    ],
    stored: [
      { kind: "bucket", place: "images", bytes: 5e9, measured: true, per_month: 0.1 },
      { kind: "bucket", place: "models", bytes: null, measured: false, per_month: null },
    ],
    stored_so_far: 0.03,
    training: {
      jobs: 2,
      jobs_usd: 9,
      trainings: 3,
      trainings_usd: 0.5,
      curated: 40,
      curated_usd: 0.14,
      complete: true,
    },
    budget_usd: 50,
    retention_days: 30,
    prices: {
      region: "us-east-1",
      instead_of: null,
      looked_up: "2026-02-01",
      source: "https://aws.amazon.com/pricing/",
      items: { keys: 1, s3_puts: 0.000005 },
      free: { alarms: 10 },
    },
    measured: {
      measured_at: "2026-02-02",
      hardware: "a machine",
      model: "starter 2.0.0",
      infer_ms: 1.6,
      images: [{ megapixels: 3, bytes: 773_773, http_ms: 14.7, s3_ms: 14.5 }],
      record_bytes: 995,
      thumbnail_bytes: 7869,
      log_bytes: 2496,
      resident_mb: 168,
      metrics: 20,
      alarms: 10,
    },
    assumptions: {},
    ...changes,
  };
}

export function versionDay(day: string, changes: Partial<VersionDay> = {}): VersionDay {
  return {
    day,
    model: { name: "flowers", version: "1.0.0" },
    ok: 80,
    unsure: 15,
    unfamiliar: 5,
    failed: 2,
    latency: { n: 100, p50_ms: 40, p95_ms: 90 },
    browser: 0,
    edge: 0,
    agreement: null,
    feedback: { n: 20, correct: 18, low: 0.7, high: 0.97 },
    ...changes,
  };
}
