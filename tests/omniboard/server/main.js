// A MongoDB server for tests: real drivers talk to it over a socket, and its documents are in memory.
//
//   node main.js [--port 27017] [--user name:password] [--reader name:password] [--keep FILE]
//
// With a user, clients must log in; a reader may not write. With --keep, SIGTERM writes all documents to the
// file, from which the next start takes them. It prints "ready <port>".
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { deserialize, serialize } from "bson";
import { Collection, Refusal } from "./collection.js";
import { Commands } from "./commands.js";
import { Login } from "./scram.js";
import { readRequests, reply, withLongs } from "./wire.js";

const text = { type: "string" };
const options = { port: { ...text, default: "0" }, user: text, reader: text, keep: text };
const { values: given } = parseArgs({ options });
const users = new Map();
for (const kind of ["user", "reader"]) {
  const [name, ...password] = (given[kind] ?? "").split(":");
  if (name) users.set(name, { password: password.join(":"), reader: kind === "reader" });
}

const GREETINGS = ["hello", "isMaster", "ismaster"];
const OPEN = [...GREETINGS, "saslStart", "saslContinue", "ping", "buildInfo", "buildinfo", "endSessions"];
const WRITES = ["insert", "update", "delete", "findAndModify", "findandmodify", "create", "createIndexes", "drop", "dropDatabase"];
const commands = new Commands(load(given.keep));
let connections = 0;

function greeting(command, connectionId) {
  const asked = command.saslSupportedMechs;
  return {
    ismaster: true, isWritablePrimary: true, helloOk: true, readOnly: false, connectionId,
    maxBsonObjectSize: 2 ** 24, maxMessageSizeBytes: 48000000, maxWriteBatchSize: 100000,
    localTime: new Date(), logicalSessionTimeoutMinutes: 30, minWireVersion: 0, maxWireVersion: 21,
    ...(asked ? { saslSupportedMechs: ["SCRAM-SHA-256"] } : {}),
  };
}

function answer(command, connection) {
  const name = Object.keys(command)[0];
  if (GREETINGS.includes(name)) return greeting(command, connection.id);
  if (name === "saslStart") {
    if (command.mechanism !== "SCRAM-SHA-256") throw new Refusal(334, "MechanismUnavailable", "SCRAM-SHA-256 alone");
    connection.login = new Login(users);
    return { conversationId: 1, done: false, payload: connection.login.start(command.payload.buffer) };
  }
  if (name === "saslContinue") return continued(command, connection);
  const who = connection.login?.user;
  if (users.size && !who && !OPEN.includes(name))
    throw new Refusal(13, "Unauthorized", `command ${name} requires authentication`);
  if (who?.reader && WRITES.includes(name))
    throw new Refusal(13, "Unauthorized", `not authorized on ${command.$db} to execute command ${name}`);
  return commands.run(command);
}

function continued(command, connection) {
  if (connection.login.user) return { conversationId: 1, done: true, payload: command.payload };
  const proof = connection.login.finish(command.payload.buffer);
  if (!proof) throw new Refusal(18, "AuthenticationFailed", "Authentication failed.");
  return { conversationId: 1, done: false, payload: proof };
}

const server = createServer({ noDelay: true }, (socket) => {
  const connection = { id: ++connections };
  socket.on("error", () => socket.destroy());
  readRequests(socket, (request) => {
    let told;
    try {
      told = { ...answer(request.command, connection), ok: 1 };
    } catch (error) {
      const { code = 2, codeName = "BadValue", message, extra = {} } = error;
      if (!(error instanceof Refusal)) console.error(error.stack);
      told = { ok: 0, errmsg: message, code, codeName, ...extra };
    }
    if (!request.silent) socket.write(reply(request, told));
  });
});
server.listen(Number(given.port), "127.0.0.1", () => console.log(`ready ${server.address().port}`));
process.on("SIGTERM", () => {
  if (given.keep) writeFileSync(given.keep, kept(commands.databases));
  process.exit(0);
});

// All documents as BSON, one after the other: {database, collection, indexes}, then its documents.
function kept(databases) {
  const pieces = [];
  for (const [database, collections] of databases)
    for (const [collection, { indexes, byId }] of collections) {
      pieces.push(serialize({ $: { database, collection, indexes } }));
      for (const document of byId.values()) pieces.push(serialize(withLongs(document)));
    }
  return Buffer.concat(pieces);
}

function load(file) {
  const databases = new Map(), content = file && existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  let collection = null;
  for (let at = 0; at < content.length; at += content.readInt32LE(at)) {
    const document = deserialize(content.subarray(at, at + content.readInt32LE(at)));
    if (!document.$) collection.insert(document);
    else {
      const { database, collection: name, indexes } = document.$;
      if (!databases.has(database)) databases.set(database, new Map());
      collection = new Collection(name);
      collection.indexes = indexes;
      databases.get(database).set(name, collection);
    }
  }
  return databases;
}
