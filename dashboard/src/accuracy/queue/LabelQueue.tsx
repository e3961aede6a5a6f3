import { useQuery } from "@tanstack/react-query";
import { useEffectEvent, useLayoutEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { useApi } from "../../api/ApiContext";
import type { LogEntry } from "../../api/types";
import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import { AddToDataset } from "../../records/dataset/AddToDataset";
import { useFeedback } from "../../records/feedback/useFeedback";
import { StatusChip } from "../../records/record/StatusChip";
import { WhyUnknown } from "../../records/record/WhyUnknown";
import { useLabelChoices } from "../../registry/useLabels";
import { Combobox } from "../../ui/combobox/Combobox";
import { CheckIcon, ImageIcon } from "../../ui/icons";
import { Missing } from "../../ui/notice/Missing";
import { Notice } from "../../ui/notice/Notice";
import { Problem } from "../../ui/notice/Problem";
import css from "./LabelQueue.module.css";
import { type LabelQueueState, useLabelQueue } from "./useLabelQueue";

/** The images where feedback helps most, labelled by keyboard. */
export default function LabelQueue() {
  const { t } = useTranslation();
  const queue = useLabelQueue();
  const { entry, left, said, isPending, error, reload } = queue;
  return (
    <section className="card panel" aria-labelledby="label-title">
      <div className="panel-heading">
        <div>
          <h2 id="label-title">{t("accuracy.queue")}</h2>
          <p className="muted small">{t("accuracy.queueText")}</p>
        </div>
        <p className="muted small numeric" role="status" data-testid="label-count">
          {t("accuracy.queueCount", { left, labelled: said.size })}
        </p>
        {said.size > 0 && (
          <AddToDataset
            records={[...said].map(([id, feedback]) => ({ id, feedback }))}
            name={t("accuracy.queueToDataset", { n: said.size })}
            testId="add-labelled"
          />
        )}
      </div>
      {error ? (
        <Missing error={error} route="GET /uncertain" onRetry={reload} />
      ) : isPending ? (
        <div className={`skeleton ${css.waiting}`} role="status" aria-label={t("app.loading")} />
      ) : entry ? (
        <Labelling key={entry.id} entry={entry} queue={queue} />
      ) : (
        <Notice icon={<CheckIcon />} title={t("accuracy.queueEmpty")} testId="label-empty">
          <p>{t("accuracy.queueEmptyText")}</p>
          <button type="button" className="button" onClick={reload}>
            {t("accuracy.queueReload")}
          </button>
        </Notice>
      )}
    </section>
  );
}

function Labelling({ entry, queue }: { entry: LogEntry; queue: LabelQueueState }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const labels = useLabelChoices();
  const { say } = useFeedback(entry.id);
  const [other, setOther] = useState<string | null>(null);
  const choices = entry.top_k.slice(0, 9);

  const choose = (label: string) => {
    say.mutate(label, {
      onSuccess: queue.next,
    });
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    // By the key's position: with Korean input "s" types ㄴ.
    if (document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const byNumber = choices[Number(event.key) - 1];
    const action =
      event.key === "Enter" && choices[0]
        ? () => {
            choose(choices[0]?.label ?? "");
          }
        : byNumber
          ? () => {
              choose(byNumber.label);
            }
          : {
              KeyS: () => {
                queue.next(null);
              },
              KeyB: queue.back,
            }[event.code];
    if (!action || say.isPending) return;
    event.preventDefault();
    action();
  });
  // With the layout, not after it: a key between the two would label the image that has just gone.
  useLayoutEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);

  return (
    <div className={css.columns}>
      <EntryImage entry={entry} />
      <div className={css.side}>
        {entry.unknown_reason && (
          <div data-testid="label-why">
            <StatusChip record={entry} />
            <WhyUnknown record={entry} />
          </div>
        )}
        <ol className={css.choices} aria-label={t("predict.topK")}>
          {choices.map(({ label, confidence }, index) => (
            <li key={label}>
              <button
                type="button"
                className={css.choice}
                disabled={say.isPending}
                onClick={() => {
                  choose(label);
                }}
                data-testid="label-choice"
              >
                <kbd>{index + 1}</kbd>
                <span className={css.name}>{label}</span>
                <span className="muted numeric">{percent(confidence, language)}</span>
              </button>
            </li>
          ))}
        </ol>
        <form
          className={css.other}
          onSubmit={(event) => {
            event.preventDefault();
            if (other !== null) choose(other);
          }}
        >
          <Combobox
            name={t("accuracy.otherLabel")}
            choices={labels}
            value={other}
            onChange={setOther}
            placeholder={t("feedback.pick")}
            testId="label-other"
          />
          <button type="submit" className="button" disabled={other === null || say.isPending}>
            {t("feedback.save")}
          </button>
        </form>
        <div className="row">
          <button type="button" className="button small" onClick={queue.back}>
            <kbd>B</kbd> {t("accuracy.back")}
          </button>
          <button
            type="button"
            className="button small"
            onClick={() => {
              queue.next(null);
            }}
          >
            <kbd>S</kbd> {t("accuracy.skip")}
          </button>
          <AddToDataset
            records={[{ id: entry.id, feedback: queue.said.get(entry.id) ?? entry.feedback }]}
          />
        </div>
        <p className="muted small">{t("accuracy.keys")}</p>
        {say.error && <Problem error={say.error} />}
      </div>
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea, button, a");
}

/** The image in full, its thumbnail until then. */
function EntryImage({ entry }: { entry: LogEntry }) {
  const { t } = useTranslation();
  const api = useApi();
  const record = useQuery({
    queryKey: ["prediction", entry.id],
    queryFn: ({ signal }) => api.prediction(entry.id, signal),
    staleTime: Infinity,
    gcTime: 0,
  });
  const source = record.data?.image_url ?? entry.thumbnail_url;
  return (
    <div className={css.stage}>
      {source === null ? (
        <ImageIcon className={css.icon} />
      ) : (
        <img
          className={css.image}
          src={source}
          alt={t("record.imageAlt")}
          data-testid="label-image"
        />
      )}
    </div>
  );
}
