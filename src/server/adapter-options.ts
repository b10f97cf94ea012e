/** What an option of an adapter must be, by `typeof`; "any" is checked elsewhere. */
export type OptionTypes = Readonly<Record<string, "function" | "boolean" | "string" | "any">>;

/** @throws TypeError naming the option of `adapter` that nobody knows, or that is something else than it must be. */
export function checkOptions(adapter: string, options: object, types: OptionTypes): void {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (!type) throw new TypeError(`${adapter}: there is no option "${name}", only ${Object.keys(types).join(", ")}.`);
    if (type !== "any" && value !== undefined && typeof value !== type) throw new TypeError(`${adapter}: option "${name}" must be a ${type}.`);
  }
}
