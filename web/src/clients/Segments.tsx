import type { ReactNode } from "react";

interface Props<Value extends string> {
  name: string;
  value: Value;
  onChange: (value: Value) => void;
  choices: readonly { value: Value; label: ReactNode }[];
}

/** A choice of few, all of them on the screen. */
export function Segments<Value extends string>({ name, value, onChange, choices }: Props<Value>) {
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">{name}</legend>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input
            type="radio"
            name={name}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          {choice.label}
        </label>
      ))}
    </fieldset>
  );
}
