interface MomentFieldProps {
  name: string;
  /** ISO 8601. */
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  testId: string;
}

/** Date and time in the reader's zone. */
export function MomentField({ name, value, onChange, testId }: MomentFieldProps) {
  return (
    <label className="field">
      <span className="field-name">{name}</span>
      <input
        className="input"
        type="datetime-local"
        value={value === undefined ? "" : localMoment(value)}
        onChange={({ target }) => {
          onChange(target.value === "" ? undefined : new Date(target.value).toISOString());
        }}
        data-testid={testId}
      />
    </label>
  );
}

function localMoment(iso: string): string {
  const time = new Date(iso);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** ISO 8601 from an address; `null` where it has no time. */
export function readMoment(text: string | null): string | null {
  return text !== null && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : null;
}
