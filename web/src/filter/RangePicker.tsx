import DateRangePicker, { type DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import { instantOf, offsetMinutes, wallTime } from "../timeZone";
import { agoFrom, agoParts, rangeText, type TimeRange } from "./range";

type Value = DateRangePickerProps.Value;

interface Props {
  range: TimeRange | null;
  onChange: (range: TimeRange | null) => void;
  zone: string;
}

/** When sessions started: a time up to now, or days and hours of the zone that the page shows. */
export function RangePicker({ range, onChange, zone }: Props) {
  return (
    <DateRangePicker
      value={range && pickedOf(range, zone)}
      onChange={({ detail }) => onChange(detail.value && rangeOfValue(detail.value, zone))}
      relativeOptions={OPTIONS}
      customRelativeRangeUnits={["minute", "hour", "day", "week"]}
      isValidRange={(value) => validity(value, zone)}
      getTimeOffset={(date) => offsetMinutes(date.getTime(), zone)}
      renderTriggerContent={() => (
        <span className="range-trigger">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2 4h12v10H2zM2 7.5h12M5 2v3.5M11 2v3.5" />
          </svg>
          {/* The reader hears what it is for, and sees what it is set to. */}
          <span className="range-text">{range === null ? "All time" : rangeText(range, zone)}</span>
        </span>
      )}
      absoluteFormat="iso"
      dateInputFormat="iso"
      timeInputFormat="hh:mm:ss"
      ariaLabel={`Started, in ${zone}`}
      expandToViewport
      i18nStrings={{
        ...STRINGS,
        dateTimeConstraintText: constraint(zone),
        isoDateTimeConstraintText: constraint(zone),
      }}
    />
  );
}

const OPTIONS: DateRangePickerProps.RelativeOption[] = ["-1h", "-24h", "-7d", "-30d", "-90d"].map((ago) => {
  const parts = agoParts(ago);
  if (parts === null) throw new Error(`${ago} is no time from now`);
  return { key: ago, type: "relative", ...parts };
});

/** The last second of a range is part of it here, and not in the filter. */
const SECOND_MS = 1_000;

function pickedOf(range: TimeRange, zone: string): Value | null {
  if ("ago" in range) {
    const parts = agoParts(range.ago);
    const key = OPTIONS.find((option) => option.key === range.ago)?.key;
    return parts && { type: "relative", ...(key !== undefined && { key }), ...parts };
  }
  const { from, before } = range;
  // The calendar knows no open ends.
  if (from === null || before === null) return null;
  return { type: "absolute", startDate: written(from, zone), endDate: written(before - SECOND_MS, zone) };
}

function rangeOfValue(value: Value, zone: string): TimeRange {
  if (value.type === "relative") return { ago: agoFrom(value) };
  return {
    from: instantOf(wallOf(value.startDate), zone),
    before: instantOf(wallOf(value.endDate), zone) + SECOND_MS,
  };
}

/** `2026-11-03T07:30:00+01:00` */
function written(instant: number, zone: string): string {
  const minutes = offsetMinutes(instant, zone);
  const two = (count: number) => String(Math.floor(count)).padStart(2, "0");
  const size = Math.abs(minutes);
  return `${wallTime(instant, zone)}${minutes < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** What the clock shows, without its offset: that is the zone's matter. */
function wallOf(written: string): string {
  return written.slice(0, 19);
}

function validity(value: Value | null, zone: string): DateRangePickerProps.ValidationResult {
  if (value === null) return { valid: false, errorMessage: "Choose a range." };
  if (value.type === "relative") {
    const fits = Number.isInteger(value.amount) && value.amount > 0 && value.amount < 1_000_000;
    return fits ? { valid: true } : { valid: false, errorMessage: "Give a whole number above zero." };
  }
  if (!value.startDate || !value.endDate) {
    return { valid: false, errorMessage: "Choose the first and the last day." };
  }
  const { from, before } = rangeOfValue(value, zone) as { from: number; before: number };
  if (Number.isNaN(from) || Number.isNaN(before)) {
    return { valid: false, errorMessage: "Write dates as 2026-11-30 and times as 17:45:00." };
  }
  return from < before ? { valid: true } : { valid: false, errorMessage: "The range ends before it begins." };
}

function constraint(zone: string): string {
  return `Dates as 2026-11-30, times as 17:45:00, in ${zone}.`;
}

const STRINGS: DateRangePickerProps.I18nStrings = {
  modeSelectionLabel: "Kind of range",
  relativeModeTitle: "Relative range",
  absoluteModeTitle: "Absolute range",
  relativeRangeSelectionHeading: "Started in the",
  cancelButtonLabel: "Cancel",
  clearButtonLabel: "All time",
  applyButtonLabel: "Apply",
  formatRelativeRange: ({ amount, unit }) => rangeText({ ago: agoFrom({ amount, unit }) }, "UTC"),
  formatUnit: (unit, amount) => (amount === 1 ? unit : `${unit}s`),
  customRelativeRangeOptionLabel: "Another time",
  customRelativeRangeOptionDescription: "Up to now, of any length",
  customRelativeRangeDurationLabel: "How many",
  customRelativeRangeDurationPlaceholder: "A number",
  customRelativeRangeUnitLabel: "Unit",
  startDateLabel: "First day",
  startTimeLabel: "From",
  endDateLabel: "Last day",
  endTimeLabel: "To",
  errorIconAriaLabel: "Error",
  renderSelectedAbsoluteRangeAriaLive: (start, end) => `From ${start} to ${end}`,
  todayAriaLabel: "Today",
  nextMonthAriaLabel: "Next month",
  previousMonthAriaLabel: "Previous month",
  isoDatePlaceholder: "YYYY-MM-DD",
  timePlaceholder: "hh:mm:ss",
};
