import type { BuildOptions } from "esbuild";

/** The repository's folder. */
export declare const root: string;

/** Bundles a TypeScript program of this repository, as it is or with a fault built in; the URL of what comes out, which is there until this process ends. Others `beside` it go into its folder. */
export declare function bundle(entry: string, options?: BuildOptions & { readonly fault?: string | undefined; readonly beside?: readonly string[] }): Promise<URL>;

/** What is asked to break, `--break seq` or `--break=seq`, and the arguments without it. Ends the process when there is no such fault. */
export declare function faultIn(args: readonly string[], more?: readonly string[]): { readonly fault: string | undefined; readonly rest: readonly string[] };
