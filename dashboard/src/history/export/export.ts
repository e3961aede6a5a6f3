import type { Client, LogEntry, Score } from "visionflow-client";

import { type Filters, readPage } from "../../records/feed/feed";
import { isRight } from "../../records/feedback/verdict";
import { BYTE_ORDER_MARK, csvLine } from "../../ui/csv";

const PAGE = 100;

export type Format = "csv" | "json";

/** Every record that matches, newest first; `onCount` gets the number so far. */
export async function readAll(
  api: Client,
  filters: Filters,
  onCount: (count: number) => void,
  signal: AbortSignal,
): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  let cursor: string | null = null;
  do {
    const page = await readPage(api, filters, cursor, signal, PAGE);
    found.push(...page.items);
    onCount(found.length);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

/** Addresses of images are left out: they expire within minutes. */
export function toJson(entries: readonly LogEntry[]): string {
  const rows = entries.map((entry) => ({ ...entry, thumbnail_url: undefined }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

const COLUMNS: readonly [string, (entry: LogEntry) => string | number | null | undefined][] = [
  ["id", ({ id }) => id],
  ["created_at", ({ created_at }) => created_at],
  ["source", ({ source }) => source],
  ["status", ({ status }) => status],
  ["label", ({ label }) => label],
  ["parents", ({ parents }) => parents.join(" > ")],
  ["confidence", ({ confidence }) => confidence],
  ["top_k", ({ top_k }) => top_k.map(scored).join("; ")],
  ["unknown_reason", ({ unknown_reason }) => unknown_reason],
  ["familiarity", ({ familiarity }) => familiarity],
  ["feedback", verdict],
  ["feedback_label", ({ feedback }) => feedback?.label],
  ["feedback_at", ({ feedback }) => feedback?.at],
  ["model_name", ({ model }) => model?.name],
  ["model_version", ({ model }) => model?.version],
  ["filename", ({ filename }) => filename],
  ["image_key", ({ image }) => image.key],
  ["image_sha256", ({ image }) => image.sha256],
  ["image_width", ({ image }) => image.width],
  ["image_height", ({ image }) => image.height],
  ["image_bytes", ({ image }) => image.bytes],
  ["total_ms", ({ timings }) => sum(timings)],
  ["infer_ms", ({ timings }) => timings.infer],
  ["error_code", ({ error }) => error?.code],
  ["origin", ({ origin }) => origin],
  ["made_at", ({ made_at }) => made_at],
  ["device_label", ({ device }) => device?.label],
  ["device_confidence", ({ device }) => device?.confidence],
];

/** As `cat 0.93`: a label may have spaces, a number has none. */
function scored({ label, confidence }: Score): string {
  return `${label} ${confidence}`;
}

export function toCsv(entries: readonly LogEntry[]): string {
  const header = COLUMNS.map(([name]) => name);
  const rows = entries.map((entry) => COLUMNS.map(([, value]) => value(entry)));
  return BYTE_ORDER_MARK + [header, ...rows].map(csvLine).join("");
}

/** In one word; empty without feedback. That no label is right may itself be right or wrong. */
function verdict(entry: LogEntry): string | null {
  if (!entry.feedback) return null;
  return entry.feedback.label === null ? "none" : isRight(entry) ? "right" : "wrong";
}

function sum(timings: Record<string, number>): number {
  return Number(
    Object.values(timings)
      .reduce((total, ms) => total + ms, 0)
      .toFixed(3),
  );
}
