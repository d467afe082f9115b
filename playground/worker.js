// Answers the page with Python in the browser: the same function as the server's.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const tell = (status, progress) => postMessage({ status, progress });

async function started() {
  tell("Starting Python", 0.1);
  const archive = fetch("app.zip").then((response) => response.arrayBuffer());
  const python = await loadPyodide({ indexURL: new URL("pyodide/", self.location.href).href });
  tell("Loading unetkit", 0.6);
  python.unpackArchive(await archive, "zip", { extractDir: "/app" });
  const answer = python.runPython(`
import sys
sys.path.insert(0, "/app")
import json
from unetkit.play import answer

def replied(text):
    return json.dumps(answer(json.loads(text)))

replied
`);
  postMessage({ ready: true });
  return answer;
}

const engine = started();
engine.catch((error) => tell(String(error), 1));

addEventListener("message", async ({ data: { id, body } }) => {
  try {
    postMessage({ id, answer: JSON.parse((await engine)(JSON.stringify(body))) });
  } catch (error) {
    postMessage({ id, failed: String(error) });
  }
});
