import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { Pair, Pairs } from "../../../charts/pairs/Pairs";
import { useLanguage } from "../../../i18n";
import { answerText } from "../../../i18n/comparison/texts";
import { percent, whole } from "../../../i18n/format";
import { useMore } from "../../../ui/useMore";
import { type Filter, isSame } from "./filter";

const STEP = 15;

interface ChangesPanelProps {
  comparison: Pick<BackfillComparison, "confusion" | "confusion_left">;
  filter: Filter;
  onChoose: (wanted: Partial<Filter>) => void;
}

/** Which answers became which. */
export function ChangesPanel({ comparison, filter, onChoose }: ChangesPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { confusion, confusion_left: left } = comparison;
  const all = confusion.reduce((sum, { images }) => sum + images, left);
  const [shown, more] = useMore(confusion, STEP);
  return (
    <section className="card panel" aria-labelledby="changes-title">
      <div>
        <h2 id="changes-title">{t("comparison.changes")}</h2>
        <p className="muted small">{t("comparison.changesText")}</p>
      </div>
      <Pairs testId="changes">
        {shown.map((cell) => {
          const isChosen = isSame(filter.cell, cell);
          return (
            <Pair
              key={JSON.stringify([cell.old, cell.new])}
              from={answerText(t, cell.old)}
              to={answerText(t, cell.new)}
              note={t("comparison.ofDifferent", {
                images: whole(cell.images, language),
                share: percent(cell.images / all, language),
              })}
              isChosen={isChosen}
              onChoose={() => {
                onChoose({ cell: isChosen ? null : { old: cell.old, new: cell.new } });
              }}
            />
          );
        })}
      </Pairs>
      {more}
      {left > 0 && (
        <p className="muted small" data-testid="changes-left">
          {t("comparison.changesLeft", { images: whole(left, language) })}
        </p>
      )}
    </section>
  );
}
