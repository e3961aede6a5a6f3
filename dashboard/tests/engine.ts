import type { EngineAnswer } from "../src/ondevice/engine";

/** What the engine answers of an image. */
export function engineAnswer(changes: Partial<EngineAnswer> = {}): EngineAnswer {
  return {
    status: "ok",
    label: "cat",
    confidence: 0.9,
    parents: ["animal"],
    unknownReason: null,
    familiarity: 0.5,
    topK: [
      { label: "cat", confidence: 0.9 },
      { label: "dog", confidence: 0.06 },
    ],
    width: 640,
    height: 480,
    milliseconds: { decode: 4, prepare: 2, infer: 30 },
    explanation: null,
    ...changes,
  };
}

export function unknownAnswer(changes: Partial<EngineAnswer> = {}): EngineAnswer {
  return engineAnswer({
    status: "unknown",
    unknownReason: "unsure",
    confidence: 0.3,
    parents: [],
    ...changes,
  });
}
