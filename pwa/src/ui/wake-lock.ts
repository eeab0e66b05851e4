/** Keep the screen lit while work goes on with both hands: a count, a drive, a delivery. */

/** Lit until the returned function is called; the phone drops it while the page is hidden, so it is asked for again. */
export const keepAwake = (): (() => void) => {
  let lock: WakeLockSentinel | undefined;
  let over = false;
  const ask = async (): Promise<void> => {
    if (over || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    try {
      const got = await navigator.wakeLock.request("screen");
      if (over) await got.release();
      else lock = got;
    } catch {
      // Low battery: the phone knows better.
    }
  };
  const onVisible = (): void => void ask();
  document.addEventListener("visibilitychange", onVisible);
  void ask();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", onVisible);
    void lock?.release();
  };
};
