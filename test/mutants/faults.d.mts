import type { Plugin } from "esbuild";

/** What looks for a planted bug: the simulation, or one of the laws by its name. */
export type Finder = "simulation" | `law ${string}`;

/** A realistic fault of a part of ours: an edit of one source file. */
export type Fault = {
  /** What it does, in a sentence. */
  readonly what: string;
  /** The pain that it stands for. */
  readonly pain: string;
  readonly finder: Finder;
  /** From the root. `from` is in it once. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
};

export declare const FAULTS: Readonly<Record<string, Fault>>;

/** An esbuild plugin that builds a fault in. Throws when the sources have moved on and the edit no longer fits. */
export declare function withFault(root: string, name: string, faults?: Readonly<Record<string, Fault>>): Plugin;
