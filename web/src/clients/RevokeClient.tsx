import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Client } from "../api/client";
import { visibleText } from "../replay/text/invisible";
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
    <Modal
      visible
      header={`Revoke ${name}?`}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <div className="client-dialog-buttons">
          <Button variant="link" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="primary" loading={revoking.isPending} onClick={() => revoking.mutate()}>
            Revoke
          </Button>
        </div>
      }
    >
      <ul className="client-dialog-list">
        <li>Its collector is refused from its next request on: nothing more comes from there.</li>
        <li>What it sent stays here, as long as the plan keeps it.</li>
        <li>Nothing changes on the machine: transcripts stay there and wait.</li>
        <li>You can let it in again at any time; it then ships what it missed.</li>
      </ul>
      {revoking.isError && <Failure error={revoking.error} retry={() => revoking.mutate()} />}
    </Modal>
  );
}
