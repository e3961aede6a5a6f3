import css from "./FileButton.module.css";

interface FileButtonProps {
  label: string;
  primary: boolean;
  onFile: (file: File) => void;
}

/** The browser's own file input, so that keyboard and screen readers know it, dressed as a button. */
export function FileButton({ label, primary, onFile }: FileButtonProps) {
  return (
    <label className={`button ${css.button} ${primary ? "primary" : ""}`}>
      {label}
      <input
        type="file"
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
