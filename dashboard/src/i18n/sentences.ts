import type { Language } from "./index";
import sentences from "./sentences.json";

/** Both languages of what the server writes down in words (`visionflow/sentences.py`). */
interface Sentence {
  en: string;
  ko: string;
}

const SLOT = /\{(\w+)\}/g;
let patterns: [Sentence, RegExp][] | undefined;

/** A text of the server in the page's language; null where the page has no translation of it. */
export function sentenceText(text: string, language: Language): string | null {
  if (language === "en") return text;
  patterns ??= Object.values(sentences).map((sentence) => [sentence, pattern(sentence.en)]);
  for (const [sentence, expected] of patterns) {
    const found = expected.exec(text);
    if (found) return filled(sentence, found.groups ?? {}, language);
  }
  return null;
}

/** A value may be a sentence too: “Not published: ⟨why⟩”. */
function filled(
  { en, ko }: Sentence,
  values: Record<string, string>,
  language: Language,
): string | null {
  const shown = Object.entries(values).map(
    ([name, value]) => [name, sentenceText(value, language) ?? value] as const,
  );
  // Parts in a row that are nobody's sentence.
  if (en === ko && shown.every(([name, value]) => value === values[name])) return null;
  const by = new Map(shown);
  return ko.replace(SLOT, (_slot, name: string) => by.get(name) ?? "");
}

function pattern(template: string): RegExp {
  const escaped = template
    .split(SLOT)
    .map((part, index) =>
      index % 2 ? `(?<${part}>.+?)` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    );
  return new RegExp(`^${escaped.join("")}$`, "s");
}
