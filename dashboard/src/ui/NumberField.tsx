import { useFault } from "./fault/fault";
import { FaultReason } from "./fault/FaultReason";

interface NumberFieldProps {
  name: string;
  /** What the API calls it. */
  field: string;
  hint: string;
  value: string;
  bounds: { min: number; max?: number; step: number | "any"; required?: boolean };
  onChange: (text: string) => void;
  testId: string;
}

/** A number as typed, with what it means below it. */
export function NumberField(props: NumberFieldProps) {
  const { name, field, hint, value, bounds, onChange, testId } = props;
  const fault = useFault([field], `${testId}-hint`);
  return (
    <div className="field">
      <label className="field">
        <span className="field-name">{name}</span>
        <input
          className="input"
          type="number"
          {...bounds}
          value={value}
          {...fault.attributes}
          onChange={({ target }) => {
            onChange(target.value);
          }}
          data-testid={testId}
        />
      </label>
      <FaultReason reason={fault.reason} />
      <p id={`${testId}-hint`} className="muted small">
        {hint}
      </p>
    </div>
  );
}
