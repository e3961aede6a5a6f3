import { beforeEach, describe, expect, it } from "vitest";

import { LiveLoop } from "../../src/device/live/liveLoop";

/** A camera whose frames are numbers, and a model that answers when the test says so. */
class Bench {
  seen = 0;
  asked: number[] = [];
  answers: string[] = [];
  errors: string[] = [];
  #next: (() => void) | null = null;
  #pending: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];

  readonly loop = new LiveLoop<number, string>({
    source: {
      onNext: (callback) => {
        this.#next = callback;
        return () => {
          if (this.#next === callback) this.#next = null;
        };
      },
      grab: () => this.seen,
    },
    ask: (frame) => {
      this.asked.push(frame);
      return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
    },
    onAnswer: (answer) => this.answers.push(answer),
    onError: ({ message }) => this.errors.push(message),
  });

  get isListening(): boolean {
    return this.#next !== null;
  }

  async frame(): Promise<void> {
    this.seen += 1;
    const call = this.#next;
    this.#next = null;
    call?.();
    await settled();
  }

  async answer(text: string): Promise<void> {
    this.#pending.shift()?.resolve(text);
    await settled();
  }

  async fail(text: string): Promise<void> {
    this.#pending.shift()?.reject(new Error(text));
    await settled();
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe("the loop of a live camera", () => {
  it("has one frame in flight, and the newest comes next", async () => {
    bench.loop.start();
    for (let n = 0; n < 4; n++) await bench.frame();
    expect(bench.asked).toEqual([1]);
    await bench.answer("one");
    expect(bench.asked).toEqual([1, 4]);
    await bench.answer("four");
    expect(bench.answers).toEqual(["one", "four"]);
  });

  it("asks nothing twice: without a new frame it waits", async () => {
    bench.loop.start();
    await bench.frame();
    await bench.answer("one");
    expect(bench.asked).toEqual([1]);
    await bench.frame();
    expect(bench.asked).toEqual([1, 2]);
  });

  it("says nothing once it has stopped, and goes on where it is started again", async () => {
    bench.loop.start();
    await bench.frame();
    bench.loop.stop();
    expect(bench.isListening).toBe(false);
    await bench.answer("late");
    expect(bench.answers).toEqual([]);
    bench.loop.start();
    await bench.frame();
    await bench.answer("two");
    expect(bench.answers).toEqual(["two"]);
  });

  it("stops at a failure, and tells of it once", async () => {
    bench.loop.start();
    await bench.frame();
    await bench.frame();
    await bench.fail("gone");
    expect(bench.errors).toEqual(["gone"]);
    expect(bench.isListening).toBe(false);
    expect(bench.asked).toEqual([1]);
  });

  it("does not tell of a failure after it was stopped: the engine closes with the page", async () => {
    bench.loop.start();
    await bench.frame();
    bench.loop.stop();
    await bench.fail("closed");
    expect(bench.errors).toEqual([]);
  });
});
