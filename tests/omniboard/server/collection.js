// Documents in memory, by _id.
import { EJSON, ObjectId, calculateObjectSize } from "bson";
import { cloned, first, matcher } from "./query.js";
import { applied, isReplacement, resolved, seed } from "./update.js";

const LARGEST = 16 * 1024 * 1024;

export class Refusal extends Error {
  constructor(code, codeName, message, extra = {}) {
    super(message);
    Object.assign(this, { code, codeName, extra });
  }
}

const key = (id) => (typeof id === "number" || typeof id === "string" ? id : EJSON.stringify({ id }));

export class Collection {
  constructor(name) {
    Object.assign(this, { name, byId: new Map(), indexes: [{ v: 2, key: { _id: 1 }, name: "_id_" }] });
  }

  all() {
    return [...this.byId.values()];
  }

  // The documents that a filter lets through; a filter on _id alone looks at one.
  matching(filter = {}) {
    const id = filter._id;
    const plain = id !== undefined && id !== null && (typeof id !== "object" || id instanceof ObjectId);
    const candidates = plain ? [this.byId.get(key(id))].filter(Boolean) : this.all();
    return candidates.filter(matcher(filter));
  }

  insert(document) {
    const whole = "_id" in document ? document : { _id: new ObjectId(), ...document };
    if (this.byId.has(key(whole._id))) throw duplicate(this.name, { _id: 1 }, whole);
    this.#store(whole);
    return whole;
  }

  #store(document) {
    if (calculateObjectSize(document) > LARGEST)
      throw new Refusal(10334, "BSONObjectTooLarge", "BSONObj size is over the limit of 16777216");
    for (const index of this.indexes.filter((one) => one.unique)) {
      const wanted = Object.fromEntries(Object.keys(index.key).map((path) => [path, first(document, path) ?? null]));
      const others = this.matching(wanted).filter((one) => key(one._id) !== key(document._id));
      if (others.length) throw duplicate(this.name, index.key, document);
    }
    this.byId.set(key(document._id), document);
  }

  // One statement of an update: how many matched and changed, and what was there before and after.
  update({ q: filter = {}, u: change, multi = false, upsert = false, arrayFilters }, found = this.matching(filter)) {
    if (arrayFilters) throw new Refusal(2, "BadValue", "this server knows no arrayFilters");
    const targets = multi ? found : found.slice(0, 1);
    if (!targets.length && upsert) {
      const made = this.insert(applied(seed(filter, change), change, { inserting: true }));
      return { n: 1, changed: 0, upserted: made._id, before: null, after: made };
    }
    let changed = 0, after = null;
    for (const before of targets) {
      after = isReplacement(change) ? { _id: before._id, ...change } : applied(cloned(before), change);
      if (key(after._id) !== key(before._id))
        throw new Refusal(66, "ImmutableField", "the (immutable) field '_id' was found to have been altered");
      if (resolved(after) === resolved(before)) continue;
      this.#store(after);
      changed += 1;
    }
    return { n: targets.length, changed, before: targets[0] ?? null, after };
  }

  remove(documents) {
    for (const document of documents) this.byId.delete(key(document._id));
    return documents.length;
  }

  addIndex(index) {
    const known = this.indexes.some((one) => one.name === index.name);
    if (!known) this.indexes.push({ v: 2, ...index });
  }
}

function duplicate(collection, pattern, document) {
  const value = Object.fromEntries(Object.keys(pattern).map((path) => [path, first(document, path) ?? null]));
  const message = `E11000 duplicate key error collection: ${collection} dup key: ${EJSON.stringify(value)}`;
  return new Refusal(11000, "DuplicateKey", message, { keyPattern: pattern, keyValue: value });
}
