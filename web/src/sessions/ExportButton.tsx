import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { ApiError, address, answer, api } from "../api/client";
import { download } from "../api/download";
import type { FilterNode } from "../filter/filter";
import { useAnnounce, useFlash } from "../shell/page";
import type { Sort } from "./sort";

interface Props {
  filter: FilterNode | undefined;
  sort: Sort;
  disabled: boolean;
}

/** Downloads the whole list, as it is filtered and sorted, as CSV. */
export function ExportButton({ filter, sort, disabled }: Props) {
  const announce = useAnnounce();
  const { flash, dismiss } = useFlash();
  const [asking, setAsking] = useState(false);
  const query = { sort, ...(filter && { filter: JSON.stringify(filter) }) };
  const start = async () => {
    setAsking(true);
    dismiss("export");
    // What a browser does with an error in the place of a file differs, so it is asked for first.
    const refused = await refusal(query);
    setAsking(false);
    if (refused !== null) {
      flash({ type: "error", id: "export", header: "The list was not exported", content: refused });
      return;
    }
    announce("Downloading the list of sessions");
    download(`${address("api/sessions.csv")}?${new URLSearchParams(query)}`);
  };
  return (
    <Button iconName="download" loading={asking} disabled={disabled} onClick={() => void start()}>
      Export CSV
    </Button>
  );
}

/** Why the server would not hand the list out, null where it would. */
async function refusal(query: { sort: Sort; filter?: string }): Promise<string | null> {
  try {
    await answer(api.GET("/api/sessions", { params: { query: { ...query, limit: 1 } } }));
    return null;
  } catch (cause) {
    return cause instanceof ApiError ? cause.detail : String(cause);
  }
}
