import css from "./FileButton.module.css";

interface FileButtonProps {
  id: string;
  label: string;
  primary: boolean;
  onFiles: (files: File[]) => void;
}

/** A native file input, for keyboard and screen readers, styled as a button. */
export function FileButton({ id, label, primary, onFiles }: FileButtonProps) {
  return (
    <label className={`button ${css.button} ${primary ? "primary" : ""}`}>
      {label}
      <input
        id={id}
        type="file"
        aria-label={label}
        accept="image/*"
        multiple
        className="visually-hidden"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = ""; // the same file may be chosen again
          if (files.length > 0) onFiles(files);
        }}
        data-testid="file-input"
      />
    </label>
  );
}
