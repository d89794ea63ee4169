import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import "./Notice.css";

/** What stands where a page would be, and the way back. */
export function PageMessage({ header, children }: { header: string; children: ReactNode }) {
  return (
    <div className="page-message">
      <h1>{header}</h1>
      <p>{children}</p>
      <Link to="/">All sessions</Link>
    </div>
  );
}
