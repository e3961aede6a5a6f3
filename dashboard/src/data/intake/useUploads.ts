import { useSyncExternalStore } from "react";

import { useApi } from "../../api/ApiContext";
import type { Api } from "../../api/client";
import { type Progress, Uploads } from "./uploads";

/** Uploads go on while another page is open. */
const running = new WeakMap<Api, Map<string, Uploads>>();

function uploadsOf(api: Api, name: string): Uploads {
  const known = running.get(api) ?? new Map<string, Uploads>();
  running.set(api, known);
  const uploads = known.get(name) ?? new Uploads(api, name);
  known.set(name, uploads);
  return uploads;
}

export function useUploads(name: string): { uploads: Uploads; progress: Progress } {
  const uploads = uploadsOf(useApi(), name);
  const progress = useSyncExternalStore(uploads.subscribe, uploads.progress);
  return { uploads, progress };
}
