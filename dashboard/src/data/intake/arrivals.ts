import { droppedFiles, isJunk } from "../../ui/intake/dropped";
import type { Part } from "../facts/table";

/** An image that somebody chose, with the class that its folder names. */
export interface Arrival {
  file: File;
  /** `null`: no folder names a class. */
  label: string | null;
  /** Where it lay in its folder or its zip file. */
  path?: string;
  /** `null` or left out: versions choose it. */
  part?: Part | null;
  /** The prediction that it is a copy of, as a table of an export says. */
  prediction?: string | null;
}

export function isZip({ type, name }: File): boolean {
  return type === "application/zip" || name.toLowerCase().endsWith(".zip");
}

/** The class of an image is the folder that it lies in. */
export function labelOf(path: string): string | null {
  const folder = path.split("/").at(-2) ?? "";
  return folder === "" ? null : folder.normalize("NFC");
}

/** Files of an input; those of a folder know their path. */
export function fromInput(files: Iterable<File>): Arrival[] {
  return [...files]
    .filter((file) => !isJunk(file.webkitRelativePath))
    .map((file) => ({
      file,
      label: labelOf(file.webkitRelativePath),
      path: file.webkitRelativePath || file.name,
    }));
}

/** What was dropped, folders with everything in them; the entries are taken at once. */
export async function fromDrop(data: DataTransfer): Promise<Arrival[]> {
  const found = await droppedFiles(data);
  return found.map(({ file, path }) => ({ file, label: labelOf(path), path }));
}
