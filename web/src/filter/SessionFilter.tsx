import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, type Ref, useEffect, useMemo, useState } from "react";
import { answer, api } from "../api/client";
import { formatCount, formatShort } from "../format";
import { useZoneName, wallTime } from "../timeZone";
import type { FilterNode, FilterTerm } from "./filter";
import { isHosts } from "./hosts";
import {
  FREE_TEXT,
  FREE_TEXT_OPERATORS,
  howToWrite,
  type Kind,
  LACKING,
  LACKING_OPERATORS,
  PROPERTIES,
  type Property,
  propertyOf,
  shownValue,
} from "./properties";
import { EMPTY_QUERY, type Reading, readQuery, sharedQuery } from "./query";
import { isEdge } from "./range";
import { isCondition } from "./terms";
import { filterText } from "./words";
import "./SessionFilter.css";

interface Props {
  filter: FilterNode | undefined;
  onChange: (filter: FilterNode | undefined) => void;
  /** Sessions that match, once known. */
  total: number | undefined;
  loading: boolean;
  /** A control that stands before the input. */
  before?: ReactNode;
  ref?: Ref<Focusable> | undefined;
}

/** What a key leads to. */
export interface Focusable {
  focus: () => void;
}

/** One input for all conditions: property, operator, value with suggestions from the data; joined by and / or. */
export function SessionFilter({ filter, onChange, total, loading, before, ref }: Props) {
  const zone = useZoneName();
  const { query, elsewhere, merged } = useMemo(
    () => sharedQuery(filter, (term) => isHosts(term) || isEdge(term)),
    [filter],
  );
  const properties = useMemo(
    () => [...PROPERTIES, ...unknownIn(filter)].map((one) => filteringProperty(one, zone)),
    [filter, zone],
  );
  const { options, status, load } = useSuggestions();
  const [typed, setTyped] = useTyped(filter);

  const type = (detail: PropertyFilterProps.Query) => {
    const reading = readQuery(detail, zone, filter);
    const next = merged(reading.filter);
    setTyped(reading, next);
    if (written(next) !== written(filter)) onChange(next);
  };

  return (
    <div className="session-filter">
      <PropertyFilter
        ref={ref}
        query={typed?.query ?? query ?? EMPTY_QUERY}
        onChange={({ detail }) => type(detail)}
        enableTokenGroups
        customControl={before}
        freeTextFiltering={FREE_TEXT_FILTERING}
        filteringProperties={properties}
        customGroupsText={GROUPS}
        filteringOptions={options}
        filteringStatusType={status}
        onLoadItems={load}
        filteringAriaLabel="Filter sessions"
        filteringPlaceholder="Filter sessions by property or text"
        filteringLoadingText="Loading values"
        filteringErrorText="The values could not be loaded."
        filteringRecoveryText="Retry"
        filteringEmpty="No such value"
        countText={total === undefined ? "" : `${formatCount(total)} ${total === 1 ? "match" : "matches"}`}
        loading={loading}
        expandToViewport
        disabled={query === null}
        tokenLimit={8}
        i18nStrings={STRINGS}
      />
      {typed !== null && typed.unread.length > 0 && (
        <p className="session-filter-unread" role="alert">
          {typed.unread.map((token) => (
            <span key={JSON.stringify(token)}>{refusal(token, zone)}</span>
          ))}
        </p>
      )}
      {query !== null && elsewhere.length > 0 && (
        <p className="session-filter-deep">Agents and times of this filter stand in their own controls.</p>
      )}
      {query === null && (
        <p className="session-filter-deep">
          This filter nests deeper than can be edited here; it is applied:{" "}
          <code>{filter && filterText(filter, zone)}</code>{" "}
          <button type="button" className="outlined-button" onClick={() => onChange(undefined)}>
            Clear filters
          </button>
        </p>
      )}
    </div>
  );
}

/**
 * What the input says beyond the filter: what was typed and not understood, and what is on its way into the address.
 *
 * It holds for the filter that it was typed into and for the one that it makes; any other one takes its place.
 */
function useTyped(filter: FilterNode | undefined) {
  const [typed, setTyped] = useState<(Reading & { before: string; after: string }) | null>(null);
  const now = written(filter);
  useEffect(() => {
    setTyped((one) => (one?.after === now && one.unread.length > 0 ? { ...one, before: now } : null));
  }, [now]);
  const set = (reading: Reading, next: FilterNode | undefined) =>
    setTyped({ ...reading, before: now, after: written(next) });
  const holds = typed !== null && (typed.before === now || typed.after === now);
  return [holds ? typed : null, set] as const;
}

