import junk from "./junk.json";

/** A file that was dropped, and where it lay; `inFolder` where a folder with it was dropped. */
export interface Dropped {
  file: File;
  path: string;
  inFolder: boolean;
}

/** Whether a file is a system's, or lies in a folder that is one's, by the rule of the server. */
export function isJunk(path: string): boolean {
  return path.split("/").some((part) => {
    const name = part.toLowerCase();
    return (
      name.startsWith(".") ||
      junk.names.includes(name) ||
      junk.prefixes.some((prefix) => name.startsWith(prefix))
    );
  });
}

/**
 * What was dropped or pasted, folders with everything in them that is not a system's. The entries
 * are taken at once, because the browser forgets them when the event is over. What the browser may
 * not read is left out.
 */
export function droppedFiles(data: DataTransfer): Promise<Dropped[]> {
  const entries = Array.from((data.items as DataTransferItemList | undefined) ?? []).flatMap(
    (item) => item.webkitGetAsEntry() ?? [],
  );
  if (entries.length > 0) return inside(entries, false);
  const files = [...data.files];
  return Promise.resolve(files.map((file) => ({ file, path: file.name, inFolder: false })));
}

async function inside(entries: FileSystemEntry[], inFolder: boolean): Promise<Dropped[]> {
  const found: Dropped[] = [];
  for (const entry of entries) {
    if (inFolder && isJunk(entry.fullPath)) continue;
    try {
      if (isFolder(entry)) {
        found.push(...(await inside(await entriesOf(entry), true)));
      } else if (isFile(entry)) {
        const file = await new Promise<File>((resolve, reject) => {
          entry.file(resolve, reject);
        });
        found.push({ file, path: entry.fullPath, inFolder });
      }
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
    }
  }
  return found;
}

/** A reader gives a part at each call (Chrome: a hundred), and nothing at the end. */
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
