// The commands of a MongoDB server, over collections in memory.
import { Long } from "bson";
import { Collection, Refusal } from "./collection.js";
import { matcher, transformed } from "./query.js";

const FIRST_BATCH = 101;
const collectionsOf = (databases, name) => databases.get(name) ?? databases.set(name, new Map()).get(name);

export class Commands {
  constructor(databases = new Map()) {
    Object.assign(this, { databases, cursors: new Map(), lastCursor: 0 });
  }

  // The answer to one command; a Refusal tells what is wrong.
  run(command) {
    const name = Object.keys(command)[0];
    if (!Object.hasOwn(COMMANDS, name)) throw new Refusal(59, "CommandNotFound", `no such command: '${name}'`);
    return COMMANDS[name].call(this, command, collectionsOf(this.databases, command.$db));
  }

  cursor(command, collection, documents) {
    const wanted = command.batchSize ?? command.cursor?.batchSize ?? FIRST_BATCH;
    const ns = `${command.$db}.${collection}`;
    const firstBatch = documents.splice(0, wanted);
    const id = documents.length && !command.singleBatch ? ++this.lastCursor : 0;
    if (id) this.cursors.set(id, { documents, ns });
    return { cursor: { id: Long.fromNumber(id), ns, firstBatch } };
  }
}

const existing = (collections, name) => collections.get(name) ?? new Collection(name);
const made = (collections, name) => collections.get(name) ?? collections.set(name, new Collection(name)).get(name);
const resolver = (collections) => (name) => existing(collections, name).all();

// Statements one after the other; what one of them breaks is told by its place.
function each(command, statements, work) {
  const writeErrors = [];
  for (const [index, statement] of statements.entries()) {
    try {
      work(statement, index);
    } catch (error) {
      writeErrors.push({ index, code: error.code ?? 9, errmsg: error.message, ...error.extra });
      if (command.ordered !== false) break;
    }
  }
  return writeErrors.length ? { writeErrors } : {};
}

// Documents in an order, from a place, so many, with some of their fields.
function shaped(documents, { sort, skip, limit, projection }, collections) {
  const pipeline = [];
  if (sort && Object.keys(sort).length) pipeline.push({ $sort: sort });
  if (skip) pipeline.push({ $skip: skip });
  if (limit) pipeline.push({ $limit: Math.abs(limit) });
  if (projection && Object.keys(projection).length) pipeline.push({ $project: projection });
  return pipeline.length ? transformed(documents, pipeline, resolver(collections)) : documents;
}

const COMMANDS = {
  ping: () => ({}),
  buildInfo: () => ({ version: "7.0.0", versionArray: [7, 0, 0, 0], maxBsonObjectSize: 2 ** 24 }),
  buildinfo: () => COMMANDS.buildInfo(),
  endSessions: () => ({}),
  listDatabases() {
    const filled = [...this.databases].filter(([, collections]) => collections.size);
    return { databases: filled.map(([name]) => ({ name, sizeOnDisk: 1, empty: false })), totalSize: filled.length };
  },
  dropDatabase(command) {
    this.databases.delete(command.$db);
    return { dropped: command.$db };
  },
  create: (command, collections) => (made(collections, command.create), {}),
  drop(command, collections) {
    if (!collections.delete(command.drop)) throw new Refusal(26, "NamespaceNotFound", "ns not found");
    return {};
  },
  listCollections(command, collections) {
    const all = [...collections.keys()].map((name) => ({ name, type: "collection", options: {}, info: { readOnly: false } }));
    return this.cursor(command, "$cmd.listCollections", all.filter(matcher(command.filter ?? {})));
  },
  listIndexes(command, collections) {
    const name = command.listIndexes;
    if (!collections.has(name)) throw new Refusal(26, "NamespaceNotFound", `ns does not exist: ${command.$db}.${name}`);
    return this.cursor(command, name, [...collections.get(name).indexes]);
  },
  createIndexes(command, collections) {
    const collection = made(collections, command.createIndexes), before = collection.indexes.length;
    command.indexes.forEach((index) => collection.addIndex(index));
    return { numIndexesBefore: before, numIndexesAfter: collection.indexes.length };
  },
  insert(command, collections) {
    const collection = made(collections, command.insert);
    let n = 0;
    const errors = each(command, command.documents, (document) => (collection.insert(document), (n += 1)));
    return { n, ...errors };
  },
  update(command, collections) {
    const collection = made(collections, command.update), upserted = [];
    let n = 0, nModified = 0;
    const errors = each(command, command.updates, (statement, index) => {
      const done = collection.update(statement);
      n += done.n;
      nModified += done.changed;
      if (done.upserted !== undefined) upserted.push({ index, _id: done.upserted });
    });
    return { n, nModified, ...(upserted.length ? { upserted } : {}), ...errors };
  },
  delete(command, collections) {
    const collection = existing(collections, command.delete);
    let n = 0;
    const errors = each(command, command.deletes, ({ q, limit }) => {
      n += collection.remove(collection.matching(q).slice(0, limit || undefined));
    });
    return { n, ...errors };
  },
  findAndModify(command, collections) {
    const collection = made(collections, command.findAndModify ?? command.findandmodify);
    const found = shaped(collection.matching(command.query), { sort: command.sort }, collections).slice(0, 1);
    const shown = (document) => (document ? shaped([document], { projection: command.fields }, collections)[0] : null);
    if (command.remove)
      return { value: shown(found[0]), lastErrorObject: { n: collection.remove(found) } };
    const statement = { q: command.query, u: command.update, upsert: command.upsert };
    const done = collection.update(statement, found);
    const told = { n: done.n, updatedExisting: Boolean(found.length) };
    if (done.upserted !== undefined) told.upserted = done.upserted;
    const same = done.after ?? done.before;
    return { value: shown(command.new ? same : done.before), lastErrorObject: told };
  },
  find(command, collections) {
    const found = existing(collections, command.find).matching(command.filter);
    return this.cursor(command, command.find, [...shaped(found, command, collections)]);
  },
  count(command, collections) {
    const found = existing(collections, command.count).matching(command.query);
    return { n: shaped(found, command, collections).length };
  },
  distinct(command, collections) {
    const path = `$${command.key}`, found = existing(collections, command.distinct).matching(command.query);
    const stages = [{ $project: { _id: 0, value: path } }, { $unwind: "$value" }, { $group: { _id: "$value" } }];
    return { values: transformed(found, stages).map((one) => one._id) };
  },
  aggregate(command, collections) {
    const name = command.aggregate;
    const documents = transformed(existing(collections, name).all(), command.pipeline, resolver(collections));
    return this.cursor(command, name, documents);
  },
  getMore(command) {
    const kept = this.cursors.get(Number(command.getMore));
    if (!kept) throw new Refusal(43, "CursorNotFound", `cursor id ${command.getMore} not found`);
    const nextBatch = kept.documents.splice(0, command.batchSize ?? kept.documents.length);
    if (!kept.documents.length) this.cursors.delete(Number(command.getMore));
    return { cursor: { id: Long.fromNumber(kept.documents.length ? Number(command.getMore) : 0), ns: kept.ns, nextBatch } };
  },
  killCursors(command) {
    command.cursors.forEach((id) => this.cursors.delete(Number(id)));
    return { cursorsKilled: command.cursors };
  },
};
COMMANDS.findandmodify = COMMANDS.findAndModify;
