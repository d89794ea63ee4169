import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { answer, api, type Status } from "../api/client";
import { Command } from "../shell/Command";
import { Failure } from "../shell/FailurePage";
import { useFlash } from "../shell/page";
import { refreshAll } from "./list";
import "./NoSessions.css";

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

const SAMPLES_POLL_MS = 700;
const SAMPLES_COME = "The sample sessions are being imported. They are invented; open any of them.";

/** A fresh installation: where it looked, how to point it elsewhere, and something to look at right now. */
export function NoSessions({ status }: { status: Status | undefined }) {
  const client = useQueryClient();
  const { flash } = useFlash();
  const samples = useMutation({
    mutationFn: () => answer(api.POST("/api/samples")),
    onSuccess: () => flash({ type: "success", id: "samples", content: SAMPLES_COME }),
  });
  // The server imports them on its own time; with the first of them this page gives way to the list.
  useEffect(() => {
    if (!samples.isSuccess) return;
    const timer = setInterval(() => void refreshAll(client), SAMPLES_POLL_MS);
    return () => clearInterval(timer);
  }, [samples.isSuccess, client]);
  const progress = status?.local_import;
  // What is taken in must come to the data of this server.
  const folder = status?.data_folder ?? null;
  const data = folder === null ? "" : ` --data ${quoted(folder)}`;
  const ofMake = folder === null ? "" : ` DATA=${quoted(folder)}`;
  return (
    <div className="no-sessions">
      <h2>No sessions yet</h2>
      {progress === undefined || progress.state === "off" || progress.folder === null ? (
        <p>This server reads no local transcripts. Start it with the folder that holds them:</p>
      ) : (
        <p>
          Session Replay follows <code>{progress.folder}</code> and found no transcripts there. As soon as
          Claude Code writes a session into this folder, it appears here. If your transcripts are elsewhere,
          start the server with their folder:
        </p>
      )}
      <Command text={`session-replay serve --transcripts ~/.claude/projects${data}`} />
      <p className="no-sessions-or">In a checkout of the source:</p>
      <Command text={`make run TRANSCRIPTS=~/.claude/projects${ofMake}`} />
      <p className="no-sessions-or">
        Transcripts of several machines, collected as <code>DIR/machine/projects</code> (stop the server
        first):
      </p>
      <Command text={`session-replay import DIR --host-from-path${data}`} />
      <p className="no-sessions-or">
        To collect from other machines too, <Link to="/clients">connect a client</Link>.
      </p>
      <p className="no-sessions-or">Or have a look around first:</p>
      <Button
        variant="primary"
        loading={samples.isPending || samples.isSuccess}
        onClick={() => samples.mutate()}
      >
        Open sample sessions
      </Button>
      {samples.isError && (
        <div className="no-sessions-failure">
          <Failure error={samples.error} retry={() => samples.mutate()} />
        </div>
      )}
    </div>
  );
}
