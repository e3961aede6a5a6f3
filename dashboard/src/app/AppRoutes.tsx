import { HashRouter, Navigate, Route, Routes } from "react-router";

import { PAGE_NAMES, PAGES } from "./pages";
import { Shell } from "./Shell";

/** Hash routes, because a bucket has no server to rewrite paths. */
export function AppRoutes({ stage }: { stage: string }) {
  return (
    <HashRouter>
      <Routes>
        <Route element={<Shell stage={stage} />}>
          {PAGE_NAMES.map((name) => {
            const { path, Page } = PAGES[name];
            return <Route key={name} path={path} element={<Page />} />;
          })}
          <Route path="*" element={<Navigate to="/" replace />} />
        </Route>
      </Routes>
    </HashRouter>
  );
}
