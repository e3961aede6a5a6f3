import type { UseMutationResult, UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { KnownRoute } from "../../access/scopes";
import { useMay } from "../../access/useMe";
import { FaultContext, faultOf } from "../../ui/fault/fault";
import { Missing } from "../../ui/notice/Missing";
import { MissingScope } from "../../ui/notice/MissingScope";
import { Problem } from "../../ui/notice/Problem";
import formCss from "../../ui/Form.module.css";
import css from "./RuleCard.module.css";

interface RuleCardProps<Rule> {
  /** Of the heading, and the prefix of its parts' test ids. */
  id: string;
  title: string;
  text: string;
  /** Where the rule is read, as `GET /models/rule`. */
  route: KnownRoute;
  rule: UseQueryResult<Rule>;
  /** The form of the saved rule. */
  children: (saved: Rule) => ReactNode;
}

/** A rule that acts without a person: what it does, whether it is on, and its form. */
export function RuleCard<Rule extends { enabled: boolean }>(props: RuleCardProps<Rule>) {
  const { id, title, text, route, rule, children } = props;
  const { t } = useTranslation();
  return (
    <section className="card panel" aria-labelledby={`${id}-title`} data-testid={id}>
      <div>
        <div className="row">
          <h2 id={`${id}-title`}>{title}</h2>
          {rule.data && (
            <span className={`chip ${rule.data.enabled ? "good" : ""}`} data-testid={`${id}-state`}>
              {rule.data.enabled ? t("models.ruleOn") : t("models.ruleOff")}
            </span>
          )}
        </div>
        <p className="muted small">{text}</p>
      </div>
      {rule.data ? (
        children(rule.data)
      ) : rule.error ? (
        <Missing error={rule.error} route={route} onRetry={() => void rule.refetch()} />
      ) : (
        <div className={`skeleton ${css.waiting}`} />
      )}
    </section>
  );
}

interface RuleFieldsProps<Rule> {
  id: string;
  /** Where the rule is written. */
  route: KnownRoute;
  enabledText: string;
  enabled: boolean;
  onEnable: (enabled: boolean) => void;
  isSaved: boolean;
  save: UseMutationResult<Rule, Error, void>;
  /** The limits. */
  children: ReactNode;
}

/** The form of a rule; read only for a caller who may not write it. */
export function RuleFields<Rule>(props: RuleFieldsProps<Rule>) {
  const { id, route, enabledText, enabled, onEnable, isSaved, save, children } = props;
  const { t } = useTranslation();
  const mayWrite = useMay()(route);
  return (
    <form
      className={formCss.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <fieldset className={`${formCss.form} ${formCss.plain}`} disabled={!mayWrite}>
        <label className="check">
          <input
            type="checkbox"
            checked={enabled}
            onChange={({ target }) => {
              onEnable(target.checked);
            }}
            data-testid={`${id}-enabled`}
          />
          {enabledText}
        </label>
        <FaultContext value={faultOf(save.error)}>
          <div className={formCss.fields}>{children}</div>
        </FaultContext>
        {save.error && <Problem error={save.error} />}
        {mayWrite && (
          <div>
            <button
              type="submit"
              className="button"
              disabled={save.isPending || isSaved}
              data-testid={`${id}-save`}
            >
              {t("models.ruleSave")}
            </button>
          </div>
        )}
      </fieldset>
      <MissingScope route={route} />
    </form>
  );
}
