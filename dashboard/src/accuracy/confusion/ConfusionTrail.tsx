import { useTranslation } from "react-i18next";

import type { LabelTree } from "../../registry/labelTree";
import css from "./ConfusionTab.module.css";

interface ConfusionTrailProps {
  tree: LabelTree;
  focus: string | null;
  onOpen: (name: string | null) => void;
}

/** The way from all classes to the part of the matrix that is shown, and back. */
export function ConfusionTrail({ tree, focus, onOpen }: ConfusionTrailProps) {
  const { t } = useTranslation();
  const steps = focus === null ? [] : [...tree.above(focus), focus];
  return (
    <nav aria-label={t("accuracy.trail")}>
      <ol className={css.trail} data-testid="confusion-trail">
        {[null, ...steps].map((name) => (
          <li key={name ?? ""}>
            {name === focus ? (
              <strong aria-current="true">{name ?? t("accuracy.allClasses")}</strong>
            ) : (
              <button
                type="button"
                className={css.step}
                onClick={() => {
                  onOpen(name);
                }}
              >
                {name ?? t("accuracy.allClasses")}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
