import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { WarningIcon } from "../ui/icons";
import { Notice } from "../ui/notice/Notice";

interface CrashBoundaryProps {
  children: ReactNode;
}

/** Shows a message and a button when the page itself fails. */
export class CrashBoundary extends Component<CrashBoundaryProps, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    return this.state.crashed ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const { t } = useTranslation();
  return (
    <main role="alert">
      <Notice icon={<WarningIcon />} title={t("app.crashedTitle")}>
        <p>{t("app.crashedText")}</p>
        <button
          type="button"
          className="button"
          onClick={() => {
            window.location.reload();
          }}
        >
          {t("app.reload")}
        </button>
      </Notice>
    </main>
  );
}
