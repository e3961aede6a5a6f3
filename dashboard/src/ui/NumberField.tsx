interface NumberFieldProps {
  name: string;
  hint: string;
  value: string;
  bounds: { min: number; max?: number; step: number | "any"; required?: boolean };
  onChange: (text: string) => void;
  testId: string;
}

/** A number as typed, with what it means below it. */
export function NumberField({ name, hint, value, bounds, onChange, testId }: NumberFieldProps) {
  return (
    <div className="field">
      <label className="field">
        <span className="field-name">{name}</span>
        <input
          className="input"
          type="number"
          {...bounds}
          value={value}
          aria-describedby={`${testId}-hint`}
          onChange={({ target }) => {
            onChange(target.value);
          }}
          data-testid={testId}
        />
      </label>
      <p id={`${testId}-hint`} className="muted small">
        {hint}
      </p>
    </div>
  );
}
