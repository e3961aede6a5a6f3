import { useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../../../i18n";
import { whole } from "../../../i18n/format";
import { NextIcon, PreviousIcon } from "../../../ui/icons";
import { FailureText } from "../../../ui/notice/FailureText";
import css from "./RecordSteps.module.css";
import type { Neighbours } from "./useNeighbours";

/** Leads to the records before and after this one, also by the arrow keys. */
export function RecordSteps({ list }: { list: Neighbours }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { row, position, shown, hasPrevious, hasNext, previous, next, error } = list;
  const forward = useRef<HTMLButtonElement>(null);
  const place = t("record.position", {
    position: whole(position, language),
    shown: whole(shown, language),
  });
  const answer = row.status === "ok" ? row.label : t(`status.${row.status}`);

  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const step = { ArrowLeft: previous, ArrowRight: next }[event.key];
    if (!step || event.defaultPrevented || hasOwnArrows(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (document.querySelectorAll("dialog[open]").length > 1) return;
    event.preventDefault();
    step();
  });
  useLayoutEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  useLayoutEffect(() => {
    // The focus was in the record that has gone.
    if (document.activeElement === document.body) forward.current?.focus();
  }, [row.id]);

  return (
    <div className={css.steps} role="group" aria-label={t("record.steps")}>
      <button
        type="button"
        className={css.step}
        aria-label={t("record.previous")}
        aria-keyshortcuts="ArrowLeft"
        aria-disabled={!hasPrevious}
        title={t("record.previous")}
        onClick={previous}
        data-testid="record-previous"
      >
        <PreviousIcon />
      </button>
      <p className="muted small numeric" data-testid="record-position">
        {place}
      </p>
      <p className="visually-hidden" role="status" data-testid="record-arrived">
        <AsItCame key={row.id} text={`${place} ${answer ?? ""}`} />
      </p>
      <button
        ref={forward}
        type="button"
        className={css.step}
        aria-label={t("record.next")}
        aria-keyshortcuts="ArrowRight"
        aria-disabled={!hasNext}
        title={t("record.next")}
        onClick={next}
        data-testid="record-next"
      >
        <NextIcon />
      </button>
      {error && (
        <p role="alert" className={`small error-text ${css.error}`} data-testid="record-next-error">
          <FailureText failure={error} />
        </p>
      )}
    </div>
  );
}

/** Said once: a live list counts on, but its arrivals are no news of this record. */
function AsItCame({ text }: { text: string }) {
  const [first] = useState(text);
  return first;
}

const OWN_ARROWS =
  "input, select, textarea, pre, [role=listbox], [contenteditable]:not([contenteditable=false])";

/** Writes, scrolls or chooses with the arrow keys itself. */
function hasOwnArrows(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OWN_ARROWS) !== null;
}
