import { useState } from "react";
import { copyText } from "../copy";
import { useAnnounce } from "./page";
import "./Command.css";

/** A command, or several lines of them, to be copied and pasted. */
export function Command({ text }: { text: string }) {
  const announce = useAnnounce();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    // Where the browser does not allow it the text is there to be selected.
    void copyText(text).then((done) => {
      setCopied(done);
      announce(done ? "Command copied" : "Copying is not allowed here");
    });
  };
  return (
    <div className="command">
      <code>{text}</code>
      <button type="button" onClick={copy} aria-label={`Copy the command ${text}`}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
