export type Group = {
  readonly name: string;
  readonly mark: number;
  readonly mutate: readonly string[];
  readonly tests: readonly string[];
};

export const GROUPS: readonly Group[];
export const ALONE: readonly string[];
