import type { ReactNode } from "react";

export interface Column {
  name: string;
  /** Of numbers, which stand under each other at the end of the cell. */
  end?: boolean;
  /** Named for whoever hears the page only: what is in it tells it to the others. */
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

/** A table that scrolls by itself, by keyboard too, where it is wider than its place. */
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
