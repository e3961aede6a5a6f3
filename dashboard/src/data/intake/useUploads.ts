import { useSyncExternalStore } from "react";
import type { Client } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { type Progress, Uploads } from "./uploads";

/** Uploads go on while another page is open. */
const running = new WeakMap<Client, Map<string, Uploads>>();

function uploadsOf(api: Client, name: string): Uploads {
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
