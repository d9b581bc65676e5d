import { userInfo } from "node:os";
import { isLoopback } from "../serve/guard.js";

/**
 * @param url of a server on this machine
 * @returns how to reach it from the machine that an SSH session comes from; undefined without such a session, or where the server
 * can be reached by its address anyway
 */
export function tunnelHint(url: string, env: NodeJS.ProcessEnv): string | undefined {
  // "CLIENT_ADDRESS CLIENT_PORT SERVER_ADDRESS SERVER_PORT", set by sshd.
  const [, , host, sshPort] = env.SSH_CONNECTION?.split(" ") ?? [];
  const { hostname, port } = new URL(url);
  if (host === undefined || !isLoopback(hostname.replace(/^\[|\]$/g, ""))) return undefined;
  const other = sshPort === undefined || sshPort === "22" ? "" : `-p ${sshPort} `;
  return `From the machine at the other end of this SSH session: ssh ${other}-L ${port}:${hostname}:${port} ${userInfo().username}@${host}, then open ${url}`;
}
