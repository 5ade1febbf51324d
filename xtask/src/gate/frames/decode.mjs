import { createInterface } from "node:readline";

const from = (file) => import(`${process.env.HALLWAY_CLIENT}/${file}`);
const { Inbox } = await from("connection/inbox.js");
const { length } = await from("framing/length.js");
const { BadFrame } = await from("framing/framing.js");

// What is there afterwards and not yet taken back is at least what was there at once.
function grown(act) {
  globalThis.gc();
  const used = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  act();
  return Math.max(0, used() - before);
}

function announce(size) {
  const bytes = Buffer.alloc(5, "{");
  bytes.writeUInt32BE(size);
  const valid = size > 0 && size <= 2 ** 28;
  const inbox = new Inbox(length);
  try {
    inbox.receive(bytes, () => undefined);
    if (!valid) throw new Error(`a length of ${size} is taken`);
  } catch (error) {
    if (valid || !(error instanceof BadFrame)) throw error;
  }
  return inbox;
}

function receive(frame) {
  const inbox = new Inbox(length);
  for (let at = 0; at < frame.length; at += 65536) {
    inbox.receive(frame.subarray(at, at + 65536), (message) => {
      if (message.kind !== "call" || message.id !== 7) throw new Error("another message");
      try {
        message.params?.read();
      } catch (error) {
        if (error.name !== "Unreadable") throw error;
      }
    });
  }
}

const limit = 2 ** 24 - 1;
const lengths = [0, 1, limit - 1, limit, limit + 1, 2 ** 28, 2 ** 28 + 1, 2 ** 31, 2 ** 32 - 1];
// The mean of many that are all there at once: the engine takes memory of its own now and then, 256 KiB at a time.
const MANY = 100;
const mean = (size) => {
  const inboxes = Array(MANY);
  const all = grown(() => {
    for (let i = 0; i < MANY; i += 1) inboxes[i] = announce(size);
  });
  return Math.round(all / inboxes.length);
};
console.log(Math.max(...lengths.map(mean)));
for await (const line of createInterface({ input: process.stdin })) {
  const frame = length.frame(line);
  console.log(grown(() => receive(frame)));
}
