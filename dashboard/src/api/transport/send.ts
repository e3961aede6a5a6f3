import { ApiError } from "../errors";
import type { UploadForm } from "../types";

const UPLOAD_TIMEOUT_MS = 10 * 60_000;

/**
 * Send a file straight to the bucket with a presigned PUT, which the bucket takes once.
 *
 * `XMLHttpRequest`, because `fetch` does not report upload progress. `onProgress` gets the share
 * that was sent, 0..1. Throws `ApiError`: `upload_interrupted` when the connection broke,
 * `upload_refused` when the bucket rejected the file, `timeout`; an `AbortError` on `signal`.
 */
export function sendToBucket(
  { url, headers }: Pick<UploadForm, "url" | "headers">,
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => {
      request.abort();
    };
    signal.throwIfAborted();
    signal.addEventListener("abort", abort, { once: true });
    request.timeout = UPLOAD_TIMEOUT_MS;
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onProgress(loaded / total);
    };
    request.onload = () => {
      const { status, responseText } = request;
      if (status >= 200 && status < 300) resolve();
      else reject(new ApiError("upload_refused", responseText, { status, retryable: true }));
    };
    request.onerror = () => {
      reject(new ApiError("upload_interrupted", "the connection broke"));
    };
    request.ontimeout = () => {
      reject(new ApiError("timeout", "the upload took too long"));
    };
    request.onabort = () => {
      reject(new DOMException("aborted", "AbortError"));
    };
    request.onloadend = () => {
      signal.removeEventListener("abort", abort);
    };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file);
  });
}
