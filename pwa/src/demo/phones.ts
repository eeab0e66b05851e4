/** The two phones of the demo: each an origin of its own with its own storage, in a frame of this page. */
import { signal } from "@preact/signals";
import { type PhoneState, readPhone } from "./ledger.ts";

export type Who = "liu" | "zhang";

export const PEOPLE: readonly Who[] = ["liu", "zhang"];
export const PIN = "2468";

export const phones = {
  liu: signal<PhoneState | null>(null),
  zhang: signal<PhoneState | null>(null),
} as const;

const frames = new Map<Who, HTMLIFrameElement>();
const begun = new Set<Who>();

/**
 * The page and its phones are one site, as browsers count sites, so that the phones may store what they record even where
 * storage of other sites is blocked; and yet each is an origin of its own. `localhost` itself has no such names below it.
 */
const SITE = "gobi.localhost";

const originAt = (host: string): string =>
  `${location.protocol}//${host}${location.port === "" ? "" : `:${location.port}`}`;

export const originOf = (who: Who): string => originAt(`${who}.${SITE}`);

/** True: the page is about to open anew under its own name. */
export const moveToSite = (): boolean => {
  if (location.hostname === SITE || !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname))
    return false;
  location.replace(originAt(SITE) + location.pathname);
  return true;
};

export const addFrame = (who: Who, frame: HTMLIFrameElement): void => {
  frames.set(who, frame);
};

type ToPhone =
  | { readonly type: "gobi/demo-offline"; readonly offline: boolean }
  | { readonly type: "gobi/demo-open"; readonly hash: string }
  | { readonly type: "gobi/demo-wipe" };

export const tellPhone = (who: Who, message: ToPhone): void => {
  frames.get(who)?.contentWindow?.postMessage(message, originOf(who));
};

const openAt = (who: Who, hash: string): void => {
  tellPhone(who, { type: "gobi/demo-open", hash });
};

/** A phone that is nobody's yet gets a code and joins; one that only lost its session signs in again. */
const begin = async (who: Who, state: PhoneState): Promise<void> => {
  if (begun.has(who) || (state.enrolled && state.signedIn)) return;
  begun.add(who);
  const name = encodeURIComponent(who === "liu" ? "刘洋的手机" : "张磊的手机");
  if (state.enrolled) return openAt(who, `#/enrol?pin=${PIN}&auto=1`);
  const response = await fetch("/demo/api/enrolments", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person: who }),
  });
  if (!response.ok) {
    begun.delete(who);
    return;
  }
  const { url } = (await response.json()) as { readonly url: string };
  // The phone reaches the server under the name under which it is shown.
  const own = url.replace(/^gobi:enrol:[^#]+/, `gobi:enrol:${originOf(who)}`);
  openAt(who, `#/enrol?u=${encodeURIComponent(own)}&pin=${PIN}&auto=1&name=${name}`);
};

export const listenToPhones = (): void => {
  addEventListener("message", (event: MessageEvent<unknown>) => {
    const who = PEOPLE.find((each) => originOf(each) === event.origin);
    const state = readPhone(event.data);
    if (who === undefined || state === null) return;
    phones[who].value = state;
    if (state.isStranger) {
      begun.delete(who);
      tellPhone(who, { type: "gobi/demo-wipe" });
    } else if (!state.offline) void begin(who, state).catch(() => begun.delete(who));
  });
};

export const setOffline = (who: Who, offline: boolean): void =>
  tellPhone(who, { type: "gobi/demo-offline", offline });

export const open = openAt;

/** A new ledger knows none of these phones: they begin anew as well. */
export const wipeAll = (): void => {
  for (const who of PEOPLE) {
    begun.delete(who);
    tellPhone(who, { type: "gobi/demo-wipe" });
  }
};
