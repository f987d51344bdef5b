// Node's own http with a keep-alive agent and 64 requests in flight: node node_http.mjs PORT MESSAGES BYTES [SIGNED]
// SIGNED: each as Standard Webhooks asks, as ours are.
import crypto from "node:crypto";
import http from "node:http";

const [port, messages, bytes] = process.argv.slice(2).map(Number);
const key = process.argv[5] && Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
const signature = (id, at, body) => {
  const mac = crypto.createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": `v1,${mac}` };
};
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
let left = messages;
let next = 0;
const send = () => {
  if (next >= messages) return;
  const body = JSON.stringify({ type: "report", number: next++, pad: "x".repeat(bytes - 50) });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  if (key) Object.assign(headers, signature(`msg_${next}`, Math.floor(Date.now() / 1000), body));
  const request = http.request(
    { host: "127.0.0.1", port, agent, method: "POST", path: "/hook", headers },
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
