import { useSyncExternalStore } from "react";
import type { ModelName } from "visionflow-client";

import { type Engine, type EngineAnswer, EngineError } from "../../src/ondevice/engine";
import type { NewRecord, OutboxItem } from "../../src/outbox/useOutbox";
import { engineAnswer } from "../engine";

type Code = ConstructorParameters<typeof EngineError>[0];

/** Engines that answer what a test says, and count what was asked of them. */
export class FakeEngines {
  kept: ModelName[] = [];
  serving: ModelName = { name: "starter", version: "1.0.0" };
  answer = engineAnswer();
  /** Of files; as of frames where it is `null`. */
  stillAnswer: EngineAnswer | null = null;
  failure: Code | null = null;
  /** The name of a file that cannot be decoded. */
  refuse: string | null = null;
  readonly opened: (ModelName | "serving")[] = [];
  readonly classified: Blob[] = [];
  frames = 0;
  explained = 0;
  restarts = 0;
  running = 0;
  progress: (share: number) => void = () => undefined;
  release: () => Promise<void> = () => Promise.resolve();
  #gate = Promise.resolve();

  keptModels(): Promise<ModelName[]> {
    return Promise.resolve(this.kept);
  }

  /** Nothing opens until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.release = async () => {
        resolve();
        await Promise.resolve();
      };
    });
  }

  async open(...args: unknown[]): Promise<Engine> {
    const [, which, onProgress] = args as [unknown, ModelName | "serving", (share: number) => void];
    this.opened.push(which);
    this.progress = onProgress;
    await this.#gate;
    this.#check();
    this.running += 1;
    return {
      model: which === "serving" ? this.serving : which,
      threads: 1,
      labels: ["cat", "dog", "lion"],
      classify: (image, options) => {
        if (image instanceof File && image.name === this.refuse) {
          return Promise.reject(new EngineError("device_image", "no decoder"));
        }
        this.classified.push(image as Blob);
        if (options?.explain) this.explained += 1;
        return this.#answer(this.stillAnswer ?? this.answer);
      },
      frame: () => {
        this.frames += 1;
        return this.#answer(this.answer);
      },
      restart: () => (this.restarts += 1),
      close: () => (this.running -= 1),
    };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a failure is a rejection
  async #answer(answer: EngineAnswer): Promise<EngineAnswer> {
    this.#check();
    return answer;
  }

  #check(): void {
    if (this.failure) throw new EngineError(this.failure, "made to fail");
  }
}

/** An outbox that sends nothing, and remembers what it was told. */
class FakeOutbox {
  items: OutboxItem[] = [];
  state: "idle" | "sending" | "offline" | "stopped" = "idle";
  added: NewRecord[] = [];
  labels: (string | null)[] = [];
  /** Why nothing can be kept. */
  refusal: Error | null = null;
  discarded: string[] = [];
  retried: string[] = [];
  withheld = 0;
  readonly #listeners = new Set<() => void>();

  empty(): void {
    this.items = [];
    this.state = "idle";
    this.refusal = null;
    this.added = [];
    this.labels = [];
    this.discarded = [];
    this.retried = [];
    this.withheld = 0;
  }

  item(changes: Partial<OutboxItem> = {}): OutboxItem {
    return {
      deviceId: "device-1",
      madeAt: "2026-03-01T09:00:00Z",
      answer: engineAnswer(),
      model: { name: "starter", version: "1.0.0" },
      filename: null,
      thumbnail: null,
      hasImage: false,
      state: "waiting",
      id: null,
      error: null,
      ...changes,
    };
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view(items: OutboxItem[]) {
    return {
      items,
      waiting: items.filter(({ state }) => state === "waiting").length,
      state: this.state,
      problem: null,
      add: (record: NewRecord) => {
        if (this.refusal) return Promise.reject(this.refusal);
        this.added.push(record);
        const deviceId = `device-${this.added.length}`;
        const { image, ...kept } = record;
        this.#set([...this.items, this.item({ ...kept, deviceId, hasImage: image !== null })]);
        return Promise.resolve(deviceId);
      },
      label: (deviceId: string, label: string | null) => {
        this.labels.push(label);
        this.#set(
          this.items.map((item) =>
            item.deviceId === deviceId ? { ...item, feedback: { label } } : item,
          ),
        );
        return Promise.resolve();
      },
      discard: (deviceId: string) => {
        this.discarded.push(deviceId);
        this.#set(this.items.filter((item) => item.deviceId !== deviceId));
        return Promise.resolve();
      },
      retry: (deviceId: string) => {
        this.retried.push(deviceId);
        return Promise.resolve();
      },
      withhold: () => {
        this.withheld += 1;
        return Promise.resolve();
      },
      send: () => Promise.resolve(),
    };
  }

  #set(items: OutboxItem[]): void {
    this.items = items;
    for (const listener of this.#listeners) listener();
  }
}

export const fakeOutbox = new FakeOutbox();

export function useFakeOutbox() {
  return fakeOutbox.view(useSyncExternalStore(fakeOutbox.subscribe, () => fakeOutbox.items));
}
