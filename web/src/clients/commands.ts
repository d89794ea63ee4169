/** What is run on a machine to connect it. */
export interface Step {
  title: string;
  command: string;
  note?: string;
}

export const SYSTEMS = ["linux", "macos", "windows", "systemd"] as const;
export type System = (typeof SYSTEMS)[number];
export const SYSTEM_NAMES: Record<System, string> = {
  linux: "Linux",
  macos: "macOS",
  windows: "Windows",
  systemd: "systemd",
};

const NOT_PUBLISHED =
  "The name is not on the Python Package Index yet: give pipx a wheel built from the source instead, see docs/deploy.md.";

const INSTALL: Record<System, Step> = {
  linux: { title: "Install the collector", command: "pipx install session-replay", note: NOT_PUBLISHED },
  macos: {
    title: "Install the collector",
    command: "brew install pipx\npipx install session-replay",
    note: NOT_PUBLISHED,
  },
  windows: {
    title: "Install the collector, in PowerShell",
    command: "py -m pip install --user pipx\npy -m pipx ensurepath\npy -m pipx install session-replay",
    note: `Open a new window afterwards: this one does not know the command yet. ${NOT_PUBLISHED}`,
  },
  systemd: { title: "Install the collector", command: "pipx install session-replay", note: NOT_PUBLISHED },
};

/**
 * The steps that connect a machine to `server` with a one-time token.
 *
 * The token is in the command of one step only: whatever runs afterwards is the client that it made.
 */
export function stepsOf(system: System, server: string, token: string): Step[] {
  const collect = `session-replay collect --server ${quoted(server)} --token ${token}`;
  if (system === "systemd")
    return [
      INSTALL.systemd,
      {
        title: "Connect this machine",
        command: collect,
        note: "Stop it with Ctrl C when it says that it follows the transcripts: it remembers who it is.",
      },
      {
        title: "Run it from now on, also without anybody signed in",
        command: [
          "mkdir -p ~/.config/systemd/user",
          "cp packaging/linux/session-replay-collector.service ~/.config/systemd/user/",
          "systemctl --user enable --now session-replay-collector",
          "loginctl enable-linger",
        ].join("\n"),
        note: "The unit is in the folder packaging/linux of the source.",
      },
    ];
  return [
    INSTALL[system],
    { title: "Connect this machine and ship its sessions", command: collect, note: KEEP[system] },
  ];
}

const KEEP: Record<Exclude<System, "systemd">, string> = {
  linux: "It ships until it is stopped. The tab systemd shows how to run it at every start of the machine.",
  macos: "It ships until it is stopped. To run it at every sign-in, use packaging/macos of the source.",
  windows: "It ships until it is stopped. To run it at every sign-in, use packaging/windows of the source.",
};

/** Fit for a POSIX shell and for PowerShell: both take what stands between single quotes as it is. */
function quoted(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "%27")}'`;
}

/** The system that this browser runs on, as a guess at what the client has. */
export function likelySystem(platform: string): System {
  if (/mac|iphone|ipad/i.test(platform)) return "macos";
  return /win/i.test(platform) ? "windows" : "linux";
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Whether only the server's own machine reaches an address. */
export function isLoopback(server: string): boolean {
  return URL.canParse(server) && LOOPBACK.has(new URL(server).hostname);
}

/** Why a collector would refuse an address of a server; undefined where it takes it. */
export function faultOf(server: string): string | undefined {
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search + url.hash !== "")
    return "Write it like https://replay.example.com.";
  if (url.protocol === "http:" && !isLoopback(server))
    return "Plain http would send transcripts in clear: a collector takes https, and http on this machine only.";
  return undefined;
}
