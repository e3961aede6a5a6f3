import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay } from "../../access/useMe";
import type { Dataset, DatasetClass } from "../../api/datasets";
import { useLanguage } from "../../i18n";
import { whole } from "../../i18n/format";
import { DialogButtons } from "../../ui/dialog/DialogButtons";
import { Modal } from "../../ui/dialog/Modal";
import { Problem } from "../../ui/notice/Problem";
import { className } from "../classes/names";
import { useClassChanges } from "../classes/useClassChanges";
import type { Facts } from "../facts/useWorkbench";
import css from "./TooFew.module.css";
import { LEAST_IMAGES } from "./useTraining";

interface TooFewProps {
  dataset: Dataset;
  facts: Facts;
  few: readonly DatasetClass[];
  onTrain: () => void;
}

const LEAST_CLASSES = 2;
const SHOWN = 10;

/** Which classes stop a training, and the way on: more images, or the training without them. */
export function TooFew({ dataset, facts: { bench, counts }, few, onTrain }: TooFewProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const may = useMay();
  const [asking, setAsking] = useState(false);
  const close = () => {
    setAsking(false);
  };
  const remove = useClassChanges(dataset.name, bench, onTrain);
  const images = ({ name }: DatasetClass) => counts.byClass.get(name) ?? 0;
  const lost = few.reduce((sum, known) => sum + images(known), 0);
  const left = dataset.classes.length - few.length;
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
      {left >= LEAST_CLASSES && may("POST /datasets/{name}/classes") && (
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
      {asking && (
        <Modal title={t("data.few.title")} onClose={close} testId="leave-out-dialog">
          <p>
            {t("data.few.deleted", {
              classes: few.map((known) => className(known, language)).join(", "),
            })}
          </p>
          <p>{t("data.few.unlabelled", { n: whole(lost, language) })}</p>
          {remove.error && <Problem error={remove.error} />}
          <DialogButtons
            confirm={t("data.few.confirm")}
            tone="danger"
            isPending={remove.isPending}
            onCancel={close}
            onConfirm={() => {
              remove.mutate(few.map(({ name }) => ({ action: "delete", name })));
            }}
            testId="leave-out-confirm"
          />
        </Modal>
      )}
    </div>
  );
}
