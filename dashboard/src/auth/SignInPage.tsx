import { useTranslation } from "react-i18next";

import { Logo } from "../ui/icons";
import { LanguageSwitch } from "../ui/LanguageSwitch";
import css from "./SignInPage.module.css";

interface SignInPageProps {
  problem: string | null;
  expired: boolean;
  onSignIn: () => void;
}

export function SignInPage({ problem, expired, onSignIn }: SignInPageProps) {
  const { t } = useTranslation();
  return (
    <main className={css.page}>
      <div className={`card ${css.card}`}>
        <Logo className={css.logo} />
        <h1>{t("auth.title")}</h1>
        <p className="muted">{expired ? t("auth.expired") : t("auth.text")}</p>
        {problem !== null && (
          <p className="error-text" role="alert">
            {t("auth.failed", { reason: problem })}
          </p>
        )}
        <button type="button" className="button primary" onClick={onSignIn} data-testid="sign-in">
          {t("auth.signIn")}
        </button>
        <LanguageSwitch />
      </div>
    </main>
  );
}
