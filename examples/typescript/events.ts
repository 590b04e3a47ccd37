// Which messages go which way, for server.ts and client.ts. Event maps cost nothing at run time, and
// nobody checks there what a peer really sends.

export interface ToServer {
  'file.size': { name: string; bytes: number };
  finish: void;
}

export interface ToClient {
  'file.noted': { name: string };
  total: { files: number; bytes: number };
}
