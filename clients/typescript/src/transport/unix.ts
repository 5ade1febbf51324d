/**
 * Connecting to a Unix socket whose owner is known before a byte is sent.
 *
 * Node cannot ask the system who answers (`SO_PEERCRED`). So the question is asked of the file system instead, before
 * connecting: the socket's file has to be ours, in a directory that only we can write to, looked at and connected to
 * through one descriptor of that directory. Nobody else can then have put it there or change it in between.
 */

import { lstatSync } from "node:fs";
import { connect, type Socket } from "node:net";

import { ReachError } from "../errors.js";
import { euid } from "../lifecycle/env.js";
import { errno, type OpenDir } from "../lifecycle/open_dir.js";

/** What an attempt to connect led to, where that is not an error of its own. */
export type Attempt =
  | { kind: "connected"; socket: Socket }
  /** Nobody serves: there is no socket, or its daemon has died. */
  | { kind: "absent" }
  /** The daemon's queue is full. */
  | { kind: "full" };

/** Connects to a socket in a directory that is ours alone. Throws with the code `foreign`, or the system's error. */
export async function connectIn(dir: OpenDir, name: string, foreign: string): Promise<Attempt> {
  const path = dir.pathOf(name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return { kind: "absent" };
  if (!found.isSocket() || found.uid !== euid()) {
    const whose = found.isSocket() ? `uid ${found.uid}` : "something that is no socket";
    throw new ReachError(foreign, `${dir.path}/${name} is served by ${whose}, not by uid ${euid()}: nothing was sent`);
  }
  try {
    return { kind: "connected", socket: await connected(connect({ path })) };
  } catch (error) {
    if (["ENOENT", "ECONNREFUSED"].includes(errno(error))) return { kind: "absent" };
    if (errno(error) === "EAGAIN") return { kind: "full" };
    throw error;
  }
}

/** Waits until a socket is connected. */
export async function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
