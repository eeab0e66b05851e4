/** Web Locks of one origin: exclusive, in order of asking, and free when their page dies. */

interface Waiting {
  readonly owner: object;
  readonly start: () => void;
}

export class Locks {
  readonly #queues = new Map<string, Waiting[]>();

  request<T>(owner: object, name: string, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const waiting: Waiting = {
        owner,
        start: () => {
          void work()
            .then(resolve, reject)
            .finally(() => this.#leave(name, waiting));
        },
      };
      queue.push(waiting);
      if (queue[0] === waiting) waiting.start();
    });
  }

  release(owner: object): void {
    for (const [name, queue] of this.#queues)
      for (const waiting of queue.filter((one) => one.owner === owner)) this.#leave(name, waiting);
  }

  #leave(name: string, waiting: Waiting): void {
    const queue = this.#queues.get(name) ?? [];
    const at = queue.indexOf(waiting);
    if (at < 0) return;
    queue.splice(at, 1);
    if (at === 0) queue[0]?.start();
  }
}
