import { useTranslation } from "react-i18next";
import type { Findings } from "visionflow-client";

import { CheckIcon } from "../../ui/icons";
import { Notice } from "../../ui/notice/Notice";
import { ImageCard, ImageGrid } from "./ImageCard";

/** The wrong answers with the highest confidence. */
export function MistakesTab({ findings: { mistakes, right } }: { findings: Findings }) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <section className="card panel" aria-labelledby="mistakes-title">
        <div>
          <h2 id="mistakes-title">{t("accuracy.mistakes")}</h2>
          <p className="muted small">{t("accuracy.mistakesText")}</p>
        </div>
        {mistakes.length === 0 ? (
          <Notice icon={<CheckIcon />} title={t("accuracy.noMistakes")} />
        ) : (
          <ImageGrid testId="mistakes">
            {mistakes.map((image) => (
              <ImageCard key={image.file} image={image} />
            ))}
          </ImageGrid>
        )}
      </section>
      {right.length > 0 && (
        <section className="card panel" aria-labelledby="right-title">
          <div>
            <h2 id="right-title">{t("accuracy.rightOnes")}</h2>
            <p className="muted small">{t("accuracy.rightOnesText")}</p>
          </div>
          <ImageGrid>
            {right.map(({ image }) => (
              <ImageCard key={image.file} image={image} />
            ))}
          </ImageGrid>
        </section>
      )}
    </div>
  );
}
