import { useTranslation } from "react-i18next";

import { GridIcon, TableIcon } from "../ui/icons";
import { type View, VIEWS } from "./useHistoryParams";
import css from "./ViewSwitch.module.css";

const ICONS = { table: TableIcon, grid: GridIcon };

interface ViewSwitchProps {
  view: View;
  onChange: (view: View) => void;
}

export function ViewSwitch({ view, onChange }: ViewSwitchProps) {
  const { t } = useTranslation();
  return (
    <div className={css.switch} role="group" aria-label={t("history.view")}>
      {VIEWS.map((known) => {
        const Icon = ICONS[known];
        return (
          <button
            key={known}
            type="button"
            className={css.option}
            aria-pressed={known === view}
            onClick={() => {
              onChange(known);
            }}
            data-testid={`view-${known}`}
          >
            <Icon className={css.icon} />
            {t(`history.views.${known}`)}
          </button>
        );
      })}
    </div>
  );
}
