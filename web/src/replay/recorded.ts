/** The last client whose lines carry the output of a message as it stood when the message had just begun. */
const LAST_TOO_LOW = [2, 1, 63] as const;

/** Whether what a client recorded as output is less than what the API counted in the end. */
export function recordsTooLittle(version: string | null | undefined): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? "");
  if (parts === null) return false;
  for (const [index, last] of LAST_TOO_LOW.entries()) {
    const part = Number(parts[index + 1]);
    if (part !== last) return part < last;
  }
  return true;
}

export const RECORDED_WORDS = "Up to 2.1.63 clients recorded less output than the API counted.";
