/**
 * Trusted Types: the page lets no string become code. The two places that load a script by its address, the service
 * worker and the decoder, may load those of this origin and no others.
 */
interface Policies {
  readonly createPolicy: (
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ) => unknown;
}

let isAllowed = false;

/** Once in the life of a page; browsers without Trusted Types need nothing. */
export const allowOwnScripts = (): void => {
  if (isAllowed) return;
  isAllowed = true;
  const { trustedTypes } = globalThis as { readonly trustedTypes?: Policies };
  trustedTypes?.createPolicy("default", {
    createScriptURL: (url) => {
      if (new URL(url, location.href).origin !== location.origin)
        throw new TypeError("a script of another origin");
      return url;
    },
  });
};
