import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { IntervalBar } from "../../../ui/interval/IntervalBar";
import { useLanguage } from "../../../i18n";
import { sliceText } from "../../../i18n/comparison/texts";
import { points, whole } from "../../../i18n/format";
import { DataTable } from "../../../ui/DataTable";
import { useMore } from "../../../ui/useMore";
import css from "./SlicesPanel.module.css";
import { useSort } from "./useSort";

type Slice = BackfillComparison["slices"][number];

const KINDS = ["folder", "size", "confidence"] as const;
const STEP = 10;

const VALUES = {
  value: ({ by, value }: Slice) => (by === "folder" ? value : lowest(value)),
  images: ({ images }: Slice) => images,
  agreement: ({ agreement }: Slice) => agreement.share,
  shift: ({ shift }: Slice) => shift,
};

interface SlicesPanelProps {
  comparison: Pick<BackfillComparison, "slices" | "folders_left">;
}

/** On which kinds of images the versions agree less. */
export function SlicesPanel({ comparison }: SlicesPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { slices, folders_left: left } = comparison;
  if (slices.length === 0) return null;
  return (
    <section className="card panel" aria-labelledby="slices-title" data-testid="slices">
      <div>
        <h2 id="slices-title">{t("comparison.slices")}</h2>
        <p className="muted small">{t("comparison.slicesText")}</p>
      </div>
      {KINDS.map((kind) => {
        const rows = slices.filter(({ by }) => by === kind);
        return rows.length > 0 && <Slices key={kind} kind={kind} rows={rows} />;
      })}
      {left > 0 && (
        <p className="muted small">
          {t("comparison.foldersLeft", { folders: whole(left, language) })}
        </p>
      )}
    </section>
  );
}

function Slices({ kind, rows }: { kind: Slice["by"]; rows: readonly Slice[] }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { sorted, by } = useSort(rows, VALUES);
  const [shown, more] = useMore(sorted, STEP);
  const title = `slices-${kind}`;
  return (
    <div className={css.part}>
      <h3 id={title}>{t(`comparison.by.${kind}`)}</h3>
      <DataTable
        columns={[
          { name: t(`comparison.by.${kind}`), sort: by("value") },
          { name: t("comparison.images"), end: true, sort: by("images") },
          { name: t("comparison.agreement"), sort: by("agreement") },
          { name: t("comparison.confidenceShift"), end: true, sort: by("shift") },
        ]}
        labelledBy={title}
        className={css.table}
        testId={title}
      >
        {shown.map((row) => (
          <tr key={row.value}>
            <th scope="row">{sliceText(t, language, row)}</th>
            <td className="end">{whole(row.images, language)}</td>
            <td>
              {row.agreement.share !== null && (
                <IntervalBar
                  share={row.agreement.share}
                  interval={row.agreement}
                  n={row.images}
                  tone="test"
                />
              )}
            </td>
            <td className="end">{points(row.shift, language)}</td>
          </tr>
        ))}
      </DataTable>
      {more}
    </div>
  );
}

/** Where a range such as `<0.1`, `0.5-2` or `>8` begins, to order them. */
function lowest(value: string): number {
  return value.startsWith("<") ? 0 : parseFloat(value.replace(">", ""));
}
