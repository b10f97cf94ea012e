const NAMES = ["Ada", "Barbara", "Donald", "Edsger", "Frances", "Grace", "Leslie", "Tony"];

/** Who this browser is; `?user=Bob` is somebody else. A real app has its session for this. */
export const me = new URLSearchParams(location.search).get("user")
  ?? (localStorage.user ??= `${NAMES[Math.floor(Math.random() * NAMES.length)]} ${Math.floor(Math.random() * 90) + 10}`);