function written(filter: FilterNode | undefined): string {
  return JSON.stringify(filter ?? null);
}

/** Why a token is not part of the filter, and what would be. */
function refusal({ propertyKey = "", operator, value }: PropertyFilterProps.Token, zone: string): string {
  const property = propertyOf.get(propertyKey);
  if (property === undefined) return "";
  return `${property.label} ${operator} ${shownValue(property, value, zone)} is not applied. ${howToWrite(property)}`;
}

/** Values of the property that is being filtered by, as the data has them. */
function useSuggestions() {
  const [asked, setAsked] = useState<{ property: string; operator: string; text: string } | null>(null);
  const known = asked === null ? undefined : propertyOf.get(asked.property);
  const wanted =
    known !== undefined && known.values === undefined && (known.kind === "name" || known.kind === "text");
  const { data, isFetching, isError, refetch } = useQuery({
    queryKey: ["facets", asked?.property, asked?.text],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/facets/{name}", {
          params: { path: { name: asked?.property ?? "" }, query: { q: asked?.text ?? "" } },
          signal,
        }),
      ),
    enabled: wanted,
    // While the values of another property are on their way there are none, rather than the wrong ones.
    placeholderData: (before, query) => (query?.queryKey[1] === asked?.property ? before : undefined),
  });

  const options = useMemo(() => {
    const fixed = PROPERTIES.flatMap((property) =>
      Object.entries(property.values ?? {}).map(([value, label]) => ({
        propertyKey: property.key,
        value,
        label,
      })),
    );
    if (asked === null) return fixed;
    const lacking = { propertyKey: asked.property, value: LACKING, label: LACKING };
    const none = known?.mayLack && LACKING_OPERATORS.some((one) => one === asked.operator) ? [lacking] : [];
    if (!wanted) return [...fixed, ...none];
    const found = (data?.items ?? []).map(({ value, count }) => ({
      propertyKey: asked.property,
      value,
      tags: [`${formatShort(count)} ${count === 1 ? "session" : "sessions"}`],
    }));
    return [...fixed, ...none, ...found];
  }, [asked, known, wanted, data]);

  const load = ({ detail }: { detail: PropertyFilterProps.LoadItemsDetail }) => {
    const property = detail.filteringProperty?.key;
    if (property === undefined) return;
    if (detail.samePage) void refetch();
    setAsked({ property, operator: detail.filteringOperator ?? "", text: detail.filteringText });
  };
  const status: PropertyFilterProps.StatusType =
    wanted && isFetching ? "loading" : wanted && isError ? "error" : "finished";
  return { options, status, load };
}

const FREE_TEXT_FILTERING: PropertyFilterProps.FreeTextFiltering = {
  operators: FREE_TEXT_OPERATORS,
  defaultOperator: ":",
};

/** Headings over the properties, by the vocabulary's groups. */
const HEADINGS: Record<string, string> = {
  Where: "Where it ran",
  What: "What it did",
  Security: "Security",
  When: "When",
  Figures: "How much",
  Text: "What was said",
  Other: "Of this filter",
};
const GROUPS: PropertyFilterProps.GroupText[] = Object.entries(HEADINGS).map(([group, properties]) => ({
  group,
  properties,
  values: "Values",
}));

function filteringProperty(property: Property, zone: string): PropertyFilterProps.FilteringProperty {
  const { key, label, plural, kind, group, operators } = property;
  const format = (value: unknown) => shownValue(property, value, zone);
  const place = { property, zone };
  const form = FORMS[kind];
  const formatted = property.values !== undefined || form !== undefined;
  return {
    key,
    propertyLabel: label,
    groupValuesLabel: plural,
    group,
    ...(operators[0] && { defaultOperator: operators[0] }),
    operators: operators.map((operator) =>
      formatted
        ? { operator, format, ...(form && { form: (input: Input) => form({ ...input, ...place }) }) }
        : operator,
    ),
  };
}

