import type { ChildProcess } from "node:child_process";

type Question = { readonly id: number; readonly what: string; readonly value: unknown };
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };

/** What a process can be asked, by name. */
export type Answers = Readonly<Record<string, (value: never) => unknown>>;
/** Asks one of them, in another process. */
export type Ask<A extends Answers> = <K extends keyof A & string>(what: K, ...value: Parameters<A[K]>) => Promise<Awaited<ReturnType<A[K]>>>;

/** Rejects what is open, and whatever is asked later, once the process has ended. */
export function asking<A extends Answers>(child: ChildProcess, name: string): Ask<A> {
  const open = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }>();
  let ids = 0;
  let gone: Error | undefined;
  child.on("message", ({ id, value, error }: Answer) => {
    const asked = open.get(id);
    open.delete(id);
    if (error === undefined) asked?.resolve(value as never);
    else asked?.reject(new Error(`${name}: ${error}`));
  });
  child.on("exit", (code, signal) => {
    gone = new Error(`${name} ended by itself (${signal ?? `code ${String(code)}`}).`);
    for (const { reject } of open.values()) reject(gone);
    open.clear();
  });
  return (what, ...value) => new Promise((resolve, reject) => {
    if (gone) { reject(gone); return; }
    open.set(++ids, { resolve, reject });
    child.send({ id: ids, what, value: value[0] } satisfies Question);
  });
}

/** Answers what the parent asks until it lets go, and ends with it. A Ctrl-C is for the parent. */
export function answering(answers: Answers): void {
  process.on("SIGINT", () => undefined);
  process.on("disconnect", () => { process.exit(0); });
  process.on("message", ({ id, what, value }: Question) => {
    void (async () => {
      const say = (answer: Answer): void => { if (process.connected) process.send?.(answer); };
      try {
        say({ id, value: await answers[what]?.(value as never) });
      } catch (error) {
        say({ id, error: error instanceof Error ? error.stack ?? error.message : String(error) });
      }
    })();
  });
}
