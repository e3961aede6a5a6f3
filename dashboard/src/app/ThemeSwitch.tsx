import { useTranslation } from "react-i18next";

import { chooseTheme, THEMES, useTheme } from "../theme/theme";
import { MoonIcon, SunIcon, SystemIcon } from "../ui/icons";
import css from "./ThemeSwitch.module.css";

const ICONS = { system: SystemIcon, light: SunIcon, dark: MoonIcon };

/** One button that cycles: system, light, dark. */
export function ThemeSwitch() {
  const { t } = useTranslation();
  const theme = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  const Icon = ICONS[theme];
  const name = t("app.theme", { theme: t(`app.themes.${theme}`) });
  return (
    <button
      type="button"
      className={css.switch}
      aria-label={name}
      title={name}
      onClick={() => {
        chooseTheme(next);
      }}
      data-testid="theme"
      data-theme={theme}
    >
      <Icon />
    </button>
  );
}
