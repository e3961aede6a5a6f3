import css from "./FileName.module.css";

interface FileNameProps {
  /** Of a stranger, so in a direction of its own. */
  name: string | null | undefined;
  className?: string | undefined;
}

/** What an image's file is called, or that nobody said. */
export function FileName({ name, className }: FileNameProps) {
  return (
    <bdi className={`${css.name} ${className ?? ""}`} title={name ?? ""} data-testid="filename">
      {name ?? "–"}
    </bdi>
  );
}
