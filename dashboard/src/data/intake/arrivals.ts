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

/** Files that systems add by themselves: `.DS_Store`, `__MACOSX/`, `Thumbs.db`. */
export function isJunk(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
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

/**
 * What was dropped, folders with everything in them. The entries are taken at once, because the
 * browser forgets them when the event is over.
 */
export function fromDrop(data: DataTransfer): Promise<Arrival[]> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return Promise.resolve(fromInput(data.files));
  return inside(entries);
}

async function inside(entries: FileSystemEntry[]): Promise<Arrival[]> {
  const found: Arrival[] = [];
  for (const entry of entries) {
    if (isJunk(entry.fullPath)) continue;
    if (isFolder(entry)) {
      found.push(...(await inside(await entriesOf(entry))));
    } else if (isFile(entry)) {
      const file = await new Promise<File>((resolve, reject) => {
        entry.file(resolve, reject);
      });
      found.push({ file, label: labelOf(entry.fullPath), path: entry.fullPath });
    }
  }
  return found;
}

/** A reader gives a part at each call, and nothing at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (part.length === 0) return entries;
    entries.push(...part);
  }
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
