import { useEffect, useRef, useState } from "react";

import type { Engine } from "../ondevice/engine";
import { sendable } from "./send/jpeg";
import { type Kept, useKeep } from "./send/useKeep";

/** A frozen frame or a still, in place of the camera. */
export interface Shown {
  url: string;
  /** `null` for a frozen frame. */
  name: string | null;
  /** `null` until the model has answered. */
  kept: Kept | null;
}

export interface Failure {
  name: string | null;
  error: Error;
}

/**
 * The image that is looked at, with its answer. Each image becomes a record; several are answered
 * one after the other, and the latest is shown.
 */
export function useShown(engine: Engine) {
  const keep = useKeep(engine);
  const [shown, setShown] = useState<Shown | null>(null);
  const [failures, setFailures] = useState<readonly Failure[]>([]);
  /** Which of the calls is shown: another one may have begun, or the image was closed. */
  const turn = useRef(0);
  useReleased(shown?.url);

  const answer = async (file: File, name: string | null) => {
    turn.current += 1;
    const own = turn.current;
    const url = URL.createObjectURL(file);
    setShown({ url, name, kept: null });
    try {
      const kept = await keep(await sendable(file), { filename: name, explain: true });
      if (own === turn.current) setShown({ url, name, kept });
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      setFailures((before) => [...before, { name, error }]);
      if (own === turn.current) setShown(null);
    }
  };
  const freeze = (frame: File) => {
    setFailures([]);
    void answer(frame, null);
  };
  const add = async (files: readonly File[]) => {
    setFailures([]);
    for (const file of files) await answer(file, file.name);
  };
  const close = () => {
    turn.current += 1;
    setShown(null);
  };
  return { shown, failures, freeze, add, close, keep };
}

/** Gives the memory of an image back once another is shown. */
function useReleased(url: string | undefined): void {
  useEffect(
    () => () => {
      if (url !== undefined) URL.revokeObjectURL(url);
    },
    [url],
  );
}
