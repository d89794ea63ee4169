import { useEffect } from "react";
import "./SignInPage.css";

/** The server knows this browser no more, or not yet: only the address that it printed helps. */
export function SignInPage() {
  useEffect(() => {
    document.title = "Sign in · Session Replay";
  }, []);
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <h1>Sign in to Session Replay</h1>
        <p>
          This browser is not signed in. Open the address that the server printed when it started; it looks
          like this:
        </p>
        <pre>{`${window.location.origin}/?token=…`}</pre>
        <p>
          Each address works once; the server then prints a new one below it. Open the last one, or go back to
          the browser that is signed in.
        </p>
        <button type="button" className="outlined-button" onClick={() => window.location.reload()}>
          Try again
        </button>
      </div>
    </main>
  );
}
