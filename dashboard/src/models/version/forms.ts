import type { Form, ModelItem } from "visionflow-client";

/** One version as it was trained or given, or its trunk's own file; as ONNX, and in 8 bits. */
const FORMS: readonly Form[] = ["torch", "original", "reference", "fp32", "int8"];

export interface FormMeasure {
  form: Form;
  served: boolean;
  bytes: number | null;
  /** Median of single images on one thread, milliseconds. */
  latencyMs: number | null;
  validationTop1: number | null;
}

/** Training's measurements of each form, without forms that were not made. */
export function formMeasures({ metrics, precision }: Pick<ModelItem, "metrics" | "precision">) {
  return FORMS.map((form): FormMeasure => ({
    form,
    served: form === precision,
    bytes: metrics[`${form}_bytes`] ?? null,
    latencyMs: metrics[`${form}_latency_p50_ms`] ?? null,
    validationTop1: metrics[`${form}_validation_top1`] ?? null,
  })).filter(({ bytes, latencyMs }) => bytes !== null || latencyMs !== null);
}

export function servedMeasure(model: Pick<ModelItem, "metrics" | "precision">) {
  return formMeasures(model).find(({ served }) => served);
}
