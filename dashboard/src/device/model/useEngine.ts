import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import { type Client, type ModelName, modelRef } from "visionflow-client";

import { useApi } from "../../api/ApiContext";
import { type Engine, keptModels, openEngine } from "../../ondevice/engine";
import { useStatus } from "../../registry/useStatus";

/** What this page has opened already: it is here, be it that no service worker keeps it. */
const opened = new WeakMap<Client, Set<string>>();

export type Opening =
  /** Whether the model is kept on this device is not known yet. */
  | { state: "asking" }
  /** It would have to be loaded first. */
  | { state: "waiting" }
  | { state: "opening"; share: number }
  | { state: "ready"; engine: Engine }
  | { state: "failed"; error: Error };

/**
 * The engine with one version, while the calling component is shown. It opens by itself where the
 * version is kept on this device already, else by `open`.
 */
export function useEngine(which: ModelName | "serving"): { opening: Opening; open: () => void } {
  const api = useApi();
  const status = useStatus();
  const [opening, setOpening] = useState<Opening>({ state: "asking" });
  const engine = useRef<Engine | null>(null);
  /** Which of the calls counts: the page may have been left, or another version chosen. */
  const turn = useRef(0);

  const open = useCallback(() => {
    turn.current += 1;
    const own = turn.current;
    engine.current?.close(); // another version takes its place
    engine.current = null;
    const tell = (next: Opening) => {
      if (own === turn.current) setOpening(next);
    };
    tell({ state: "opening", share: 0 });
    openEngine(api, which, (share) => {
      tell({ state: "opening", share });
    }).then(
      (ready) => {
        opened.set(api, (opened.get(api) ?? new Set()).add(modelRef(ready.model)));
        if (own === turn.current) {
          engine.current = ready;
          tell({ state: "ready", engine: ready });
        } else ready.close();
      },
      (cause: unknown) => {
        tell({ state: "failed", error: cause instanceof Error ? cause : new Error(String(cause)) });
      },
    );
  }, [api, which]);

  useEffect(
    () => () => {
      turn.current += 1;
      engine.current?.close();
      engine.current = null;
    },
    [open],
  );

  const isAsked = which !== "serving" || !status.isPending;
  const openKept = useEffectEvent((kept: readonly ModelName[]) => {
    const wanted = which === "serving" ? status.data?.model : which;
    // Without an answer of the API, what served when this device last knew is opened.
    const isKept = wanted
      ? [...kept.map(modelRef), ...(opened.get(api) ?? [])].includes(modelRef(wanted))
      : kept.length > 0;
    if (isKept) open();
    else setOpening({ state: "waiting" });
  });
  useEffect(() => {
    if (!isAsked) return;
    let wanted = true;
    const decide = (kept: readonly ModelName[]) => {
      if (wanted) openKept(kept);
    };
    keptModels().then(decide, () => {
      decide([]); // what cannot be read is loaded again
    });
    return () => {
      wanted = false;
    };
  }, [isAsked, open]);

  return { opening, open };
}
