/**
 * The path that the server answers under, with a slash at the end: `/`, or `/replay-server/` behind a proxy.
 *
 * Taken from where this module was loaded, because the built page is the same on every path.
 */
const module_address: string = import.meta.url;

export const BASE_PATH = import.meta.env.DEV ? "/" : new URL("..", module_address).pathname;
