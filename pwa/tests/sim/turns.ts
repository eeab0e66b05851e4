/**
 * Turns of the event loop, counted: after `rest` nothing runs any more in this process until it is told something.
 * fake-indexeddb does everything in turns of `setImmediate`; promises are run out within each.
 */
const immediate = globalThis.setImmediate;
let waiting = 0;

/** From now on every turn that anybody asks for is counted. */
export const countTurns = (): void => {
  globalThis.setImmediate = ((then: (...given: unknown[]) => void, ...given: unknown[]) => {
    waiting += 1;
    return immediate(() => {
      waiting -= 1;
      then(...given);
    });
  }) as typeof setImmediate;
};

/** Resolves when no turn is waiting: whoever has not answered by then waits for somebody outside. */
export const rest = async (): Promise<void> => {
  for (;;) {
    await new Promise((resolve) => {
      immediate(resolve);
    });
    if (waiting === 0) return;
  }
};
