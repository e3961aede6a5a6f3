import "./styles/tokens.css";
import "./styles/base.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { loadConfig } from "./config";
import { createI18n, initialLanguage } from "./i18n";
import { installServiceWorker } from "./pwa/install";
import { showTheme, storedTheme } from "./theme/theme";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

showTheme(storedTheme());
createRoot(root).render(
  <StrictMode>
    <App i18n={createI18n(initialLanguage())} loadConfig={loadConfig} />
  </StrictMode>,
);

installServiceWorker();
