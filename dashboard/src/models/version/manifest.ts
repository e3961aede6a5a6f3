/**
 * The part of a version's `manifest.json` that this page shows. `visionflow/manifest.py` writes and
 * checks it; the API hands it on as it is.
 */
export interface Manifest {
  gate: GateCheck[];
  quantization: {
    scheme: string;
    calibration: string;
    /** Why int8 is not served; `null` where it is. */
    fallback_reason: string | null;
  };
}

export interface GateCheck {
  name: string;
  value: number;
  limit: number;
  passed: boolean;
}

export function readManifest(json: Record<string, unknown>): Manifest {
  return json as unknown as Manifest;
}
