/** Addresses of those that are not found by a name: `unix:/path` and `tcp:127.0.0.1:PORT`. */

import { constants, openSync } from "node:fs";
import { connect, isIP, type Socket } from "node:net";
import { basename, dirname, isAbsolute } from "node:path";

import { ReachError } from "../errors.js";
import { euid } from "../lifecycle/env.js";
import { OpenDir } from "../lifecycle/open_dir.js";
import { connected, connectIn } from "./unix.js";

/** How a server at an address is reached; `undefined`: the text is none, but may be an instance's name. */
export function toAddress(text: string): (() => Promise<Socket>) | undefined {
  if (text.startsWith("unix:")) return unix(text);
  if (text.startsWith("tcp:")) return tcp(text);
  if (/[:/]/.test(text)) throw badAddress(text);
  return undefined;
}

function unix(address: string): () => Promise<Socket> {
  const path = address.slice("unix:".length);
  if (!isAbsolute(path) || path.endsWith("/")) throw badAddress(address);
  return async () => {
    try {
      const attempt = await throughDirectory(path);
      if (attempt.kind === "connected") return attempt.socket;
      throw unreachable(address, attempt.kind === "full" ? "its queue is full" : "nobody answers there");
    } catch (error) {
      throw error instanceof ReachError ? error : unreachable(address, String(error));
    }
  };
}

async function throughDirectory(path: string): ReturnType<typeof connectIn> {
  const dir = new OpenDir(dirname(path), openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY));
  try {
    const { uid, mode } = dir.stat;
    if (uid !== euid() || mode & 0o022) {
      const rule = "others can put sockets into its directory, so that it is not known who answers";
      throw new ReachError("foreign_peer", `${path}: ${rule}; nothing was sent`);
    }
    return await connectIn(dir, basename(path), "foreign_peer");
  } finally {
    dir.close();
  }
}

function tcp(address: string): () => Promise<Socket> {
  const [, bracketed, plain, digits] = /^tcp:(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  if (isIP(host) === 0 || port < 1 || port > 65_535) throw badAddress(address);
  if (!/^127\./.test(host) && host !== "::1") {
    const message = `${address} can be reached from other machines; use a loopback address`;
    throw new ReachError("not_loopback", message);
  }
  return async () => {
    try {
      const socket = await connected(connect({ host, port }));
      // Small messages are answered at once.
      return socket.setNoDelay(true);
    } catch (error) {
      throw unreachable(address, String(error));
    }
  };
}

function badAddress(text: string): ReachError {
  const instead = "write `unix:/path`, `tcp:127.0.0.1:PORT`, or an instance's name";
  const message = `${JSON.stringify(text)} is no address; ${instead}`;
  return new ReachError("bad_address", message);
}

function unreachable(address: string, reason: string): ReachError {
  return new ReachError("unreachable", `${address}: ${reason}; start the daemon`);
}
