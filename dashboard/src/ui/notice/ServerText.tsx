import { Suspense, use } from "react";

import { useLanguage } from "../../i18n";

/** What the server says in words, in the page's language where it has that sentence. */
export function ServerText({ text }: { text: string }) {
  if (useLanguage() === "en") return text;
  return (
    <Suspense fallback={null}>
      <Korean text={text} />
    </Suspense>
  );
}

function Korean({ text }: { text: string }) {
  const translate = use(loadSentences());
  return translate?.(text) ?? <span lang="en">{text}</span>;
}

type Translate = (text: string) => string | null;

let loading: Promise<Translate | null> | undefined;

/** Once; null where the file does not arrive, and then the English is shown. */
function loadSentences(): Promise<Translate | null> {
  loading ??= import("../../i18n/sentences").then(
    ({ inKorean }) => inKorean,
    () => null,
  );
  return loading;
}
