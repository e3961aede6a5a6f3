import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset, DatasetClass } from "visionflow-client";

import { useMay } from "../../access/useMe";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import { className } from "../classes/names";
import { useClassChanges } from "../classes/useClassChanges";
import { countFacts, type Counts } from "../facts/filter";
import type { Workbench } from "../facts/workbench";
import css from "./TooFew.module.css";
import { classesWithFew, LEAST_CLASSES, LEAST_IMAGES } from "./useTraining";

/** What the dialog says of the classes, to compare. */
function told(few: readonly DatasetClass[], { byClass }: Counts): string {
  return JSON.stringify(few.map(({ name }) => [name, byClass.get(name) ?? 0]));
}

interface TooFewProps {
  dataset: Dataset;
  bench: Workbench;
  counts: Counts;
  few: readonly DatasetClass[];
  onTrain: () => void;
}

const SHOWN = 10;

/** Which classes stop a training, and the way on: more images, or the training without them. */
export function TooFew({ dataset, bench, counts, few, onTrain }: TooFewProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const remove = useClassChanges(dataset.name, bench, onTrain);
  /** Whether the dialog is still true: others, or the flow rule, may have added images since. */
  const check = useMutation({
    mutationFn: async (before: string) => {
      await bench.load();
      if (bench.error) throw bench.error;
      const now = countFacts(bench.table);
      return told(classesWithFew(dataset, now), now) === before;
    },
  });
  const close = () => {
    check.reset(); // what it finds deletes nothing any more
    setAsking(false);
  };
  const error = check.error ?? remove.error;
  const images = ({ name }: DatasetClass) => counts.byClass.get(name) ?? 0;
  const lost = few.reduce((sum, known) => sum + images(known), 0);
  const mayLeaveOut =
    dataset.classes.length - few.length >= LEAST_CLASSES && may("POST /datasets/{name}/classes");
  return (
    <div className={css.few} role="status" data-testid="too-few">
      <p>{t("data.few.text", { n: LEAST_IMAGES })}</p>
      <ul>
        {few.slice(0, SHOWN).map((known) => (
          <li key={known.name}>
            <Link
              to={{
                search: `?${new URLSearchParams({ dataset: dataset.name, label: known.name }).toString()}`,
              }}
            >
              {className(known, language)}
            </Link>
            : {whole(images(known), language)}
          </li>
        ))}
        {few.length > SHOWN && (
          <li>{t("data.moreClasses", { n: whole(few.length - SHOWN, language) })}</li>
        )}
      </ul>
      {mayLeaveOut && (
        <button
          type="button"
          className="button"
          onClick={() => {
            remove.reset();
            setAsking(true);
          }}
          data-testid="leave-out"
        >
          {t("data.few.leaveOut")}
        </button>
      )}
      {mayLeaveOut && asking && (
        <Modal title={t("data.few.title")} onClose={close} testId="leave-out-dialog">
          <p>
            {t("data.few.deleted", {
              classes: few.map((known) => className(known, language)).join(", "),
            })}
          </p>
          <p>{t("data.few.unlabelled", { n: whole(lost, language) })}</p>
          {check.data === false && <p role="alert">{t("data.few.changed")}</p>}
          {error && <Problem error={error} />}
          <DialogButtons
            confirm={t("data.few.confirm")}
            tone="danger"
            isPending={check.isPending || remove.isPending}
            onCancel={close}
            onConfirm={() => {
              remove.reset();
              check.mutate(told(few, counts), {
                onSuccess: (same) => {
                  if (same) remove.mutate(few.map(({ name }) => ({ action: "delete", name })));
                },
              });
            }}
            testId="leave-out-confirm"
          />
        </Modal>
      )}
    </div>
  );
}
