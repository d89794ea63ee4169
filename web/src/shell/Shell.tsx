import { Link, Outlet } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useSignedOut } from "../api/signIn";
import { preference } from "../preference";
import { ClientsLink } from "./ClientsLink";
import { Notice } from "./Notice";
import { useFrame } from "./page";
import { SignInPage } from "./SignInPage";
import "./Shell.css";
import { TopBar } from "./TopBar";

const NARROW = window.matchMedia("(max-width: 900px)");
const isNarrow = () => NARROW.matches;
const onNarrow = (listener: () => void) => {
  NARROW.addEventListener("change", listener);
  return () => NARROW.removeEventListener("change", listener);
};

const navigation = preference("navigation", ["open", "closed"]);

/** The frame around every page: top bar, side navigation, messages, live region. */
export function Shell() {
  const { page, flashes, dismiss, announcement } = useFrame();
  const signedOut = useSignedOut();
  const chosen = navigation.use();
  const fill = page.fill ?? false;
  // On a narrow screen it lies over the page, so it is opened by hand each time.
  const narrow = useSyncExternalStore(onNarrow, isNarrow);
  const [drawer, setDrawer] = useState(false);

  useEffect(() => {
    document.body.classList.toggle("fill", fill);
  }, [fill]);

  if (signedOut) return <SignInPage />;
  // A page that fills the screen needs the room; it has its own list at the side.
  const open = !fill && (narrow ? drawer : chosen === "open");
  const toggle = () => (narrow ? setDrawer(!open) : navigation.set(open ? "closed" : "open"));
  return (
    <>
      {/* No link to `#main`: that would be part of every address copied afterwards. */}
      <button type="button" className="skip-link" onClick={() => document.getElementById("main")?.focus()}>
        Skip to main content
      </button>
      <TopBar crumbs={page.crumbs} navigation={fill ? null : { open, toggle }} />
      <div className="shell">
        {open && (
          <nav className="side" id="side" aria-label="Product">
            <h2>Monitor</h2>
            <Link
              to="/"
              className="side-link"
              activeOptions={{ includeSearch: false }}
              onClick={() => setDrawer(false)}
            >
              Session Replay
            </Link>
            <h2>Fleet</h2>
            <ClientsLink onClick={() => setDrawer(false)} />
          </nav>
        )}
        <main id="main" tabIndex={-1} className={fill ? "page page-fill" : "page"}>
          {flashes.length > 0 && (
            <div className="flashes">
              {flashes.map(({ id, type, header, content }) => (
                <Notice key={id} type={type} header={header} onDismiss={() => dismiss(id)}>
                  {content}
                </Notice>
              ))}
            </div>
          )}
          <Outlet />
        </main>
      </div>
      <div className="visually-hidden" role="status" aria-live="polite">
        {announcement}
      </div>
    </>
  );
}
