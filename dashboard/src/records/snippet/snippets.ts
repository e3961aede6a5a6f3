import type { ApiAddress } from "visionflow-client";

export const LANGUAGES = ["curl", "python", "typescript"] as const;
export type SnippetLanguage = (typeof LANGUAGES)[number];

/** Where a program finds its API key. */
export const KEY = "VISIONFLOW_API_KEY";

/** A program that classifies the file `name` of the folder that it runs in. */
export function snippet(language: SnippetLanguage, api: ApiAddress, name: string): string {
  return WRITE[language](`${api.url}/predict`, api.asksWho, name);
}

type Write = (url: string, asksWho: boolean, name: string) => string;

const WRITE: Record<SnippetLanguage, Write> = { curl, python, typescript };

function curl(url: string, asksWho: boolean, name: string): string {
  // Within the quotes of a form's part, curl reads a backslash as an escape.
  const part = `file=@"${name.replace(/["\\]/g, "\\$&")}"`;
  const key = asksWho ? ` \\\n  -H "Authorization: Bearer $${KEY}"` : "";
  return `curl ${shell(url)}${key} \\\n  -F ${shell(part)}\n`;
}

/** One argument of a POSIX shell, whatever is in it. */
function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function python(url: string, asksWho: boolean, name: string): string {
  // What JSON escapes, Python reads alike.
  return `import json
${asksWho ? "import os\n" : ""}from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

image = Path(${JSON.stringify(name)})
request = Request(
    ${JSON.stringify(url)},
    data=image.read_bytes(),
    headers={
${asksWho ? `        "Authorization": f"Bearer {os.environ['${KEY}']}",\n` : ""}\
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(image.name)}",
    },
)
with urlopen(request) as response:
    answer = json.load(response)
print(answer["label"], answer["confidence"])
`;
}

function typescript(url: string, asksWho: boolean, name: string): string {
  return `import { readFile } from "node:fs/promises";

interface Answer {
  label: string | null;
  confidence: number | null;
}

const name = ${JSON.stringify(name)};
const form = new FormData();
form.append("file", new Blob([await readFile(name)]), name);
const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
${asksWho ? `  headers: { Authorization: \`Bearer \${process.env.${KEY}}\` },\n` : ""}\
  body: form,
});
if (!response.ok) throw new Error(await response.text());
const answer = (await response.json()) as Answer;
console.log(answer.label, answer.confidence);
`;
}
