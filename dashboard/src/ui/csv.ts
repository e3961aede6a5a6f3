/** So that spreadsheets read Korean texts. */
export const BYTE_ORDER_MARK = "\uFEFF";

/** A line of RFC 4180. */
export function csvLine(cells: readonly (string | number | null | undefined)[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  // Escape texts that a spreadsheet would run as a formula, in Japanese ones also by wide signs.
  // https://owasp.org/www-community/attacks/CSV_Injection
  const plain = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** The text of a cell before it was escaped. */
export function unescaped(cell: string): string {
  return cell.replace(/^'(?=[=+\-@\t\r\n＝＋－＠])/, "");
}
