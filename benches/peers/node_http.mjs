// Node's own http with a keep-alive agent and 64 requests in flight: node node_http.mjs PORT MESSAGES BYTES
import http from "node:http";

const [port, messages, bytes] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
let left = messages;
let next = 0;
const send = () => {
  if (next >= messages) return;
  const body = JSON.stringify({ type: "report", number: next++, pad: "x".repeat(bytes - 50) });
  const request = http.request(
    {
      host: "127.0.0.1", port, agent, method: "POST", path: "/hook",
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    },
    (response) => {
      if (response.statusCode !== 200) throw new Error(String(response.statusCode));
      response.resume();
      response.on("end", () => {
        if (--left === 0) agent.destroy();
        else send();
      });
    },
  );
  request.end(body);
};
for (let i = 0; i < 64; i++) send();
