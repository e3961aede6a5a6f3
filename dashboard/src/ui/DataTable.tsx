import type { ReactNode } from "react";

export interface Column {
  name: string;
  /** Aligned at the end of the cell, for numbers. */
  end?: boolean;
  /** The heading is for screen readers only. */
  hidden?: boolean;
}

interface DataTableProps {
  columns: readonly Column[];
  /** The id of the heading above it. */
  labelledBy: string;
  className?: string | undefined;
  testId?: string;
  /** The rows. */
  children: ReactNode;
}

/** A table that scrolls horizontally, by keyboard too, if it is wider than its container. */
export function DataTable({ columns, labelledBy, className, testId, children }: DataTableProps) {
  return (
    <div className="table-scroll" role="group" aria-labelledby={labelledBy} tabIndex={0}>
      <table className={`table ${className ?? ""}`} data-testid={testId}>
        <thead>
          <tr>
            {columns.map(({ name, end, hidden }) => (
              <th key={name} scope="col" className={end ? "end" : undefined}>
                {hidden ? <span className="visually-hidden">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
