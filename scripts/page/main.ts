import { startPage, type Page } from "./server.js";

/** What Node says of an address that it can't listen to. */
const HOST_CODES = new Set(["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EINVAL", "EAFNOSUPPORT"]);

/** Serves the page until Ctrl-C. `root`: the repository's folder. */
export async function main(root: string): Promise<void> {
  const port = Number(given("PORT") ?? 3000);
  const host = given("HOST");
  if (!Number.isInteger(port) || port < 0 || port > 65_535) stop(`PORT must be a number from 0 to 65535, not "${process.env.PORT ?? ""}".`, 2);

  let page: Page;
  try {
    page = await startPage({ root, port, company: 7, ...(host !== undefined && { host }) });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") stop(`Port ${port} is taken. Another one: PORT=${port + 1} npm start`, 1);
    if (code === "EACCES") stop(`Port ${port} needs more rights than you have. Another one: PORT=3000 npm start`, 1);
    if (HOST_CODES.has(code ?? "")) stop(`HOST=${host ?? ""} is no address of this machine. All of them: HOST=0.0.0.0 npm start`, 1);
    throw error;
  }
  console.log(`headcount: ${page.url}\n\nOpen it in two tabs and in another browser. Some bots keep you company.`);
  console.log(host === undefined ? "For a phone in the same network: HOST=0.0.0.0 npm start. Ctrl-C ends." : `Served on ${host}: whoever reaches this machine may come. Ctrl-C ends.`);

  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // Once more: at once.
      if (ending) process.exit(130);
      ending = true;
      console.log("\nSending everybody away; pages that stay open come back when there is a server again.");
      void page.drain().then(() => process.exit(0));
    });
  }
}

/** A variable of the environment; one that is set to nothing is not set. */
function given(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === "" ? undefined : value;
}

function stop(message: string, code: number): never {
  console.error(message);
  process.exit(code);
}
