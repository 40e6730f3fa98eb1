// MongoDB's wire protocol: bytes in, requests out, replies as bytes again.
import { deserialize, serialize, Long } from "bson";

const OP_REPLY = 1, OP_QUERY = 2004, OP_MSG = 2013;
const CHECKSUM = 1, MORE_TO_COME = 2;

// Calls onRequest(request) for every whole message that arrives on the socket.
export function readRequests(socket, onRequest) {
  let kept = Buffer.alloc(0);
  socket.on("data", (piece) => {
    kept = kept.length ? Buffer.concat([kept, piece]) : piece;
    while (kept.length >= 4 && kept.length >= kept.readInt32LE(0)) {
      const length = kept.readInt32LE(0);
      onRequest(parsed(kept.subarray(0, length)));
      kept = kept.subarray(length);
    }
  });
}

function parsed(message) {
  const id = message.readInt32LE(4), kind = message.readInt32LE(12);
  if (kind === OP_QUERY) return { id, kind, ...oldQuery(message) };
  if (kind !== OP_MSG) throw new Error(`message of kind ${kind}`);
  const flags = message.readUInt32LE(16);
  const end = message.length - (flags & CHECKSUM ? 4 : 0);
  return { id, kind, silent: Boolean(flags & MORE_TO_COME), command: sections(message, 20, end) };
}

// OP_QUERY is left for greetings and for logging in, by drivers that do not know the server yet.
function oldQuery(message) {
  const end = message.indexOf(0, 20);
  const command = document(message.subarray(end + 9));
  return { command: { ...command, $db: message.toString("utf8", 20, end).split(".")[0] } };
}

// One body, and sequences of documents that belong into fields of it.
function sections(message, at, end) {
  let command = {};
  const sequences = {};
  while (at < end) {
    const kind = message[at], size = message.readInt32LE(at + 1);
    if (kind === 0) command = document(message.subarray(at + 1, at + 1 + size));
    else {
      const name = message.toString("utf8", at + 5, message.indexOf(0, at + 5));
      sequences[name] = documents(message, at + 6 + name.length, at + 1 + size);
    }
    at += 1 + size;
  }
  return { ...command, ...sequences };
}

function documents(message, at, end) {
  const found = [];
  while (at < end) {
    const size = message.readInt32LE(at);
    found.push(document(message.subarray(at, at + size)));
    at += size;
  }
  return found;
}

const document = (bytes) => deserialize(bytes, { promoteBuffers: false });

export function reply(request, answer) {
  const body = serialize(withLongs(answer), { ignoreUndefined: false });
  const old = request.kind === OP_QUERY;
  const head = Buffer.alloc(old ? 36 : 21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(request.id, 8);
  head.writeInt32LE(old ? OP_REPLY : OP_MSG, 12);
  if (old) head.writeInt32LE(8, 16), head.writeInt32LE(1, 32);
  return Buffer.concat([head, body]);
}

// JavaScript has one kind of number: whole ones beyond 32 bits go out as int64, not as double.
export function withLongs(value) {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && Math.abs(value) > 0x7fffffff ? Long.fromNumber(value) : value;
  if (Array.isArray(value)) return value.map(withLongs);
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withLongs(item)]));
}
