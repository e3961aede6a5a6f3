import { ApiError } from "visionflow-client";

import { EngineError } from "../ondevice/engine";

/** As the page shows failures: by their code. */
export function problemOf(error: Error): Error {
  return error instanceof EngineError
    ? new ApiError(error.code, error.message, { cause: error })
    : error;
}
