import { BadArgumentError } from "./errors.js";

/** Runs one job after the other. */
export class Queue {
  readonly #owner: string;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** The `owner`'s name is for errors. */
  constructor(owner: string) {
    this.#owner = owner;
  }

  add<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#closed) throw new BadArgumentError(`${this.#owner} was disposed`);
      return job();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** Lets the job in progress end, rejects the others and those to come. */
  close(free: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#last = this.#last.then(free);
  }
}
