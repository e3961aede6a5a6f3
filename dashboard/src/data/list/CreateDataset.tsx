import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { useApi } from "../../api/ApiContext";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { FaultInput } from "../../ui/fault/FaultInput";
import { Problem } from "../../ui/notice/Problem";

/** As `visionflow/datasets/names.py`. */
const NAME = /^[a-z][a-z0-9-]{0,63}$/;

export function CreateDataset({ taken }: { taken: readonly string[] }) {
  const { t } = useTranslation();
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [classes, setClasses] = useState("");
  const isTaken = taken.includes(name);
  const isWrong = name !== "" && (isTaken || !NAME.test(name));
  const create = useMutation({
    mutationFn: () => {
      const names = classes.split(",").map((text) => text.trim().normalize("NFC"));
      return api.createDataset(
        name,
        [...new Set(names)].filter((text) => text !== ""),
      );
    },
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["datasets"] });
      void navigate({ search: `?dataset=${made.name}` });
    },
  });
  return (
    <FaultContext value={faultOf(create.error)}>
      <form
        className="card panel"
        aria-labelledby="create-title"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
        data-testid="create-dataset"
      >
        <h2 id="create-title">{t("data.create")}</h2>
        <div className="field">
          <label className="field">
            <span className="field-name">{t("data.name")}</span>
            <FaultInput
              field="name"
              hint="name-hint"
              isWrong={isWrong}
              value={name}
              maxLength={64}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              required
              onChange={({ target }) => {
                setName(target.value);
              }}
              data-testid="dataset-name"
            />
          </label>
          <p
            id="name-hint"
            className={`small ${isWrong ? "error-text" : "muted"}`}
            role={isWrong ? "alert" : undefined}
          >
            {t(isTaken ? "data.nameTaken" : "data.nameRule")}
          </p>
        </div>
        <div className="field">
          <label className="field">
            <span className="field-name">{t("data.classes")}</span>
            <FaultInput
              field="classes"
              hint="classes-hint"
              value={classes}
              onChange={({ target }) => {
                setClasses(target.value);
              }}
              data-testid="dataset-classes"
            />
          </label>
          <p id="classes-hint" className="muted small">
            {t("data.classesHint")}
          </p>
        </div>
        {create.error && <Problem error={create.error} />}
        <div>
          <button
            type="submit"
            className="button primary"
            disabled={name === "" || isWrong || create.isPending}
            data-testid="create"
          >
            {t("data.create")}
          </button>
        </div>
      </form>
    </FaultContext>
  );
}
