import { useState } from "react";
import { formatBytes, formatCount } from "../../format";
import type { ContentPart } from "../shapes";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

/** Only formats without scripts in them, and only bytes that the line itself holds. A click shows it in full size. */
export function Picture({ part }: { part: ContentPart }) {
  const { media_type, data } = part;
  const [full, setFull] = useState(false);
  const [size, setSize] = useState<string | null>(null);
  if (!media_type || !data || !PICTURES.includes(media_type) || !BASE64.test(data)) {
    return (
      <p className="sr-notice">An image of a kind that is not shown here ({media_type ?? "unknown"}).</p>
    );
  }
  const facts = [
    media_type.slice("image/".length).toUpperCase(),
    size,
    formatBytes(Math.floor(data.length * 0.75)),
  ];
  return (
    <figure className={full ? "sr-picture sr-picture-full" : "sr-picture"}>
      <button
        type="button"
        aria-pressed={full}
        aria-label={full ? "Fit the image to the panel" : "Show the image in full size"}
        onClick={() => setFull(!full)}
      >
        <img
          src={`data:${media_type};base64,${data}`}
          alt={part.label ?? "from the transcript"}
          onLoad={({ currentTarget: image }) =>
            setSize(`${formatCount(image.naturalWidth)} × ${formatCount(image.naturalHeight)} px`)
          }
          onError={() => setSize("damaged: it cannot be drawn")}
        />
      </button>
      <figcaption>{facts.filter(Boolean).join(" · ")}</figcaption>
    </figure>
  );
}
