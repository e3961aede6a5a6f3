import { isWaiting, type OutboxItem, type Row, stateOf } from "./record";

/** The rows of this device in memory, as the page shows them. */
export class Rows {
  readonly #rows = new Map<string, Row>();
  /** Made once for each row, so that an image keeps its blob while the row stays as it is. */
  readonly #items = new Map<string, OutboxItem>();

  get(deviceId: string): Row | undefined {
    return this.#rows.get(deviceId);
  }

  set(row: Row): void {
    const { deviceId } = row;
    const thumbnail = this.#items.get(deviceId)?.thumbnail ?? blobOf(row);
    this.#rows.set(deviceId, row);
    this.#items.set(deviceId, { ...itemOf(row), thumbnail });
  }

  delete(deviceId: string): void {
    this.#rows.delete(deviceId);
    this.#items.delete(deviceId);
  }

  /** The newest first. */
  all(): Row[] {
    return [...this.#rows.values()].sort((a, b) => b.addedAt - a.addedAt);
  }

  items(): OutboxItem[] {
    return this.all().flatMap(({ deviceId }) => this.#items.get(deviceId) ?? []);
  }

  waiting(): number {
    return [...this.#rows.values()].filter(isWaiting).length;
  }
}

function blobOf({ thumbnail }: Row): Blob | null {
  return thumbnail && new Blob([thumbnail.bytes], { type: thumbnail.type });
}

function itemOf(row: Row): Omit<OutboxItem, "thumbnail"> {
  const { deviceId, madeAt, answer, model, filename, hasImage, said, id, refusal } = row;
  return {
    deviceId,
    madeAt,
    answer,
    model,
    filename,
    hasImage,
    ...(said && { feedback: { label: said.label } }),
    state: stateOf(row),
    id,
    error: refusal,
  };
}
