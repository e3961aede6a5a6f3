import type { Engine, EngineAnswer } from "../../ondevice/engine";
import { useOutbox } from "../../outbox/useOutbox";
import { useOwner } from "../../outbox/useOwner";
import { consented } from "./consent";
import { thumbnailOf } from "./jpeg";

export interface Kept {
  answer: EngineAnswer;
  /** Of the record; `null` where it could not be kept, which `problem` says why. */
  deviceId: string | null;
  problem: Error | null;
}

interface Options {
  /** Of a file that has one of its own. */
  filename?: string | null;
  explain?: boolean;
  /** Only an answer that this says yes to becomes a record. */
  only?: (answer: EngineAnswer) => boolean;
}

/**
 * Classifies a file and makes a record of the answer. That very file is sent with it where images
 * may be sent at this moment, so that the cloud sees the same bytes.
 */
export function useKeep(engine: Engine) {
  const outbox = useOutbox();
  const owner = useOwner();
  return async (image: File, options: Options = {}): Promise<Kept | null> => {
    const { filename = null, explain = false, only = () => true } = options;
    const madeAt = new Date().toISOString();
    const answer = await engine.classify(image, { explain });
    if (!only(answer)) return null;
    const thumbnail = await thumbnailOf(image).catch(() => null); // the record counts without
    const { send, dataset } = consented(owner); // as it is when the record is made
    const record = {
      answer,
      model: engine.model,
      madeAt,
      filename,
      image: send ? image : null,
      thumbnail,
      dataset: send ? dataset : null,
    };
    return outbox.add(record).then(
      (deviceId) => ({ answer, deviceId, problem: null }),
      (cause: unknown) => {
        const problem = cause instanceof Error ? cause : new Error(String(cause));
        return { answer, deviceId: null, problem };
      },
    );
  };
}
