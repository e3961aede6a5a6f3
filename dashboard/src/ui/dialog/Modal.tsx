import { type ReactNode, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { CloseIcon } from "../icons";
import css from "./Modal.module.css";

interface ModalProps {
  title: string;
  onClose: () => void;
  testId: string;
  /** `side`: a drawer along the right edge; `center`: a window in the middle. */
  place?: "center" | "side";
  /** Beside the title, for what concerns the whole dialog. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A modal `<dialog>`: focus, Escape and the backdrop are the browser's. */
export function Modal({ title, onClose, testId, place = "center", tools, children }: ModalProps) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close(); // before it leaves the document, so that the focus returns
  }, []);

  return (
    <dialog
      ref={dialog}
      className={`${css.dialog} ${css[place]}`}
      aria-label={title}
      onCancel={(event) => {
        if (event.target === event.currentTarget) onClose(); // not for a dialog inside this one
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose(); // the backdrop
      }}
      data-testid={testId}
    >
      <div className={css.content}>
        <header className={css.header}>
          <h2>{title}</h2>
          {tools}
          <button
            type="button"
            className={css.close}
            aria-label={t("app.close")}
            onClick={onClose}
            data-testid={`${testId}-close`}
          >
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
