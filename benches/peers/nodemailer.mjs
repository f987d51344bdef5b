// nodemailer's pool as its documentation shows it: 16 connections, each kept for all its messages.
// node nodemailer.mjs PORT MESSAGES BYTES; nodemailer is looked up in NODEMAILER, a node_modules folder.
import { createRequire } from "node:module";
import { join } from "node:path";

const [port, messages, bytes] = process.argv.slice(2).map(Number);
const nodemailer = createRequire(join(process.env.NODEMAILER, "x.js"))("nodemailer");
const transport = nodemailer.createTransport({
  pool: true, host: "127.0.0.1", port, secure: false, ignoreTLS: true,
  maxConnections: 16, maxMessages: Infinity,
});
const line = "Ana Lima, Casa Verde: 3 follow-ups today, one of them overdue.\n";
const text = line.repeat(Math.floor((bytes - 400) / line.length));
let left = messages;
let next = 0;
const send = () => {
  if (next >= messages) return;
  const number = next++;
  transport.sendMail(
    { from: "Shop <shop@example.com>", to: `c${number}@example.com`, subject: `Weekly report ${number}`, text },
    (error) => {
      if (error) throw error;
      if (--left === 0) transport.close();
      else send();
    },
  );
};
for (let i = 0; i < 64; i++) send();
