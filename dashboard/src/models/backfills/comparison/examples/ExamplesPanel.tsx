import { useTranslation } from "react-i18next";
import type { BackfillComparison } from "visionflow-client";

import { useLanguage } from "../../../../i18n";
import { answerText } from "../../../../i18n/comparison/texts";
import { whole } from "../../../../i18n/format";
import { ImageIcon } from "../../../../ui/icons";
import { Notice } from "../../../../ui/notice/Notice";
import { useMore } from "../../../../ui/useMore";
import { type Example, type Filter, passes } from "../filter";
import { ExampleCard } from "./ExampleCard";
import css from "./ExamplesPanel.module.css";
import { FilterBar } from "./FilterBar";

/** Groups that are drawn at once, and images of each. */
const GROUPS = 8;
const IMAGES = 4;

type Cluster = BackfillComparison["clusters"][number];

interface ExamplesPanelProps {
  comparison: BackfillComparison;
  filter: Filter;
  onFilter: (changes: Partial<Filter>) => void;
  /** A thumbnail does not open. */
  onBroken: () => void;
}

/** The images that matter most, the old answer beside the new one. */
export function ExamplesPanel({ comparison, filter, onFilter, onBroken }: ExamplesPanelProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { clusters, examples } = comparison;
  const found = examples.filter((example) => passes(filter, example));
  const groups = clusters
    .map((cluster) => ({ cluster, images: found.filter((one) => one.cluster === cluster.id) }))
    .filter(({ images }) => images.length > 0);
  const [shown, more] = useMore(groups, GROUPS);
  return (
    <section className="card panel" aria-labelledby="examples-title" data-testid="examples">
      <div>
        <h2 id="examples-title">{t("comparison.examples")}</h2>
        <p className="muted small">{t("comparison.examplesText")}</p>
      </div>
      <FilterBar comparison={comparison} filter={filter} onFilter={onFilter} />
      <p className="small" role="status" data-testid="examples-shown">
        {t("comparison.shown", {
          shown: whole(found.length, language),
          all: whole(examples.length, language),
        })}
      </p>
      {examples.length > 0 && examples.every(({ thumbnail }) => thumbnail === null) && (
        <p className="small" data-testid="no-thumbnails">
          {t("comparison.noThumbnails")}
        </p>
      )}
      {found.length === 0 && (
        <Notice icon={<ImageIcon />} title={t("comparison.noExamples")} testId="no-examples">
          <p>{t("comparison.noExamplesText")}</p>
        </Notice>
      )}
      {shown.map(({ cluster, images }) => (
        <Group key={cluster.id} cluster={cluster} images={images} onBroken={onBroken} />
      ))}
      {more}
    </section>
  );
}

interface GroupProps {
  cluster: Cluster;
  images: readonly Example[];
  onBroken: () => void;
}

function Group({ cluster, images, onBroken }: GroupProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [shown, more] = useMore(images, IMAGES);
  const title = `group-${cluster.id}`;
  return (
    <section className={css.group} aria-labelledby={title} data-testid="example-group">
      <div>
        <h3 id={title}>{t("comparison.groupName", { id: whole(cluster.id + 1, language) })}</h3>
        <p className="small">
          {t("comparison.groupText", {
            images: whole(cluster.images, language),
            old: answerText(t, cluster.old),
            new: answerText(t, cluster.new),
          })}
        </p>
      </div>
      <ul className={css.cards}>
        {shown.map((example) => (
          <ExampleCard
            key={`${example.bucket}/${example.key} ${example.version_id ?? ""}`}
            example={example}
            onBroken={onBroken}
          />
        ))}
      </ul>
      {more}
    </section>
  );
}
