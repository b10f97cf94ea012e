import { PresenceProvider, usePresence } from "headcount/react";

/** The same on the server and in the page. `initial` is what the server knew when it drew: until the page is live, that is what it shows. */
export function App({ client, initial }) {
  return <PresenceProvider client={client}><Page initial={initial} /></PresenceProvider>;
}

function Page({ initial }) {
  const { users, userCount, status, self } = usePresence("page", { initial });
  return (
    <main className={status}>
      <h1>{userCount === undefined ? "…" : `${userCount} here`}</h1>
      <ul>{users?.map(({ id }) => <li key={id}>{id}{id === self?.user && " (you)"}</li>)}</ul>
    </main>
  );
}
