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
  try {
    new Inbox(length).receive(bytes, () => undefined);
    if (!valid) throw new Error(`a length of ${size} is taken`);
  } catch (error) {
    if (valid || !(error instanceof BadFrame)) throw error;
  }
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
// Of several times the least: the engine takes memory of its own now and then.
const least = (size) => Math.min(...Array.from({ length: 10 }, () => grown(() => announce(size))));
console.log(Math.max(...lengths.map(least)));
for await (const line of createInterface({ input: process.stdin })) {
  const frame = length.frame(line);
  console.log(grown(() => receive(frame)));
}
