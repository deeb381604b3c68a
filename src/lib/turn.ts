/** Lets everything that waits have its turn of the event loop: long work does so every now and then. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
