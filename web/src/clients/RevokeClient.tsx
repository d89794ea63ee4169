import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Client } from "../api/client";
import { visibleText } from "../replay/text/invisible";
import { Dialog } from "../shell/Dialog";
import { Failure } from "../shell/FailurePage";
import { useAnnounce } from "../shell/page";
import { nameOf } from "./clients";
import { refreshClients, revokeClient } from "./list";

interface Props {
  client: Client;
  onRevoked: () => void;
  onClose: () => void;
}

/** Asks before a client is refused, and says what that does and what it leaves alone. */
export function RevokeClient({ client, onRevoked, onClose }: Props) {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const name = visibleText(nameOf(client));
  const revoking = useMutation({
    mutationFn: () => revokeClient(client.id),
    onSuccess: async () => {
      onRevoked();
      await refreshClients(queries);
      announce(`${name} is revoked`);
      onClose();
    },
  });
  return (
    <Dialog
      header={`Revoke ${name}?`}
      onClose={onClose}
      onSubmit={() => revoking.mutate()}
      footer={
        <>
          <button type="button" className="text-button" data-autofocus onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="primary-button" disabled={revoking.isPending}>
            Revoke
          </button>
        </>
      }
    >
      <ul className="client-dialog-list">
        <li>Its collector is refused from its next request on: nothing more comes from there.</li>
        <li>What it sent stays here, as long as the plan keeps it.</li>
        <li>Nothing changes on the machine: transcripts stay there and wait.</li>
        <li>You can let it in again at any time; it then ships what it missed.</li>
      </ul>
      {revoking.isError && <Failure error={revoking.error} retry={() => revoking.mutate()} />}
    </Dialog>
  );
}
