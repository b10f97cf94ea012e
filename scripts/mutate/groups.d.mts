export type Group = {
  readonly name: string;
  readonly mark: number;
  readonly mutate: readonly string[];
  readonly tests: readonly string[];
  readonly isolate: boolean;
};

export const GROUPS: readonly Group[];
