import { skipToken, useQuery } from "@tanstack/react-query";
import { type ModelName, modelRef } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { RUNTIME_BYTES } from "../../ondevice/engine";
import { useStatus } from "../../registry/useStatus";

/** Bytes that opening a version loads, about; `null` while nobody has said. */
export function useLoadSize(which: ModelName | "serving", wanted: boolean): number | null {
  const api = useApi();
  const { data: status } = useStatus();
  const model = which === "serving" ? status?.model : which;
  const { data } = useQuery({
    queryKey: ["device-model", model && modelRef(model)],
    queryFn: wanted && model ? ({ signal }) => api.deviceModel(model, signal) : skipToken,
    staleTime: Infinity,
  });
  if (data === undefined) return null;
  return data.model.size + (data.familiarity?.file.size ?? 0) + RUNTIME_BYTES;
}
