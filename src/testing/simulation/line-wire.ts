import type { Wire } from "../../ports.js";
import type { Line } from "./line.js";

/** The server's way out to lines that it keeps itself. `close`: its own end of one; `ready`: a line takes more again; `open`: it has not gone yet. */
export function createLineWire(encode: (messages: Parameters<Wire<Line>["send"]>[1]) => string, { close, ready, open }: Pick<Wire<Line>, "close" | "open"> & { readonly ready: (line: Line) => void }): Wire<Line> {
  const owed = new WeakSet<Line>();
  return {
    close, open,
    send(lines, messages) {
      const text = encode(messages);
      const refused: Line[] = [];
      for (const line of lines) {
        if (line.takes()) line.send("client", text);
        else {
          refused.push(line);
          if (owed.has(line)) continue;
          owed.add(line);
          line.whenReady(() => {
            owed.delete(line);
            ready(line);
          });
        }
      }
      return refused;
    },
  };
}
