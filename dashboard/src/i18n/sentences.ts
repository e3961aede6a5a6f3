import errors from "./errors.ko.json";
import sentences from "./sentences.json";

/**
 * What the server says in words, by template: what it writes down (`visionflow/sentences.py`), and
 * the texts of its errors. Only a page in Korean loads this, when it has such a text to show.
 */
const KOREAN = [
  ...Object.values(sentences).map(({ en, ko }) => [en, ko] as const),
  ...Object.entries(errors),
];

const SLOT = /\{(\w+)(?::state)?\}/g;
/** A template of less is also how a person may write. */
const FEWEST_LETTERS = 9;
/** What the server says is shorter, and a longer text would take long to look through. */
const MOST_CHARACTERS = 1_000;
/** Of a sentence in a sentence in a sentence. */
const DEPTH = 4;
/** Slots whose values are words of the server: elsewhere "running" may be the name of a class. */
const STATES = new Set(["state", "before", "status"]);
/** What a slot holds, where any text would be taken for a person's. */
const HELD: Record<string, string> = { characters: "[0-9,]+" };
/** A training that does something by itself is named by its id. */
const TRAINING = /^(?:training job|instant training) \{a\}$/;
const ID = "[0-9A-Z]{26}";

interface Pattern {
  expected: RegExp;
  korean: string;
  /** It is a sentence of the server only where one of its values is. */
  isLoose: boolean;
}

let patterns: Pattern[] | undefined;

/** A text of the server in Korean; null where it is not known. */
export function inKorean(text: string, depth = DEPTH): string | null {
  if (text.length > MOST_CHARACTERS || depth === 0) return null;
  patterns ??= KOREAN.toSorted(([one], [other]) => literals(other) - literals(one)).map(
    ([english, korean]) => pattern(english, korean),
  );
  for (const { expected, korean, isLoose } of patterns) {
    const found = expected.exec(text);
    if (found) return filled(korean, found.groups ?? {}, isLoose, depth);
  }
  return null;
}

/** A value may be a sentence too: “Not published: ⟨why⟩”. */
function filled(
  korean: string,
  values: Record<string, string>,
  isLoose: boolean,
  depth: number,
): string | null {
  const isState = (name: string) => STATES.has(name) || korean.includes(`{${name}:state}`);
  const known = Object.entries(values).map(([name, value]) => {
    // One word may be anything's name.
    const isSaid = isState(name) || /\s/.test(value);
    return [name, isSaid ? inKorean(value, depth - 1) : null] as const;
  });
  if (isLoose && known.every(([, value]) => value === null)) return null;
  const by = new Map(known);
  return korean.replace(SLOT, (_slot, name: string) => by.get(name) ?? values[name] ?? "");
}

function pattern(english: string, korean: string): Pattern {
  const escaped = english
    .split(SLOT)
    .map((part, index) =>
      index % 2
        ? `(?<${part}>${TRAINING.test(english) ? ID : (HELD[part] ?? ".+?")})`
        : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    );
  return { expected: new RegExp(`^${escaped.join("")}$`, "s"), korean, isLoose: isShort(english) };
}

/** How much of a template is written out: of two that fit a text, the longer says what it is. */
function literals(english: string): number {
  return english.replace(SLOT, "").length;
}

function isShort(english: string): boolean {
  const letters = english.replace(SLOT, "").replace(/[^A-Za-z]/g, "");
  return english.includes("{") && letters.length < FEWEST_LETTERS;
}