/** Properties of a filter that the page does not offer: they are named in its tokens, and the server knows best. */
function unknownIn(filter: FilterNode | undefined): Property[] {
  const keys = new Set<string>();
  const visit = (term: FilterTerm) => {
    if (!isCondition(term)) for (const one of "and" in term ? term.and : term.or) visit(one);
    else if (term.property !== FREE_TEXT && !propertyOf.has(term.property)) keys.add(term.property);
  };
  if (filter !== undefined) visit(filter);
  return [...keys].map((key) => ({
    key,
    label: key,
    plural: key,
    kind: "text",
    group: "Other",
    mayLack: false,
    operators: ["=", "!=", ":", "!:", "^", "!^", ">", ">=", "<", "<="],
  }));
}

type Input = PropertyFilterProps.ExtendedOperatorFormProps<unknown>;
type FormProps = Input & { property: Property; zone: string };

const FORMS: Partial<Record<Kind, (props: FormProps) => ReactNode>> = {
  time: (props) => <TimeForm {...props} />,
  duration: (props) => <QuantityForm {...props} example="1h 30m" />,
  count: (props) => <QuantityForm {...props} example="1,000 or 10k" />,
};

function TimeForm({ value, filter, onChange, property, zone }: FormProps) {
  return (
    <label className="session-filter-form">
      {property.label} ({zone})
      <input
        type="datetime-local"
        defaultValue={wallOf(value ?? filter, zone)}
        onChange={(event) => onChange(event.target.value || null)}
      />
      <small>or type it, such as 7 days ago</small>
    </label>
  );
}

function QuantityForm({ value, filter, onChange, property, zone, example }: FormProps & { example: string }) {
  const known = value === null || value === undefined ? filter : shownValue(property, value, zone);
  return (
    <label className="session-filter-form">
      {property.label}
      <input
        type="text"
        placeholder={example}
        defaultValue={known ?? ""}
        onChange={(event) => onChange(event.target.value || null)}
      />
    </label>
  );
}

/** A time for the browser's own input: `2026-11-03T07:30` in the zone, or nothing. */
function wallOf(value: unknown, zone: string): string {
  const instant = Date.parse(String(value ?? ""));
  return Number.isNaN(instant) ? "" : wallTime(instant, zone).slice(0, 16);
}

function said({ propertyLabel, operator, value }: PropertyFilterProps.FormattedToken): string {
  return `${propertyLabel} ${operator} ${value}`;
}

const STRINGS: PropertyFilterProps.I18nStrings = {
  dismissAriaLabel: "Dismiss",
  clearAriaLabel: "Clear the input",
  groupValuesText: "Values",
  groupPropertiesText: "Properties",
  operatorsText: "Operators",
  operationAndText: "and",
  operationOrText: "or",
  operatorLessText: "Less than",
  operatorLessOrEqualText: "Less than or equal",
  operatorGreaterText: "Greater than",
  operatorGreaterOrEqualText: "Greater than or equal",
  operatorContainsText: "Contains",
  operatorDoesNotContainText: "Does not contain",
  operatorEqualsText: "Equals",
  operatorDoesNotEqualText: "Does not equal",
  operatorStartsWithText: "Starts with",
  operatorDoesNotStartWithText: "Does not start with",
  editTokenHeader: "Edit filter",
  propertyText: "Property",
  operatorText: "Operator",
  valueText: "Value",
  cancelActionText: "Cancel",
  applyActionText: "Apply",
  allPropertiesLabel: "Text",
  tokenLimitShowMore: "Show more",
  tokenLimitShowFewer: "Show fewer",
  clearFiltersText: "Clear filters",
  tokenOperatorAriaLabel: "And or or",
  removeTokenButtonAriaLabel: (token) => `Remove ${said(token)}`,
  enteredTextLabel: (text) => `Use: "${text}"`,
  formatToken: said,
  groupEditAriaLabel: (group) => `Edit group of ${group.tokens.length} filters`,
  tokenEditorTokenActionsAriaLabel: (token) => `Actions for ${token.propertyLabel}`,
  tokenEditorTokenRemoveAriaLabel: (token) => `Remove ${token.propertyLabel}`,
  tokenEditorTokenRemoveLabel: "Remove",
  tokenEditorTokenRemoveFromGroupLabel: "Remove from group",
  tokenEditorAddNewTokenLabel: "Add filter to group",
  tokenEditorAddTokenActionsAriaLabel: "More ways to add a filter",
  tokenEditorAddExistingTokenAriaLabel: (token) => `Add ${said(token)} to group`,
  tokenEditorAddExistingTokenLabel: (token) => `Add ${said(token)}`,
};
