import { useTranslation } from "react-i18next";

import css from "./DialogButtons.module.css";

interface DialogButtonsProps {
  /** The text of the confirm button. */
  confirm: string;
  /** The text of the other one. */
  dismiss?: string;
  tone: "primary" | "danger";
  isPending: boolean;
  onCancel: () => void;
  onConfirm: () => void;
  testId: string;
}

/** The buttons of a confirmation dialog. */
export function DialogButtons(props: DialogButtonsProps) {
  const { confirm, dismiss, tone, isPending, onCancel, onConfirm, testId } = props;
  const { t } = useTranslation();
  return (
    <div className={css.buttons}>
      <button type="button" className="button" onClick={onCancel}>
        {dismiss ?? t("app.cancel")}
      </button>
      <button
        type="button"
        className={`button ${tone}`}
        disabled={isPending}
        onClick={onConfirm}
        data-testid={testId}
      >
        {confirm}
      </button>
    </div>
  );
}
