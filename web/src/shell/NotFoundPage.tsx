import Box from "@cloudscape-design/components/box";
import { Link } from "@tanstack/react-router";
import { usePage } from "./page";

export function NotFoundPage() {
  usePage({ title: "Page not found", crumbs: [{ text: "Session Replay", href: "/" }] });
  return (
    <Box padding={{ vertical: "xxxl" }} textAlign="center">
      <Box variant="h1">There is no such page</Box>
      <Box color="text-body-secondary" padding={{ bottom: "m" }}>
        The address may be misspelt, or it is of another version of Session Replay.
      </Box>
      <Link to="/">All sessions</Link>
    </Box>
  );
}
