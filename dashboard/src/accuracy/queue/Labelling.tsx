import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LogEntry } from "visionflow-client";

import { useHolds } from "../../access/useMe";
import { useApi } from "../../api/ApiContext";
import { useLanguage } from "../../i18n";
import { percent } from "../../i18n/format";
import { AddToDataset } from "../../records/dataset/AddToDataset";
import { LabelPicker, NewClass } from "../../records/feedback/LabelForms";
import { DeleteRecord } from "../../records/owner/DeleteRecord";
import { NoImage } from "../../records/record/NoImage";
import { StatusChip } from "../../records/record/StatusChip";
import { WhyUnknown } from "../../records/record/WhyUnknown";
import { useRecordImage } from "../../records/thumbnail/useRecordImage";
import css from "./LabelQueue.module.css";
import { useKeys } from "./useKeys";
import type { LabelQueueState } from "./useLabelQueue";

interface LabellingProps {
  entry: LogEntry;
  queue: LabelQueueState;
}

/** What can be said of an image; `key`: the key that says it. */
interface Choice {
  key: string;
  label: string | null;
  confidence: number | null;
}

/**
 * The model's guesses, and that it is none of them: that comes first where the model does not know
 * the image, so that Enter never takes a stranger for one of the classes.
 */
function choicesFor({ top_k, status }: LogEntry): Choice[] {
  const none: Choice = { key: "0", label: null, confidence: null };
  const guesses = top_k
    .slice(0, 9)
    .map(({ label, confidence }, index) => ({ key: String(index + 1), label, confidence }));
  return status === "unknown" ? [none, ...guesses] : [...guesses, none];
}

export function Labelling({ entry, queue }: LabellingProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const mayName = useHolds()("label");
  const [form, setForm] = useState<"label" | "new" | null>(null);
  const original = useOriginal(entry);
  const choices = choicesFor(entry);
  const said = queue.said.get(entry.id)?.feedback ?? entry.feedback;

  useKeys(({ key, code }) => {
    const chosen = key === "Enter" ? choices[0] : choices.find((choice) => choice.key === key);
    if (chosen) {
      return () => {
        queue.say({ label: chosen.label });
      };
    }
    // By the key's position: with Korean input "s" types ㄴ.
    return { KeyS: queue.skip, KeyB: queue.back }[code];
  });

  const opens = (which: "label" | "new") => ({
    type: "button" as const,
    className: "button small",
    "aria-expanded": form === which,
    onClick: () => {
      setForm(form === which ? null : which);
    },
  });
  const close = () => {
    setForm(null);
  };
  return (
    <div className={css.columns}>
      <EntryImage entry={entry} original={original} />
      <div className={css.side}>
        {entry.unknown_reason && (
          <div data-testid="label-why">
            <StatusChip record={entry} />
            <WhyUnknown record={entry} />
          </div>
        )}
        <ol className={css.choices} aria-label={t("accuracy.choices")}>
          {choices.map(({ key, label, confidence }) => (
            <li key={key}>
              <button
                type="button"
                className={css.choice}
                onClick={() => {
                  queue.say({ label });
                }}
                data-testid={label === null ? "label-none" : "label-choice"}
              >
                <kbd>{key}</kbd>
                <span className={css.name}>{label ?? t("feedback.none")}</span>
                {confidence !== null && (
                  <span className="muted numeric">{percent(confidence, language)}</span>
                )}
              </button>
            </li>
          ))}
        </ol>
        <div className="row">
          <button {...opens("label")} data-testid="label-other">
            {t("feedback.choose")}
          </button>
          {mayName && (
            <button {...opens("new")} data-testid="label-new">
              {t("feedback.new")}
            </button>
          )}
        </div>
        {form === "label" && (
          <LabelPicker
            models={[entry.model]}
            others={entry.top_k.map(({ label }) => label)}
            suggested={null}
            busy={false}
            onCancel={close}
            onSave={(label) => {
              queue.say({ label });
            }}
          />
        )}
        {form === "new" && (
          <NewClass
            busy={false}
            onCancel={close}
            onSave={(label) => {
              queue.say({ label, new: true });
            }}
          />
        )}
        <div className="row">
          <button type="button" className="button small" onClick={queue.back}>
            <kbd>B</kbd> {t("accuracy.back")}
          </button>
          <button type="button" className="button small" onClick={queue.skip}>
            <kbd>S</kbd> {t("accuracy.skip")}
          </button>
          <button
            type="button"
            className="button small"
            disabled={queue.said.size === 0}
            onClick={queue.undo}
            data-testid="label-undo"
          >
            <kbd>U</kbd> {t("feedback.undo")}
          </button>
          {original !== null && <AddToDataset records={[{ id: entry.id, feedback: said }]} />}
          <DeleteRecord record={entry} />
        </div>
        <p className="muted small">{t("accuracy.keys")}</p>
      </div>
    </div>
  );
}

/** Address of the original: null where it is no longer kept, undefined until that is known. */
function useOriginal({ id }: LogEntry) {
  const api = useApi();
  const record = useQuery({
    queryKey: ["prediction", id],
    queryFn: ({ signal }) => api.prediction(id, signal),
    staleTime: Infinity,
    gcTime: 0,
  });
  return record.data?.image_url;
}

interface EntryImageProps {
  entry: LogEntry;
  original: string | null | undefined;
}

/** The image in full, its thumbnail until then and where the original is no longer kept. */
function EntryImage({ entry, original }: EntryImageProps) {
  const { t } = useTranslation();
  const { source, onError } = useRecordImage(entry, original);
  return (
    <div className={css.stage}>
      {source === null ? (
        <NoImage>
          {original !== undefined && t(original ? "record.noImage" : "record.originalGone")}
        </NoImage>
      ) : (
        <img
          className={css.image}
          src={source}
          alt={t("record.imageAlt")}
          onError={onError}
          data-testid="label-image"
        />
      )}
    </div>
  );
}
