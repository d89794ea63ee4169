/** The session whose trace is on the screen: there is nothing to begin for it. */
export const onScreen: { sessionId: string | null } = { sessionId: null };
