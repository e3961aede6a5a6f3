import { QRCodeSVG } from "qrcode.react";
import { useTranslation } from "react-i18next";
import type { ModelName } from "visionflow-client";

import { modelKey, modelParams } from "../../registry/chosen";
import { CopyText } from "../../ui/CopyText";
import { Modal } from "../../ui/dialog/Modal";
import css from "./OpenOnPhone.module.css";

const LOOPBACK = /^(localhost|127[.][\d.]+|\[::1\])$/;

interface PhoneDialogProps {
  item: ModelName;
  onClose: () => void;
}

/** The address of a version on the device page of this deployment, to be scanned or copied. */
export default function PhoneDialog({ item, onClose }: PhoneDialogProps) {
  const { t } = useTranslation();
  const address = deviceAddress(item);
  return (
    <Modal title={t("models.phoneTitle")} onClose={onClose} testId="phone">
      <p>{t("models.phoneText", { version: modelKey(item) })}</p>
      <QRCodeSVG
        className={css.code}
        value={address}
        size={240}
        marginSize={4}
        title={t("models.phoneCode")}
      />
      <CopyText name={t("models.phoneLink")} text={address} testId="phone-link" />
      {LOOPBACK.test(window.location.hostname) && (
        <p className="muted small" data-testid="phone-local">
          {t("models.phoneLocal")}
        </p>
      )}
    </Modal>
  );
}

function deviceAddress(item: ModelName): string {
  const { origin, pathname } = window.location;
  return `${origin}${pathname}#/device?${new URLSearchParams(modelParams(item)).toString()}`;
}
