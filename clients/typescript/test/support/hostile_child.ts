/** Acts a case out in a process of its own, and writes by how many bytes that has grown at most. */

import { readFileSync } from "node:fs";

import type { Members } from "./cases.js";
import { actOut } from "./hostile.js";

const [, , socket = ""] = process.argv;
const members = JSON.parse(readFileSync(0, "utf8")) as Members;
const before = peak();
await actOut(socket, members);
console.log(peak() - before);

/** The most memory that the process has had so far, as the system counts it, in bytes. */
function peak(): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}
