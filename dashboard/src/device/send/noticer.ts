import { isSameScene } from "./scene";

/** So many answers in a row have to be unknown: one blurred frame is not worth sending. */
const STABLE_ANSWERS = 8;
/** At most one frame in this time. */
const APART_MS = 5_000;
/** So many scenes are remembered. */
const MOST_SCENES = 50;

/** Decides which frames of a live camera are worth learning from. */
export class Noticer {
  #unknown = 0;
  #tookAt = -Infinity;
  #scenes: Uint8Array[] = [];

  /**
   * Whether to take the frame that is seen now, of which `scene` makes the grey thumbnail. It is
   * made only where the rest says yes.
   */
  wants(status: "ok" | "unknown", now: number, scene: () => Uint8Array | null): boolean {
    this.#unknown = status === "unknown" ? this.#unknown + 1 : 0;
    if (this.#unknown < STABLE_ANSWERS || now - this.#tookAt < APART_MS) return false;
    const seen = scene();
    if (seen === null) return false;
    this.#unknown = 0; // a scene that is known is compared once for each run, not at every frame
    if (this.#scenes.some((known) => isSameScene(known, seen))) return false;
    this.#scenes = [...this.#scenes, seen].slice(-MOST_SCENES);
    this.#tookAt = now;
    return true;
  }
}
