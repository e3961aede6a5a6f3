import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "visionflow-client";

import type { Session } from "../auth/session";
import { DialogButtons } from "../ui/dialog/DialogButtons";
import { Modal } from "../ui/dialog/Modal";
import { Enrolment } from "./Enrolment";
import { FactorProblem } from "./FactorProblem";

/** Its holders need a second factor. */
const ADMIN = "model-admin";

interface SecondFactorPanelProps {
  me: Me;
  session: Session;
  /** It was set up or removed. */
  onChange: () => void;
}

/** Sets up, replaces and removes the caller's authenticator app. */
export function SecondFactorPanel({ me, session, onChange }: SecondFactorPanelProps) {
  const { t } = useTranslation();
  const [isEnrolled, setEnrolled] = useState(false);
  const associate = useMutation({ mutationFn: session.secondFactor.associate });
  const isOn = isEnrolled || me.second_factor === true;
  const changed = (isNowOn: boolean) => {
    setEnrolled(isNowOn);
    associate.reset();
    onChange();
  };
  return (
    <section className="card panel" aria-labelledby="factor-title" data-testid="second-factor">
      <div>
        <div className="row">
          <h2 id="factor-title">{t("account.factor")}</h2>
          <span className={`chip ${isOn ? "good" : ""}`} data-testid="factor-state">
            {t(isOn ? "account.factorOn" : "account.factorOff")}
          </span>
        </div>
        <p className="muted small">{t("account.factorText")}</p>
      </div>
      {isEnrolled ? (
        <p role="status" data-testid="factor-enrolled">
          {t("account.enrolled")}
        </p>
      ) : associate.data !== undefined ? (
        <Enrolment
          secret={associate.data}
          name={me.name}
          factor={session.secondFactor}
          onDone={() => {
            changed(true);
          }}
        />
      ) : (
        <div className="row">
          <button
            type="button"
            className="button"
            disabled={associate.isPending}
            onClick={() => {
              associate.mutate();
            }}
            data-testid="enrol"
          >
            {t("account.enrol")}
          </button>
          {isOn &&
            (me.roles.includes(ADMIN) ? (
              <p className="muted small">{t("account.adminKeeps")}</p>
            ) : (
              <RemoveButton
                session={session}
                onDone={() => {
                  changed(false);
                }}
              />
            ))}
        </div>
      )}
      {associate.error && <FactorProblem error={associate.error} />}
    </section>
  );
}

function RemoveButton({ session, onDone }: { session: Session; onDone: () => void }) {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  const close = () => {
    setAsking(false);
  };
  const remove = useMutation({
    mutationFn: session.secondFactor.remove,
    onSuccess: () => {
      close();
      onDone();
    },
  });
  return (
    <>
      <button
        type="button"
        className="button danger"
        onClick={() => {
          setAsking(true);
        }}
        data-testid="factor-remove"
      >
        {t("account.remove")}
      </button>
      {isAsking && (
        <Modal title={t("account.removeTitle")} onClose={close} testId="remove-factor">
          <p>{t("account.removeText")}</p>
          {remove.error && <FactorProblem error={remove.error} />}
          <DialogButtons
            confirm={t("account.remove")}
            tone="danger"
            isPending={remove.isPending}
            onCancel={close}
            onConfirm={() => {
              remove.mutate();
            }}
            testId="remove-factor-confirm"
          />
        </Modal>
      )}
    </>
  );
}
