// What an update does to a document.
import { EJSON, ObjectId } from "bson";
import { isPlain, matcher, transformed } from "./query.js";

export const isReplacement = (change) => !Array.isArray(change) && !Object.keys(change)[0]?.startsWith("$");

// A document as text, to see whether it changed.
export const resolved = (value) => EJSON.stringify(value, { relaxed: false });

// The document that an upsert begins with: what the filter says must be equal.
export function seed(filter, change) {
  const document = {};
  for (const [path, wanted] of Object.entries(filter)) {
    if (path === "$and") wanted.forEach((part) => Object.assign(document, seed(part, {})));
    else if (path.startsWith("$")) continue;
    else if (!isOperators(wanted)) put(document, path, wanted);
    else if ("$eq" in wanted) put(document, path, wanted.$eq);
  }
  if (!isReplacement(change)) return document;
  return { ...("_id" in document ? { _id: document._id } : {}), ...change };
}

const isOperators = (value) => isPlain(value) && Object.keys(value)[0]?.startsWith("$");

// The document after the change; it is changed in place.
export function applied(document, change, { inserting = false } = {}) {
  if (Array.isArray(change)) return transformed([document], change)[0];
  if (isReplacement(change)) return document;
  for (const [operator, fields] of Object.entries(change)) {
    const work = operator === "$setOnInsert" ? (inserting ? OPERATORS.$set : () => {}) : OPERATORS[operator];
    if (!work) throw new Error(`this server does not know ${operator}`);
    for (const [path, given] of Object.entries(fields)) work(document, path, given);
  }
  return document;
}

const OPERATORS = {
  $set: (document, path, value) => put(document, path, value),
  $unset: (document, path) => {
    const [holder, name] = place(document, path, false);
    if (holder) delete holder[name];
  },
  $inc: (document, path, value) => change(document, path, (old) => (old ?? 0) + value),
  $max: (document, path, value) => change(document, path, (old) => (old === undefined || old < value ? value : old)),
  $min: (document, path, value) => change(document, path, (old) => (old === undefined || old > value ? value : old)),
  $currentDate: (document, path) => put(document, path, new Date()),
  $rename: (document, path, target) => {
    const [holder, name] = place(document, path, false);
    if (holder && name in holder) put(document, target, holder[name]), delete holder[name];
  },
  $push: (document, path, value) => {
    const { $each = [value], $position, $slice } = isOperators(value) ? value : {};
    change(document, path, (old = []) => {
      if (!Array.isArray(old)) throw new Error(`The field '${path}' must be an array`);
      const longer = $position === undefined ? old.concat($each) : old.toSpliced($position, 0, ...$each);
      return $slice === undefined ? longer : $slice < 0 ? longer.slice($slice) : longer.slice(0, $slice);
    });
  },
  $addToSet: (document, path, value) => {
    const added = isOperators(value) ? value.$each : [value];
    change(document, path, (old = []) => added.reduce((all, one) => (has(all, one) ? all : [...all, one]), old));
  },
  $pull: (document, path, condition) => {
    const test = isPlain(condition) && !isOperators(condition) ? matcher(condition) : null;
    const gone = test ?? ((item) => matcher({ item: condition })({ item }));
    change(document, path, (old) => old?.filter((item) => !gone(item)));
  },
};

const has = (items, wanted) => items.some((item) => resolved({ item }) === resolved({ item: wanted }));

function change(document, path, work) {
  const [holder, name] = place(document, path, true);
  const value = work(holder[name]);
  if (value !== undefined) holder[name] = value;
}

function put(document, path, value) {
  const [holder, name] = place(document, path, true);
  holder[name] = value;
}

// The object or array that holds the last name of a dotted path; with `make`, what is missing is made.
function place(document, path, make) {
  const names = path.split("."), last = names.pop();
  let holder = document;
  for (const name of names) {
    if (holder[name] === undefined && make) holder[name] = {};
    if (holder[name] === undefined) return [null, last];
    if (holder[name] === null || typeof holder[name] !== "object" || holder[name] instanceof ObjectId)
      throw new Error(`Cannot create field '${last}' in element {${name}: ${EJSON.stringify(holder[name])}}`);
    holder = holder[name];
  }
  return [holder, last];
}
