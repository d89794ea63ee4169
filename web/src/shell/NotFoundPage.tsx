import { PageMessage } from "./PageMessage";
import { usePage } from "./page";

export function NotFoundPage() {
  usePage({ title: "Page not found", crumbs: [{ text: "Session Replay", href: "/" }] });
  return (
    <PageMessage header="There is no such page">
      The address may be misspelt, or it is of another version of Session Replay.
    </PageMessage>
  );
}
