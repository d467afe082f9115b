// What answers the page: the local server, or Python in a worker where there is no server.

const PATIENCE = 20000; // milliseconds
const START = 120000; // the first answer of the worker waits for Python

class Server {
  constructor() {
    this.token = new URLSearchParams(location.search).get("token") ?? "";
    this.local = true;
  }

  async ask(request) {
    const answer = await fetch("answer", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Unetkit-Token": this.token },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.refused ?? `status ${answer.status}`);
    return content;
  }
}

/** Pyodide; a worker that does not answer in time is replaced by a new one. */
class Pyodide {
  constructor(script, progress) {
    this.script = script;
    this.progress = progress;
    this.local = false;
    this.last = 0;
    this.start();
  }

  start() {
    this.ready = false;
    this.waiting = new Map();
    this.worker = new Worker(this.script, { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.take(data));
    this.worker.addEventListener("error", (event) => this.fail(event.message || "Python did not start"));
  }

  take(data) {
    if (data.status) this.progress(data.status, data.progress);
    if (data.ready) this.ready = true;
    const waiting = this.waiting.get(data.id);
    if (!waiting) return;
    this.waiting.delete(data.id);
    if ("failed" in data) waiting.reject(new Error(data.failed));
    else waiting.resolve(data.answer);
  }

  fail(reason) {
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }

  ask(request) {
    const id = (this.last += 1);
    return new Promise((resolve, reject) => {
      const late = () => {
        this.worker.terminate();
        this.fail("no answer in time");
        this.start();
      };
      const timer = setTimeout(late, this.ready ? PATIENCE : START);
      const settled = (settle) => (value) => {
        clearTimeout(timer);
        settle(value);
      };
      this.waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.worker.postMessage({ id, body: request });
    });
  }
}

/** The engine that `engine.json` beside the page names; `progress(words, share)` is called while it starts. */
export async function engine(progress) {
  const found = await (await fetch("engine.json")).json();
  return found.engine === "local" ? new Server() : new Pyodide(found.worker, progress);
}
