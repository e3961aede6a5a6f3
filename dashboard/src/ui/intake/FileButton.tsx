import { imageFormats } from "visionflow-client";

import css from "./FileButton.module.css";

interface FileButtonProps {
  id?: string;
  label: string;
  primary?: boolean;
  /** What the browser offers to choose. */
  accept?: string;
  /** Chooses a folder, with everything in it. */
  folder?: boolean;
  onFiles: (files: File[]) => void;
  testId?: string;
}

/** A native file input, for keyboard and screen readers, styled as a button. */
export function FileButton(props: FileButtonProps) {
  const { id, label, primary = false, accept = imageFormats.accept, folder = false } = props;
  const { onFiles, testId = "file-input" } = props;
  return (
    <label className={`button ${css.button} ${primary ? "primary" : ""}`}>
      {label}
      <input
        ref={(input) => {
          if (input) input.webkitdirectory = folder;
        }}
        id={id}
        type="file"
        aria-label={label}
        accept={folder ? undefined : accept}
        multiple
        className="visually-hidden"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = ""; // the same file may be chosen again
          if (files.length > 0) onFiles(files);
        }}
        data-testid={testId}
      />
    </label>
  );
}
