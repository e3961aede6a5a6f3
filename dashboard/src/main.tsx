import "./styles/tokens.css";
import "./styles/base.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { preloadPage } from "./app/pages";
import { loadConfig } from "./config/config";
import { createI18n, initialLanguage, loadTexts } from "./i18n";
import { installServiceWorker } from "./pwa/install";
import { showTheme, storedTheme } from "./theme/theme";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

const language = initialLanguage();
const texts = loadTexts(language);
const config = Promise.all([loadConfig(), preloadPage(window.location.hash)]).then(
  ([loaded]) => loaded,
);
config.catch(() => undefined); // the page tries again, and shows the error
showTheme(storedTheme());
void texts.then((spoken) => {
  createRoot(root).render(
    <StrictMode>
      <App
        i18n={createI18n(language, { [language]: spoken })}
        loadConfig={firstThen(config, loadConfig)}
      />
    </StrictMode>,
  );
});

installServiceWorker();

/** Returns `first` at the first call, a new request at each later one. */
function firstThen<Value>(first: Promise<Value>, again: () => Promise<Value>) {
  let next = () => {
    next = again;
    return first;
  };
  return () => next();
}
