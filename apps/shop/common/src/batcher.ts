/**
 * Group commit for hot rows. Calls for the same key that arrive while a batch of that key is at work wait and then go
 * together as the next batch: at low load every call is its own transaction, under load a hot row is locked once per
 * batch instead of once per request. Nothing waits for a timer.
 */
export class Batcher<Item, Result> {
  private readonly queues = new Map<string, Waiting<Item, Result>[]>();
  private readonly run: (key: string, items: Item[]) => Promise<Result[]>;
  private readonly maxBatch: number;

  /** `run` gets the items of one key and answers with one result per item, in their order; when it throws, every item of the batch fails with that error. */
  constructor(run: (key: string, items: Item[]) => Promise<Result[]>, maxBatch = 64) {
    this.run = run;
    this.maxBatch = maxBatch;
  }

  submit(key: string, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = { item, resolve, reject };
      const queue = this.queues.get(key);
      if (queue) {
        queue.push(waiting);
        return;
      }
      const fresh = [waiting];
      this.queues.set(key, fresh);
      void this.drain(key, fresh);
    });
  }

  private async drain(key: string, queue: Waiting<Item, Result>[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, this.maxBatch);
      try {
        const results = await this.run(
          key,
          batch.map((waiting) => waiting.item),
        );
        for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.queues.delete(key);
  }
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}
