import type { Costs, ModelItem, ModelList, Report, RollbackRule, Stats } from "visionflow-client";

import report from "./data/report.json";

/** A version as the registry lists it, with what training measured of the real run in `data`. */
export function model(version: string, changes: Partial<ModelItem> = {}): ModelItem {
  return {
    name: "visionflow20",
    version,
    created_at: "2026-11-21T12:59:36.737771Z",
    precision: "int8",
    labels: 20,
    metrics: {
      test_top1: report.test.top1,
      test_macro_f1: report.test.macro_f1,
      test_ece: report.test.ece,
      ...Object.fromEntries(
        report.models.flatMap(({ form, bytes, latency_p50_ms, validation_top1 }) => [
          [`${form}_bytes`, bytes],
          [`${form}_latency_p50_ms`, latency_p50_ms],
          [`${form}_validation_top1`, validation_top1],
        ]),
      ),
    },
    gate_passed: true,
    force: null,
    retired: null,
    tried: { ms: 8.1, peak_mb: 310, at: "2026-11-21T13:00:12.104400Z" },
    verified: null,
    aliases: [],
    ...changes,
  };
}

export function registry(): ModelList {
  return {
    items: [model("2.0.0"), model("1.0.0", { aliases: ["production"] })],
    aliases: {
      production: { name: "visionflow20", version: "1.0.0" },
      canary: null,
      shadow: null,
    },
  };
}

/** With the version too that answered every `record`. */
export function registryOfRecords(): ModelList {
  const known = registry();
  return { ...known, items: [...known.items, model("1.0.0", { name: "starter" })] };
}

/** As the API answers it, with the parts of its manifest that the page shows. */
export function detail(item: ModelItem, shown: object = report) {
  const { gate, quantization } = report;
  const { data, tree = [] } = shown as Partial<Report>;
  const labels = data?.labels ?? [];
  const nodes = tree.length > 0 ? tree : labels.map((name) => ({ name, parent: null }));
  const manifest = {
    input: { size: 224, resize: 256, crop: "center", interpolation: "bicubic" },
    gate,
    quantization,
    familiarity: { threshold: 0.4 },
    labels: nodes.slice(0, labels.length),
    parents: nodes.slice(labels.length),
  };
  const { unknown_threshold: threshold, unfamiliar } = shown as Partial<Report>;
  const answers = {
    never_unsure: (threshold ?? 0) * labels.length <= 1,
    recognises_unfamiliar: Boolean(unfamiliar),
  };
  return { ...item, ...answers, manifest, report: shown, files: {} };
}

/** As a registry has it before anybody has said otherwise. */
export function rollbackRule(changes: Partial<RollbackRule> = {}): RollbackRule {
  return {
    enabled: false,
    min_images: 100,
    max_error_rate: 0.05,
    max_unknown_rate: 0.5,
    max_disagreement: 0.3,
    ...changes,
  };
}

export function stats(changes: Partial<Stats> = {}): Stats {
  return {
    first_day: "2026-03-01",
    last_day: "2026-03-01",
    total: 100,
    by_status: { ok: 90, unknown: 8, failed: 2 },
    unsure: 5,
    unfamiliar: 3,
    by_label: { cat: 60, dog: 38 },
    by_model: { "visionflow20/1.0.0": 98 },
    by_origin: { cloud: 100, browser: 0, edge: 0 },
    agreement: {},
    by_day: [{ day: "2026-03-01", ok: 90, unknown: 8, unsure: 5, unfamiliar: 3, failed: 2 }],
    feedback: {
      by_model: {
        "visionflow20/1.0.0": {
          n: 10,
          correct: 9,
          low: 0.6,
          high: 0.98,
          per_label: { starfish: { n: 4, correct: 3, low: 0.3, high: 0.95 } },
          none: { n: 2, correct: 2, low: 0.3, high: 1 },
          queue: { n: 20, correct: 12, low: 0.4, high: 0.8 },
        },
      },
    },
    drift: {
      "visionflow20/1.0.0": {
        labels: 0.05,
        embedding: 0.4,
        n: 500,
        needed: 200,
        verdict: "steady",
      },
    },
    ...changes,
  };
}

export function costs(changes: Partial<Costs> = {}): Costs {
  return {
    currency: "USD",
    today: 0,
    predictions_today: 100,
    per_1000: 0.01,
    fixed_per_day: 0,
    metrics_per_day: 0,
    period: { first_day: "2026-03-01", last_day: "2026-03-01", predictions: 100, usd: 0 },
    assumptions: {},
    stopped: null,
    ...changes,
  };
}
