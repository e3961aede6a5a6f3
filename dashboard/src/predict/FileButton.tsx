import css from "./FileButton.module.css";

interface FileButtonProps {
  id: string;
  label: string;
  primary: boolean;
  onFile: (file: File) => void;
}

/** The browser's own file input, so that keyboard and screen readers know it, dressed as a button. */
export function FileButton({ id, label, primary, onFile }: FileButtonProps) {
  return (
    <label className={`button ${css.button} ${primary ? "primary" : ""}`}>
      {label}
      <input
        id={id}
        type="file"
        aria-label={label}
        accept="image/*"
        className="visually-hidden"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = ""; // the same file may be chosen again
          if (file) onFile(file);
        }}
        data-testid="file-input"
      />
    </label>
  );
}
