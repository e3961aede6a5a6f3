import { ApiError, type Feedback, type FeedbackRequest } from "visionflow-client";

/** What was said of a record here; without feedback it is not saved yet. */
export interface Said {
  readonly request: FeedbackRequest;
  readonly feedback: Feedback | null;
  /** Why it could not be saved. */
  readonly error: Error | null;
  /** Why it could not be taken back. */
  readonly undoError: Error | null;
}

export interface LabelState {
  /** Of the list's record that is shown. */
  readonly position: number;
  /** By record, in the order in which it was said. */
  readonly said: ReadonlyMap<string, Said>;
}

interface Calls {
  give: (id: string, request: FeedbackRequest) => Promise<Feedback>;
  withdraw: (id: string) => Promise<unknown>;
}

/**
 * What was said in the queue to label. It outlives the page, so that what is not saved yet is sent,
 * or named when somebody comes back.
 *
 * A store for `useSyncExternalStore`: `state` is a new object after each change.
 */
export class LabelStore {
  readonly #calls: Calls;
  readonly #listeners = new Set<() => void>();
  /** What the API has taken and not given back, by record. */
  readonly #saved = new Map<string, Feedback[]>();
  #turn = Promise.resolve();
  #state: LabelState = { position: 0, said: new Map() };

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): LabelState => this.#state;

  goTo(position: number): void {
    this.#set({ position });
  }

  say(id: string, request: FeedbackRequest): void {
    this.#place(id, { request, feedback: null, error: null, undoError: null });
    this.#send(id, request);
  }

  /** Takes back what was said last, and returns its record. */
  undo(): string | undefined {
    const last = [...this.#state.said.keys()].at(-1);
    if (last !== undefined) this.#takeBack(last);
    return last;
  }

  /** Tries again what could not be saved or taken back. */
  retry(): void {
    for (const [id, { request, error, undoError }] of this.#state.said) {
      if (undoError) this.#takeBack(id);
      else if (error) {
        this.#update(id, request, { error: null });
        this.#send(id, request);
      }
    }
  }

  #send(id: string, request: FeedbackRequest): void {
    this.#inTurn(async () => {
      try {
        const feedback = await this.#calls.give(id, request);
        this.#saved.set(id, [...(this.#saved.get(id) ?? []), feedback]);
        this.#update(id, request, { feedback, error: null });
      } catch (cause) {
        this.#update(id, request, { error: asError(cause) });
      }
    });
  }

  /** All that was said of it here: it may have been corrected here too. */
  #takeBack(id: string): void {
    const taken = this.#state.said.get(id);
    this.#set({ said: new Map([...this.#state.said].filter(([other]) => other !== id)) });
    this.#inTurn(async () => {
      const saved = this.#saved.get(id) ?? [];
      try {
        for (; saved.length > 0; saved.pop()) await this.#calls.withdraw(id);
      } catch (cause) {
        if (cause instanceof ApiError && cause.status === 404) {
          saved.length = 0; // somebody else has taken it back, or deleted the record
        } else if (taken && !this.#state.said.has(id)) {
          const feedback = saved.at(-1) ?? null;
          this.#place(id, { ...taken, feedback, error: null, undoError: asError(cause) });
        }
      }
    });
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work);
  }

  /** As the last one. */
  #place(id: string, what: Said): void {
    const said = new Map(this.#state.said);
    said.delete(id);
    this.#set({ said: said.set(id, what) });
  }

  /** Not where it was taken back or replaced meanwhile. */
  #update(id: string, request: FeedbackRequest, result: Partial<Said>): void {
    const now = this.#state.said.get(id);
    if (now?.request !== request) return;
    this.#set({ said: new Map(this.#state.said).set(id, { ...now, ...result }) });
  }

  #set(changes: Partial<LabelState>): void {
    this.#state = { ...this.#state, ...changes };
    for (const listener of this.#listeners) listener();
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
