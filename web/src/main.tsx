import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { newQueryClient } from "./api/queries";
import { newRouter } from "./router";
import { FrameProvider } from "./shell/page";
import "./theme/palette.css";
import "./theme/base.css";
import { followTheme } from "./theme/theme";

// The list returns to its own place; the browser would try before the rows are there.
history.scrollRestoration = "manual";
followTheme();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

// React holds back for 300 ms what follows a fallback: the page's code is there before anything is drawn, so that none
// is needed. A page that cannot be loaded says so once it is drawn.
const router = newRouter();
const draw = () =>
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={newQueryClient()}>
        <FrameProvider>
          <RouterProvider router={router} />
        </FrameProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
// Not awaited here: the page's modules wait for this one.
void router.load().then(draw, draw);
