import type { DeviceModel } from "visionflow-client";

import { argmax, BackOff } from "./backOff.ts";
import { type FamiliarImages, finestDetail } from "./familiar.ts";
import { cropBox } from "./pixels.ts";
import type { ActivationMap, EngineAnswer } from "./protocol.ts";

/** The port of `visionflow.answers.classifier`: from a model's outputs to its answer. */

export interface Outputs {
  /** [C] */
  logits: Float32Array;
  /** [F] */
  embedding: Float32Array;
  /** [C, h, w], the head at every location; empty where the model has no map. */
  cam: Float32Array;
  camSize: [height: number, width: number];
}

/** What is measured of one image, before it is named. */
export interface Measured {
  probabilities: Float32Array;
  /** `null` where the version has no familiar images. */
  familiarity: number | null;
  detail: number;
}

export type Settings = Pick<
  DeviceModel,
  "labels" | "parents" | "input" | "temperature" | "unknown_threshold" | "familiarity"
>;

const TOP_K = 5;
/** Under it sums and quotients of outputs are finite too. */
const LARGEST = 1e30;

export class Answers {
  readonly #settings: Settings;
  readonly #familiar: FamiliarImages | null;
  readonly #backOff: BackOff;

  constructor(settings: Settings, familiar: FamiliarImages | null) {
    this.#settings = settings;
    this.#familiar = familiar;
    this.#backOff = new BackOff(settings.labels, settings.parents);
  }

  /** Throws an `Error` for outputs that no answer can be made of. */
  measure(outputs: Outputs, tensor: Uint8Array): Measured {
    const { labels, temperature, input } = this.#settings;
    const { logits, embedding, cam } = outputs;
    const [height, width] = outputs.camSize;
    if (logits.length !== labels.length || cam.length !== labels.length * height * width) {
      throw new Error("the model's outputs have shapes that do not fit");
    }
    for (const values of [logits, embedding, cam]) {
      if (!values.every((value) => Math.abs(value) < LARGEST)) {
        throw new Error("the model answers with numbers that are not finite");
      }
    }
    const probabilities = softmax(logits, temperature);
    const familiarity = this.#familiar?.familiarity(embedding, argmax(probabilities)) ?? null;
    return { probabilities, familiarity, detail: finestDetail(tensor, input.size) };
  }

  /** All of an answer that does not depend on the image's size. */
  name(measured: Measured) {
    const { probabilities, familiarity } = measured;
    const { label, confidence } = this.#backOff.name(
      probabilities,
      this.#settings.unknown_threshold,
    );
    const unknownReason = this.#unknown(confidence, measured);
    return {
      status: unknownReason === null ? "ok" : "unknown",
      label,
      confidence,
      parents: [...this.#backOff.parents(label)],
      unknownReason,
      familiarity,
      topK: this.#best(probabilities),
    } satisfies Partial<EngineAnswer>;
  }

  /** Where the evidence for a label or a parent is; `null` for a model without maps. */
  explain(
    label: string,
    outputs: Outputs,
    probabilities: Float32Array,
    width: number,
    height: number,
  ): ActivationMap | null {
    const [rows, columns] = outputs.camSize;
    if (rows * columns === 0) return null;
    const heat = this.#heat(this.#backOff.leaves(label), outputs, probabilities);
    const peak = heat.reduce((most, value) => Math.max(most, value), 0);
    const scaled = Array.from(heat, (value) =>
      peak > 0 ? Number((Math.max(0, value) / peak).toFixed(4)) : 0,
    );
    const { left, top, right, bottom } = cropBox(this.#settings.input, width, height);
    return {
      label,
      width: columns,
      height: rows,
      values: Array.from({ length: rows }, (_, y) => scaled.slice(y * columns, (y + 1) * columns)),
      box: {
        left: left / width,
        top: top / height,
        width: (right - left) / width,
        height: (bottom - top) / height,
      },
    };
  }

  /** The maps of these labels, each weighted by its probability. */
  #heat(leaves: readonly number[], { cam, camSize }: Outputs, probabilities: Float32Array) {
    const cells = camSize[0] * camSize[1];
    const sum = leaves.reduce((total, leaf) => total + (probabilities[leaf] ?? 0), 0);
    const heat = new Float32Array(cells);
    for (const leaf of leaves) {
      // A probability of 0 for all of them weighs them alike.
      const weight = sum > 0 ? (probabilities[leaf] ?? 0) / sum : 1;
      for (let i = 0; i < cells; i++) {
        heat[i] = (heat[i] ?? 0) + weight * (cam[leaf * cells + i] ?? 0);
      }
    }
    return heat;
  }

  #unknown(confidence: number, { familiarity, detail }: Measured): EngineAnswer["unknownReason"] {
    const rule = this.#settings.familiarity;
    if (familiarity !== null && rule) {
      // What is not a number is not familiar.
      if (!(familiarity >= rule.threshold) || detail < rule.least_detail) return "unfamiliar";
    }
    return confidence < Math.fround(this.#settings.unknown_threshold) ? "unsure" : null;
  }

  #best(probabilities: Float32Array): EngineAnswer["topK"] {
    const order = Array.from(probabilities.keys());
    order.sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0));
    return order.slice(0, TOP_K).map((i) => ({
      label: this.#settings.labels[i]?.name ?? "",
      confidence: probabilities[i] ?? 0,
    }));
  }
}

/** Probabilities at a temperature, shifted by the maximum so that nothing overflows. */
export function softmax(logits: Float32Array, temperature: number): Float32Array {
  const scaled = logits.map((logit) => logit / Math.fround(temperature));
  const most = scaled[argmax(scaled)] ?? 0;
  const shifted = scaled.map((logit) => Math.exp(logit - most));
  const sum = shifted.reduce((total, value) => total + value, 0);
  return shifted.map((value) => value / sum);
}
