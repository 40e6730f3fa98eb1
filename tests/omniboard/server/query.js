// Filters and aggregations: mingo, with what it lacks.
import { createRequire } from "node:module";
import { EJSON, ObjectId } from "bson";

const require = createRequire(import.meta.url); // mingo's other entry points are made for bundlers
const { Context, ProcessingMode, Query } = require("mingo");
const { Aggregator } = require("mingo/aggregator");
const { evalExpr } = require("mingo/core");
const { Lazy } = require("mingo/lazy");
const { cloneDeep, compare, resolve } = require("mingo/util");
const KINDS = ["accumulator", "expression", "pipeline", "projection", "query", "window"];

export const cloned = cloneDeep;
export const first = resolve;

export const isPlain = (value) =>
  value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;

const INLINE = /^\(\?([ims]+)\)/; // flags inside a pattern, which JavaScript does not read

// A filter or a pipeline in mingo's terms.
function readable(value) {
  if (Array.isArray(value)) return value.map(readable);
  if (!isPlain(value)) return value;
  if (value.$lookup) return { $join: value.$lookup };
  const flags = typeof value.$regex === "string" && INLINE.exec(value.$regex);
  if (flags) return { ...value, $regex: value.$regex.replace(INLINE, ""), $options: (value.$options ?? "") + flags[1] };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readable(item)]));
}

export function matcher(filter = {}) {
  const query = new Query(readable(filter));
  return (document) => query.test(document);
}

// The documents after a pipeline; `collections` gives the documents of another collection by its name.
export function transformed(documents, pipeline, collections = () => [], variables = {}) {
  const processingMode = ProcessingMode.CLONE_INPUT;
  const options = { context, collectionResolver: collections, variables, processingMode, failOnError: false };
  const found = new Aggregator(readable(pipeline), options).run(documents);
  return found.map((one) => ("_id" in one ? { _id: one._id, ...one } : one));
}

// Of an array its numbers, of anything else the numbers among the arguments.
function numbers(document, expression, options) {
  const value = evalExpr(document, expression, options);
  return [value].flat(2).filter((item) => typeof item === "number");
}

// Values of different types have an order among each other, which mingo keeps to itself.
const compared = (holds) => (document, expression, options) => holds(compare(...evalExpr(document, expression, options)));

const own = Context.init({
  expression: {
    $gt: compared((order) => order > 0),
    $gte: compared((order) => order >= 0),
    $lt: compared((order) => order < 0),
    $lte: compared((order) => order <= 0),
    $toObjectId(document, expression, options) {
      const value = evalExpr(document, expression, options);
      return value === null || value === undefined ? null : new ObjectId(value);
    },
    $max: (...given) => numbers(...given).reduce((most, one) => (most === null || one > most ? one : most), null),
    $min: (...given) => numbers(...given).reduce((least, one) => (least === null || one < least ? one : least), null),
    $sum: (...given) => numbers(...given).reduce((total, one) => total + one, 0),
    $avg(...given) {
      const found = numbers(...given);
      return found.length ? found.reduce((total, one) => total + one, 0) / found.length : null;
    },
  },
  pipeline: {
    $collStats: (documents) => Lazy([{ count: documents.collect().length }]),
    // $lookup, which finds by _id without trying every document
    $join(documents, { from, let: names = {}, pipeline, localField, foreignField, as }, options) {
      const others = options.collectionResolver(from), ids = new Map(others.map((one) => [text(one._id), one]));
      const found = (document) => {
        if (!pipeline) return others.filter(matcher({ [foreignField]: equal(resolve(document, localField)) }));
        const variables = evalExpr(document, names, options);
        const id = wantedId(pipeline, variables);
        const likely = id === undefined ? others : [ids.get(text(id))].filter(Boolean);
        return likely.length ? transformed(likely, pipeline, options.collectionResolver, variables) : [];
      };
      return documents.map((document) => ({ ...document, [as]: found(document) }));
    },
  },
});

const context = Context.from(own, Context.init(Object.fromEntries(KINDS.map((kind) => [kind, require(`mingo/operators/${kind}`)]))));

const text = (id) => EJSON.stringify({ id });
const equal = (value) => (Array.isArray(value) ? { $in: value } : { $eq: value ?? null });

// The value that `_id == $$name` in the pipeline asks for, or undefined where it asks otherwise.
function wantedId(pipeline, variables) {
  const conditions = pipeline[0]?.$match?.$expr?.$and ?? [];
  const pair = conditions.map((one) => one.$eq).find((one) => one?.[0] === "$_id");
  return pair ? variables[pair[1].slice(2)] : undefined;
}
