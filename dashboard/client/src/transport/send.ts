import { ApiError } from "../errors.ts";
import type { UploadForm } from "../types.ts";

const UPLOAD_TIMEOUT_MS = 10 * 60_000;

type Form = Pick<UploadForm, "url" | "headers">;

/**
 * Send a file straight to the bucket with a presigned PUT, which the bucket takes once.
 *
 * `onProgress` gets the share that was sent, 0..1, in browsers. Throws `ApiError`:
 * `upload_interrupted` when the connection broke, `upload_refused` when the bucket rejected the
 * file, `timeout`; an `AbortError` on `signal`.
 */
export function sendToBucket(
  form: Form,
  file: File,
  onProgress?: (share: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  // `fetch` does not report progress, and Node has nothing else.
  return typeof XMLHttpRequest === "undefined"
    ? sendByFetch(form, file, signal)
    : sendByXhr(form, file, onProgress, signal);
}

async function sendByFetch(
  { url, headers }: Form,
  file: File,
  signal: AbortSignal | undefined,
): Promise<void> {
  const timeout = AbortSignal.timeout(UPLOAD_TIMEOUT_MS);
  const bounded = signal ? AbortSignal.any([signal, timeout]) : timeout;
  let response: Response;
  try {
    response = await fetch(url, { method: "PUT", headers, body: file, signal: bounded });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw timeout.aborted ? tooSlow() : interrupted(cause);
  }
  if (!response.ok) throw refused(response.status, await response.text());
}

function sendByXhr(
  { url, headers }: Form,
  file: File,
  onProgress: ((share: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => {
      request.abort();
    };
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort, { once: true });
    request.timeout = UPLOAD_TIMEOUT_MS;
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onProgress?.(loaded / total);
    };
    request.onload = () => {
      const { status, responseText } = request;
      if (status >= 200 && status < 300) resolve();
      else reject(refused(status, responseText));
    };
    request.onerror = () => {
      reject(interrupted());
    };
    request.ontimeout = () => {
      reject(tooSlow());
    };
    request.onabort = () => {
      reject(new DOMException("aborted", "AbortError"));
    };
    request.onloadend = () => {
      signal?.removeEventListener("abort", abort);
    };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file);
  });
}

function refused(status: number, detail: string): ApiError {
  return new ApiError("upload_refused", detail, { status, retryable: true });
}

function interrupted(cause?: unknown): ApiError {
  return new ApiError("upload_interrupted", "the connection broke", { cause });
}

function tooSlow(): ApiError {
  return new ApiError("timeout", "the upload took too long");
}
