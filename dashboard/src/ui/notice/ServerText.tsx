import { useLanguage } from "../../i18n";
import { sentenceText } from "../../i18n/sentences";

/** What the server says in words, in the page's language where it has that sentence. */
export function ServerText({ text }: { text: string }) {
  const language = useLanguage();
  return sentenceText(text, language) ?? <span lang="en">{text}</span>;
}
