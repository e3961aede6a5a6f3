import { ApiError } from "./errors";

const UPLOAD_TIMEOUT_MS = 10 * 60_000;

/** A presigned PUT, which the bucket takes once; with `fields`, a presigned POST. */
export interface UploadTicket {
  url: string;
  headers?: Record<string, string>;
  fields?: Record<string, string>;
}

/**
 * Send a file straight to the bucket.
 *
 * `XMLHttpRequest`, because `fetch` does not report upload progress. `onProgress` gets the share
 * that was sent, 0..1. Throws `ApiError`: `upload_interrupted` when the connection broke,
 * `upload_refused` when the bucket rejected the file, `timeout`; an `AbortError` on `signal`.
 */
export function sendToBucket(
  { url, headers = {}, fields }: UploadTicket,
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
      else reject(new ApiError("upload_refused", responseText, { status }));
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
    request.open(fields ? "POST" : "PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(fields ? formOf(fields, file) : file);
  });
}

function formOf(fields: Record<string, string>, file: File): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file); // S3 ignores every field after the file
  return form;
}
