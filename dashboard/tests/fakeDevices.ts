import { type Feedback, type LogEntry, readRef } from "visionflow-client";

import { feedback, record } from "./records";

interface Sent {
  device_id: string;
  made_at: string;
  model: string;
  status: LogEntry["status"];
  label: string;
  confidence: number;
  filename?: string | null;
}

interface Recorder {
  records: LogEntry[];
}

/** What the API does with records that devices made: one record for each of their ids. */
export class FakeDevices {
  /** Labels that it refuses. */
  readonly refused = new Set<string>();
  /** How often each id came in, by either road. */
  readonly came = new Map<string, number>();
  /** Sizes of the calls without images. */
  readonly batches: number[] = [];
  readonly #history = new Map<string, Feedback[]>();
  readonly #made = new Map<string, LogEntry>();

  withoutImages(body: unknown, recorder: Recorder): Response {
    const { records } = body as { records: Sent[] };
    this.batches.push(records.length);
    const items = records.map((sent) => {
      if (this.refused.has(sent.label)) {
        const error = { code: "invalid_parameter", message: `label ${sent.label}` };
        return { device_id: sent.device_id, id: "key-of-it", outcome: "refused", error };
      }
      const isKnown = this.#made.has(sent.device_id);
      const { id } = this.#record(sent, recorder);
      const outcome = isKnown ? "known" : "recorded";
      return { device_id: sent.device_id, id, outcome, error: null };
    });
    return Response.json({ items });
  }

  /** null: not from a device. */
  async withImage(request: Request, recorder: Recorder): Promise<Response | null> {
    const text = await request.clone().text();
    const found = /name="device"\s+({.+})/.exec(text);
    if (!found?.[1]) return null;
    const sent = JSON.parse(found[1]) as Sent;
    if (this.refused.has(sent.label)) {
      return Response.json({ code: "invalid_image", detail: "no image" }, { status: 422 });
    }
    return Response.json(this.#record(sent, recorder));
  }

  note(pathname: string, label: string | null, by: string): void {
    const id = pathname.split("/")[2] ?? "";
    this.#history.set(id, [...(this.#history.get(id) ?? []), feedback(label, { by })]);
  }

  said({ pathname }: URL): Feedback[] {
    return this.#history.get(pathname.split("/")[2] ?? "") ?? [];
  }

  #record(sent: Sent, recorder: Recorder): LogEntry {
    this.came.set(sent.device_id, (this.came.get(sent.device_id) ?? 0) + 1);
    const { status, label, confidence, filename = null } = sent;
    const known = this.#made.get(sent.device_id);
    if (known) return known;
    const made = record(this.#made.size, {
      ...{ id: `key-${sent.device_id}`, status, label, confidence, filename },
      model: readRef(sent.model),
      source: "api",
    });
    this.#made.set(sent.device_id, made);
    recorder.records = [...recorder.records, made];
    return made;
  }
}
