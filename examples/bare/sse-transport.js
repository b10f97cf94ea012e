// A `Transport` of headcount over server-sent events and POST, for browsers and for Node.

/** `address` of the server, with the user in its query. */
export function sseTransport(address) {
  let listener;
  let link;
  let abort;
  /** Requests may overtake each other; messages must not. */
  let sending = Promise.resolve();
  let timer;

  async function open() {
    const mine = abort = new AbortController();
    try {
      const { body } = await fetch(new URL("/events" + new URL(address).search, address), { signal: mine.signal });
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let chunk; !(chunk = await reader.read()).done;) {
        const events = (text + chunk.value).split("\n\n");
        text = events.pop();
        for (const event of events) hear(event, mine);
      }
    } catch {
      // The line is gone, or `close` wanted it to be: what follows is the same.
    }
    if (mine !== abort) return;
    const was = link;
    link = undefined;
    if (was) listener.down("closed", true);
    timer = setTimeout(open, 300 + Math.random() * 700);
  }

  function hear(event, mine) {
    if (mine !== abort) return;
    const data = JSON.parse(/^data: (.*)$/m.exec(event)[1]);
    if (event.startsWith("event: open")) {
      link = data;
      listener.up();
    } else for (const message of data) if (mine === abort) listener.message(message);
  }

  function close() {
    const was = abort;
    abort = link = undefined;
    clearTimeout(timer);
    was?.abort();
  }

  return {
    get up() { return link !== undefined; },
    send(message) {
      const to = link;
      if (to === undefined) return;
      sending = sending
        .then(() => fetch(new URL(`/messages?link=${to}`, address), { method: "POST", body: JSON.stringify(message), keepalive: true }))
        // The stream says when the line is gone.
        .catch(() => undefined);
    },
    probe() {
      if (!link) return;
      close();
      listener.down("doubted", true);
      open();
    },
    listen(heard) {
      listener = heard;
      open();
      return close;
    },
  };
}
