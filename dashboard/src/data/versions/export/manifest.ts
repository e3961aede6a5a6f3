import { ApiError } from "visionflow-client";

/** A line of a version's manifest, as `VersionImage` of `visionflow/datasets/record.py`. */
export interface VersionImage {
  sha256: string;
  label: string;
  part: string | null;
  group: string | null;
  source: string;
  added_by: string;
  added_at: string;
}

/** The images of a version, as they are read from the bucket. Throws `ApiError`, `AbortError`. */
export async function* readManifest(
  url: string,
  signal: AbortSignal,
): AsyncGenerator<VersionImage, void> {
  // Whole first: the bucket ends a connection from which nothing is read while images are written.
  const file = await fetchFile(url, signal);
  const text = file
    .stream()
    .pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(new TextDecoderStream());
  const reader = text.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as VersionImage;
    if (done) return;
  }
}

/** A file of the bucket. Throws `ApiError`, `AbortError`. */
export async function fetchFile(url: string, signal: AbortSignal): Promise<Blob> {
  try {
    // The browser may have the file from an <img>, without the headers that let a script read it.
    const response = await fetch(url, { signal, cache: "no-store" });
    if (response.ok) return await response.blob();
    throw new ApiError("network_error", response.statusText, {
      status: response.status,
      retryable: true,
    });
  } catch (cause) {
    if (signal.aborted || cause instanceof ApiError) throw cause;
    throw new ApiError("network_error", String(cause));
  }
}
