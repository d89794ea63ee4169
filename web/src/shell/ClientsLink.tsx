import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { clientsQuery } from "../clients/list";

const POLL_MS = 60_000;

/** The way to the clients, with how many of them are alarming. */
export function ClientsLink({ onClick }: { onClick: () => void }) {
  const { data } = useQuery({ ...clientsQuery, refetchInterval: POLL_MS });
  const alarming = data?.items.filter(({ alarms }) => alarms.length > 0).length ?? 0;
  return (
    <Link to="/clients" className="side-link" activeOptions={{ includeSearch: false }} onClick={onClick}>
      Clients{" "}
      {alarming > 0 && (
        <span className="side-mark" title={alarming === 1 ? "1 is alarming" : `${alarming} are alarming`}>
          {`${alarming} `}
          <span className="visually-hidden">alarming</span>
        </span>
      )}
    </Link>
  );
}
