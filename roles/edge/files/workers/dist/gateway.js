// source: sha256:15dca258257a854d61e1ef2586a8910997d76e68366a6971d5995a97b85148af
// bundle: sha256:2e84b076516f143c866da26f908255c286720ccb7d026111836dbc067b255633
// SPDX-License-Identifier: GPL-3.0-or-later

// src/shared/http.ts
var HttpError = class extends Error {
  status;
  body;
  headers;
  constructor(status, body, headers = {}) {
    super(body.error);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
};
var RETRY_AFTER = { "retry-after": "5" };
var SECURITY = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff"
};
function json(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}
function notFound() {
  return json(404, { error: "there is nothing at this path" });
}
function methodNotAllowed(allow) {
  return json(405, { error: `this path allows ${allow}` }, { allow });
}
function failure(error) {
  return json(error.status, error.body, error.headers);
}
function finish(request, response, own) {
  const headers = new Headers({ ...SECURITY, ...Object.fromEntries(response.headers), ...own });
  const body = request.method === "HEAD" ? null : response.body;
  return new Response(body, { status: response.status, headers });
}

// src/shared/log.ts
var LEVELS = ["debug", "info", "warn", "error"];
function log(threshold, level, message, fields) {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
  const line = JSON.stringify({ level, message, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}
function trouble(error) {
  if (!(error instanceof Error)) return { kind: typeof error, frames: [] };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return { kind: error.name, frames: frames.slice(0, 8).map((line) => line.trim()) };
}

// src/shared/trace.ts
var PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
var MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
var SAMPLED = 1;
var RANDOM = 2;
var MAX_STATE = 4096;
var MAX_MEMBERS = 32;
function continueTrace(headers) {
  const parent = parseParent(headers.get("traceparent"));
  if (parent === null) return { traceId: hex(16), spanId: hex(8), flags: RANDOM, state: null };
  return { ...parent, spanId: hex(8), state: parseState(headers.get("tracestate")) };
}
function traceparent(trace) {
  return `00-${trace.traceId}-${trace.spanId}-${trace.flags.toString(16).padStart(2, "0")}`;
}
function setTrace(headers, trace) {
  headers.set("traceparent", traceparent(trace));
  if (trace.state === null) headers.delete("tracestate");
  else headers.set("tracestate", trace.state);
}
function parseParent(value) {
  const match = value === null || value.length > 512 ? null : PARENT.exec(value);
  if (match === null) return null;
  const [, version, traceId = "", parentId = "", flags = "", more] = match;
  if (version === "ff" || version === "00" && more !== void 0) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, flags: Number.parseInt(flags, 16) & (SAMPLED | RANDOM) };
}
function parseState(value) {
  if (value === null || value.length > MAX_STATE) return null;
  const members = value.split(",").map((member) => member.trim()).filter((member) => member !== "");
  const valid = members.length > 0 && members.length <= MAX_MEMBERS && members.every((member) => MEMBER.test(member));
  return valid ? value : null;
}
function hex(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  if (random.every((byte) => byte === 0)) return hex(bytes);
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// node_modules/valibot/dist/index.mjs
var store$4;
var DEFAULT_CONFIG = {
  lang: void 0,
  message: void 0,
  abortEarly: void 0,
  abortPipeEarly: void 0
};
// @__NO_SIDE_EFFECTS__
function getGlobalConfig(config$1) {
  if (!config$1 && !store$4) return DEFAULT_CONFIG;
  return {
    lang: config$1?.lang ?? store$4?.lang,
    message: config$1?.message,
    abortEarly: config$1?.abortEarly ?? store$4?.abortEarly,
    abortPipeEarly: config$1?.abortPipeEarly ?? store$4?.abortPipeEarly
  };
}
var store$3;
// @__NO_SIDE_EFFECTS__
function getGlobalMessage(lang) {
  return store$3?.get(lang);
}
var store$2;
// @__NO_SIDE_EFFECTS__
function getSchemaMessage(lang) {
  return store$2?.get(lang);
}
var store$1;
// @__NO_SIDE_EFFECTS__
function getSpecificMessage(reference, lang) {
  return store$1?.get(reference)?.get(lang);
}
// @__NO_SIDE_EFFECTS__
function _stringify(input) {
  const type = typeof input;
  if (type === "string") return `"${input}"`;
  if (type === "number" || type === "bigint" || type === "boolean") return `${input}`;
  if (type === "object" || type === "function") return (input && Object.getPrototypeOf(input)?.constructor?.name) ?? "null";
  return type;
}
function _addIssue(context, label, dataset, config$1, other) {
  const input = other && "input" in other ? other.input : dataset.value;
  const expected = other?.expected ?? context.expects ?? null;
  const received = other?.received ?? /* @__PURE__ */ _stringify(input);
  const issue = {
    kind: context.kind,
    type: context.type,
    input,
    expected,
    received,
    message: `Invalid ${label}: ${expected ? `Expected ${expected} but r` : "R"}eceived ${received}`,
    requirement: context.requirement,
    path: other?.path,
    issues: other?.issues,
    lang: config$1.lang,
    abortEarly: config$1.abortEarly,
    abortPipeEarly: config$1.abortPipeEarly
  };
  const isSchema = context.kind === "schema";
  const message$1 = other?.message ?? context.message ?? /* @__PURE__ */ getSpecificMessage(context.reference, issue.lang) ?? (isSchema ? /* @__PURE__ */ getSchemaMessage(issue.lang) : null) ?? config$1.message ?? /* @__PURE__ */ getGlobalMessage(issue.lang);
  if (message$1 !== void 0) issue.message = typeof message$1 === "function" ? message$1(issue) : message$1;
  if (isSchema) dataset.typed = false;
  if (dataset.issues) dataset.issues.push(issue);
  else dataset.issues = [issue];
}
// @__NO_SIDE_EFFECTS__
function _isSameValueZero(value1, value2) {
  return value1 === value2 || Number.isNaN(value1) && Number.isNaN(value2);
}
// @__NO_SIDE_EFFECTS__
function _isValidObjectKey(object$1, key) {
  return Object.prototype.hasOwnProperty.call(object$1, key) && key !== "__proto__" && key !== "prototype" && key !== "constructor";
}
// @__NO_SIDE_EFFECTS__
function _joinExpects(values$1, separator) {
  const list = [...new Set(values$1)];
  if (list.length > 1) return `(${list.join(` ${separator} `)})`;
  return list[0] ?? "never";
}
function _standardSchema(schema) {
  schema["~standard"] = {
    version: 1,
    vendor: "valibot",
    validate: (value$1) => schema["~run"]({ value: value$1 }, /* @__PURE__ */ getGlobalConfig())
  };
  return schema;
}
// @__NO_SIDE_EFFECTS__
function check(requirement, message$1) {
  return {
    kind: "validation",
    type: "check",
    reference: check,
    async: false,
    expects: null,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "input", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function integer(message$1) {
  return {
    kind: "validation",
    type: "integer",
    reference: integer,
    async: false,
    expects: null,
    requirement: Number.isInteger,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "integer", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_length",
    reference: maxLength,
    async: false,
    expects: `<=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length > this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_value",
    reference: maxValue,
    async: false,
    expects: `<=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value <= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_length",
    reference: minLength,
    async: false,
    expects: `>=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length < this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_value",
    reference: minValue,
    async: false,
    expects: `>=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value >= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function regex(requirement, message$1) {
  return {
    kind: "validation",
    type: "regex",
    reference: regex,
    async: false,
    expects: `${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement.test(dataset.value)) _addIssue(this, "format", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function safeInteger(message$1) {
  return {
    kind: "validation",
    type: "safe_integer",
    reference: safeInteger,
    async: false,
    expects: null,
    requirement: Number.isSafeInteger,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "safe integer", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function getFallback(schema, dataset, config$1) {
  return typeof schema.fallback === "function" ? schema.fallback(dataset, config$1) : schema.fallback;
}
// @__NO_SIDE_EFFECTS__
function getDefault(schema, dataset, config$1) {
  return typeof schema.default === "function" ? schema.default(dataset, config$1) : schema.default;
}
// @__NO_SIDE_EFFECTS__
function array(item, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "array",
    reference: array,
    expects: "Array",
    async: false,
    item,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (Array.isArray(input)) {
        dataset.typed = true;
        dataset.value = [];
        for (let key = 0; key < input.length; key++) {
          const value$1 = input[key];
          const itemDataset = this.item["~run"]({ value: value$1 }, config$1);
          if (itemDataset.issues) {
            const pathItem = {
              type: "array",
              origin: "value",
              input,
              key,
              value: value$1
            };
            for (const issue of itemDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = itemDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!itemDataset.typed) dataset.typed = false;
          dataset.value.push(itemDataset.value);
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function boolean(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "boolean",
    reference: boolean,
    expects: "boolean",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "boolean") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function custom(check$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "custom",
    reference: custom,
    expects: "unknown",
    async: false,
    check: check$1,
    message: message$1,
    "~run"(dataset, config$1) {
      if (this.check(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function literal(literal_, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "literal",
    reference: literal,
    expects: /* @__PURE__ */ _stringify(literal_),
    async: false,
    literal: literal_,
    message: message$1,
    "~run"(dataset, config$1) {
      if (/* @__PURE__ */ _isSameValueZero(dataset.value, this.literal)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function number(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "number",
    reference: number,
    expects: "number",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "number" && !isNaN(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function object(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "object",
    reference: object,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key in this.entries) {
          const valueSchema = this.entries[key];
          if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function optional(wrapped, default_) {
  return _standardSchema({
    kind: "schema",
    type: "optional",
    reference: optional,
    expects: `(${wrapped.expects} | undefined)`,
    async: false,
    wrapped,
    default: default_,
    "~run"(dataset, config$1) {
      if (dataset.value === void 0) {
        if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
        if (dataset.value === void 0) {
          dataset.typed = true;
          return dataset;
        }
      }
      return this.wrapped["~run"](dataset, config$1);
    }
  });
}
// @__NO_SIDE_EFFECTS__
function picklist(options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "picklist",
    reference: picklist,
    expects: /* @__PURE__ */ _joinExpects(options.map(_stringify), "|"),
    async: false,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      if (this.options.includes(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function record(key, value$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "record",
    reference: record,
    expects: "Object",
    async: false,
    key,
    value: value$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const entryKey in input) if (/* @__PURE__ */ _isValidObjectKey(input, entryKey)) {
          const entryValue = input[entryKey];
          const keyDataset = this.key["~run"]({ value: entryKey }, config$1);
          if (keyDataset.issues) {
            const pathItem = {
              type: "object",
              origin: "key",
              input,
              key: entryKey,
              value: entryValue
            };
            for (const issue of keyDataset.issues) {
              issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = keyDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          const valueDataset = this.value["~run"]({ value: entryValue }, config$1);
          if (valueDataset.issues) {
            const pathItem = {
              type: "object",
              origin: "value",
              input,
              key: entryKey,
              value: entryValue
            };
            for (const issue of valueDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = valueDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!keyDataset.typed || !valueDataset.typed) dataset.typed = false;
          if (keyDataset.typed) dataset.value[keyDataset.value] = valueDataset.value;
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function strictObject(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "strict_object",
    reference: strictObject,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key in this.entries) {
          const valueSchema = this.entries[key];
          if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
        if (!dataset.issues || !config$1.abortEarly) {
          for (const key in input) if (!Object.prototype.hasOwnProperty.call(this.entries, key)) {
            _addIssue(this, "key", dataset, config$1, {
              input: key,
              expected: "never",
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            break;
          }
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function string(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "string",
    reference: string,
    expects: "string",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "string") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function _subIssues(datasets) {
  let issues;
  if (datasets) for (const dataset of datasets) if (issues) for (const issue of dataset.issues) issues.push(issue);
  else issues = dataset.issues;
  return issues;
}
// @__NO_SIDE_EFFECTS__
function union(options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "union",
    reference: union,
    expects: /* @__PURE__ */ _joinExpects(options.map((option) => option.expects), "|"),
    async: false,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      let validDataset;
      let typedDatasets;
      let untypedDatasets;
      for (const schema of this.options) {
        const optionDataset = schema["~run"]({ value: dataset.value }, config$1);
        if (optionDataset.typed) if (optionDataset.issues) if (typedDatasets) typedDatasets.push(optionDataset);
        else typedDatasets = [optionDataset];
        else {
          validDataset = optionDataset;
          break;
        }
        else if (untypedDatasets) untypedDatasets.push(optionDataset);
        else untypedDatasets = [optionDataset];
      }
      if (validDataset) return validDataset;
      if (typedDatasets) {
        if (typedDatasets.length === 1) return typedDatasets[0];
        _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(typedDatasets) });
        dataset.typed = true;
      } else if (untypedDatasets?.length === 1) return untypedDatasets[0];
      else _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(untypedDatasets) });
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function pipe(...pipe$1) {
  return _standardSchema({
    ...pipe$1[0],
    pipe: pipe$1,
    "~run"(dataset, config$1) {
      for (const item of pipe$1) if (item.kind !== "metadata") {
        if (dataset.issues && (item.kind === "schema" || item.kind === "transformation")) {
          dataset.typed = false;
          break;
        }
        if (!dataset.issues || !config$1.abortEarly && !config$1.abortPipeEarly) dataset = item["~run"](dataset, config$1);
      }
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function safeParse(schema, input, config$1) {
  const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
  return {
    typed: dataset.typed,
    success: !dataset.issues,
    output: dataset.value,
    issues: dataset.issues
  };
}

// src/shared/json.ts
function parseJson(text, maxDepth) {
  if (depth(text) > maxDepth) return { ok: false, reason: `must not be nested deeper than ${maxDepth} levels` };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, reason: "must be valid JSON" };
  }
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function depth(text) {
  let deepest = 0;
  let current = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") deepest = Math.max(deepest, ++current);
    else if (char === "}" || char === "]") current--;
  }
  return deepest;
}

// src/shared/schema.ts
var MAX_PROBLEMS = 20;
var MAX_KEY = 64;
function object2(entries) {
  return pipe(plain("must be an object"), strictObject(entries, objectMessage));
}
function map(key, value, message) {
  return pipe(plain(message), record(key, value, message));
}
function matching(rule, message) {
  return pipe(string(message), regex(rule, message));
}
function between(from, to) {
  const message = `must be a number from ${from} to ${to}`;
  return pipe(number(message), minValue(from, message), maxValue(to, message));
}
function integer2(from, to) {
  const message = `must be a whole number from ${from} to ${to}`;
  return pipe(number(message), integer(message), minValue(from, message), maxValue(to, message));
}
function problems(issues, base = "") {
  return issues.slice(0, MAX_PROBLEMS).map((issue) => ({ path: base + pointer(issue), message: issue.message }));
}
function plain(message) {
  return custom(isObject, message);
}
function objectMessage(issue) {
  if (issue.expected === "never") return "is not a known field";
  return issue.expected === "Object" ? "must be an object" : "is required";
}
function pointer(issue) {
  const keys = issue.path?.map((item) => String(item.key)) ?? [];
  return keys.map((key) => `/${key.slice(0, MAX_KEY).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

// src/shared/time.ts
async function within(milliseconds, work) {
  let timer = null;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("timed out")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

// src/gateway/head.ts
var MAX_DEPTH = 4;
var Revision = pipe(number(), safeInteger(), minValue(0));
var Documents = record(string(), pipe(string(), regex(/^[0-9a-f]{64}$/)));
var Schema = object({
  format: literal(1),
  revision: Revision,
  documents: Documents,
  former: object({ revision: Revision, documents: Documents })
});
function parseHead(text) {
  const parsed = parseJson(text, MAX_DEPTH);
  if (!parsed.ok) return null;
  const result = safeParse(Schema, parsed.value);
  return result.success ? result.output : null;
}
function candidates(head, name) {
  return [head, head.former].flatMap(({ revision, documents }) => {
    const sha2562 = documents[name];
    return sha2562 === void 0 ? [] : [{ revision, sha256: sha2562 }];
  });
}

// src/gateway/settings.ts
var EVENT_TYPE = matching(/^[a-z][a-z0-9_-]{0,63}$/, "must be a lower-case name");
var ORIGIN = matching(/^https?:\/\/[^\s\/]{1,300}$/, "must be an origin such as https://www.example.com");
var Settings = object2({
  accept: optional(array(EVENT_TYPE, "must be a list"), ["impression", "click", "conversion", "view"]),
  max_event_bytes: optional(integer2(256, 131072), 16384),
  max_batch: optional(integer2(1, 1e3), 100),
  sample_rate: optional(between(0, 1), 1),
  cors_origins: optional(array(ORIGIN, "must be a list"), []),
  log_level: optional(picklist(LEVELS, `must be one of ${LEVELS.join(", ")}`), "info"),
  labels: optional(map(string(), string("must be a string"), "must be an object"), {})
});

// src/gateway/config.ts
var HEAD = "head";
var PLAIN = "config";
var NAME = "gateway";
var MAX_HEAD = 25 * 1024 * 1024;
var MAX_DOCUMENT = 256 * 1024;
var MAX_DEPTH2 = 8;
var READ_TIMEOUT = 2e3;
var CACHE_TTL_SECONDS = 30;
var VALUE_TTL_SECONDS = 60;
var KEEP_GOOD = 5e3;
var KEEP_BAD = 1e3;
var ConfigReader = class {
  #last = null;
  #good = null;
  #nextRead = 0;
  #now;
  #report;
  /** `report` hears of every read that failed. */
  constructor(now, report) {
    this.#now = now;
    this.#report = report;
  }
  async read(namespace) {
    if (this.#last !== null && this.#now() < this.#nextRead) return this.#last;
    this.#keepFor(KEEP_GOOD);
    const config2 = this.#fallBack(await this.#fetch(namespace));
    this.#keepFor(config2.ok ? KEEP_GOOD : KEEP_BAD);
    this.#last = config2;
    return config2;
  }
  #keepFor(milliseconds) {
    this.#nextRead = this.#now() + milliseconds;
  }
  #fallBack(read) {
    if (read === "unreachable") {
      const reasons = ["the namespace CONFIG did not answer"];
      this.#report(reasons);
      return this.#good === null ? { ok: false, reasons } : { ok: true, document: this.#good, stale: true };
    }
    if (read.ok) this.#good = read.document;
    else this.#report(read.reasons);
    return read;
  }
  async #fetch(namespace) {
    try {
      const head = await get(namespace, HEAD, CACHE_TTL_SECONDS);
      return await (head === null ? this.#plain(namespace) : this.#whole(namespace, head));
    } catch {
      return "unreachable";
    }
  }
  async #plain(namespace) {
    const text = await get(namespace, PLAIN, CACHE_TTL_SECONDS);
    if (text === null) return refuse([`the namespace CONFIG has neither a key ${HEAD} nor a key ${PLAIN}`]);
    return parseDocument(text, await sha256(text), 0, this.#now());
  }
  /** The document of one whole revision: the newest, or the former while the newest one's value is on its way. */
  async #whole(namespace, text) {
    const head = text.length > MAX_HEAD ? null : parseHead(text);
    if (head === null) return refuse([`the key ${HEAD} is not one that this gateway knows`]);
    const found = candidates(head, NAME);
    if (found.length === 0) return refuse([`revision ${head.revision} has no document ${NAME}`]);
    for (const { revision, sha256: wanted } of found) {
      if (this.#good?.sha256 === wanted) return this.#again(this.#good, revision);
      const value = await get(namespace, `v/${wanted}`, VALUE_TTL_SECONDS);
      if (value !== null && await sha256(value) === wanted) return parseDocument(value, wanted, revision, this.#now());
    }
    return head.former.revision === 0 ? this.#plain(namespace) : "unreachable";
  }
  #again(document, revision) {
    return { ok: true, document: { ...document, revision, readAt: this.#now() }, stale: false };
  }
};
function get(namespace, key, cacheTtl) {
  return within(READ_TIMEOUT, namespace.get(key, { type: "text", cacheTtl }));
}
function parseDocument(text, digest, revision, readAt) {
  if (text.length > MAX_DOCUMENT) return refuse([`the config document is larger than ${MAX_DOCUMENT} characters`]);
  const parsed = parseJson(text, MAX_DEPTH2);
  if (!parsed.ok) return refuse([`the config document ${parsed.reason}`]);
  const result = safeParse(Settings, parsed.value, { abortPipeEarly: true });
  if (result.success) return { ok: true, document: { settings: result.output, revision, sha256: digest, readAt }, stale: false };
  const found = problems(result.issues);
  return refuse(found.map(({ path, message }) => `the config document ${path === "" ? "" : `at ${path} `}${message}`));
}
function refuse(reasons) {
  return { ok: false, reasons };
}
async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// src/shared/bindings.ts
function missing(env, names) {
  return names.filter((name) => env[name] === void 0 || env[name] === null || env[name] === "");
}
function header(text) {
  if (text === void 0 || text === "") return "unknown";
  return text.slice(0, 128).replaceAll(/[^\x21-\x7e]/g, "?");
}

// src/gateway/env.ts
var REQUIRED = ["CONFIG", "VERSION", "TENANT", "REGION", "ENVIRONMENT", "RELEASE"];
function bindingProblems(env) {
  return missing(env, REQUIRED).map((name) => `the binding ${name} is missing`);
}
function identity(env) {
  return {
    "x-version-id": header(env.VERSION?.id),
    "x-tenant": header(env.TENANT),
    "x-region": header(env.REGION),
    "x-release": header(env.RELEASE)
  };
}

// src/shared/body.ts
var MAX_BODY_BYTES = 2 * 1024 * 1024;
async function readBody(request, limit) {
  if (Number(request.headers.get("content-length") ?? 0) > limit) {
    await request.body?.cancel();
    return null;
  }
  const chunks = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) return null;
    chunks.push(chunk);
  }
  return join(chunks, size);
}
function decodeUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}
function join(chunks, size) {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

// src/gateway/rfc3339.ts
var SHAPE = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-](\d\d):(\d\d))$/;
function isRfc3339(text) {
  const match = text.length > 40 ? null : SHAPE.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = match.slice(1).map((digits) => Number(digits ?? 0));
  const leapSecond = second === 60 && minute === 59;
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) && hour <= 23 && minute <= 59 && (second <= 59 || leapSecond) && offsetHour <= 23 && offsetMinute <= 59;
}
function daysIn(year, month) {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && year % 100 !== 0 || year % 400 === 0 ? 29 : 28;
}

// src/gateway/event.ts
var MAX_ATTRIBUTES = 32;
var ID = matching(/^[A-Za-z0-9._:-]{1,64}$/, "must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -");
var CURRENCY = matching(/^[A-Z]{3}$/, "must be an ISO 4217 code such as EUR");
var TIME_MESSAGE = "must be an RFC 3339 time such as 2026-01-31T12:00:00Z";
var TIME = pipe(string(TIME_MESSAGE), check(isRfc3339, TIME_MESSAGE));
var NAME_MESSAGE = "must be a string of 1 to 128 characters";
var NAME2 = pipe(string(NAME_MESSAGE), minLength(1, NAME_MESSAGE), maxLength(128, NAME_MESSAGE));
var KEY = matching(/^[a-z][a-z0-9_.-]{0,63}$/, "the name must be lower-case, of at most 64 characters");
var SCALAR = union(
  [pipe(string(), maxLength(256)), number(), boolean()],
  "must be a string of at most 256 characters, a number or a boolean"
);
var ATTRIBUTES_MESSAGE = `must be an object with at most ${MAX_ATTRIBUTES} fields`;
var ATTRIBUTES = pipe(
  map(KEY, SCALAR, ATTRIBUTES_MESSAGE),
  check((fields) => Object.keys(fields).length <= MAX_ATTRIBUTES, ATTRIBUTES_MESSAGE)
);
function eventSchema(accept) {
  return pipe(
    object2({
      type: picklist(accept, "must be an event type that this plane accepts"),
      id: ID,
      time: TIME,
      campaign: optional(NAME2),
      creative: optional(NAME2),
      placement: optional(NAME2),
      value: optional(between(0, 1e9)),
      currency: optional(CURRENCY),
      attributes: optional(ATTRIBUTES)
    }),
    check((event) => event.value === void 0 || event.currency !== void 0, "a value needs a currency")
  );
}

// src/gateway/batch.ts
var MAX_DEPTH3 = 8;
var CONTENT_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
async function readBatch(request, settings) {
  requireJson(request.headers);
  const items = split(await readJson(request, bodyLimit(settings)));
  if (items.values.length > settings.max_batch) {
    throw tooLarge([{ path: "/events", message: `must have at most ${settings.max_batch} events` }]);
  }
  requireSizes(items, settings.max_event_bytes);
  return validate(items, eventSchema(settings.accept));
}
function requireJson(headers) {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() === "identity" && CONTENT_TYPE.test(headers.get("content-type") ?? "")) return;
  throw new HttpError(415, { error: "the body must be application/json in UTF-8, not compressed" }, { accept: "application/json" });
}
function bodyLimit(settings) {
  return Math.min(settings.max_event_bytes * settings.max_batch + 1024, MAX_BODY_BYTES);
}
async function readJson(request, limit) {
  const bytes = await readBody(request, limit);
  if (bytes === null) throw tooLarge([{ path: "", message: `must be at most ${limit} bytes` }]);
  const text = decodeUtf8(bytes);
  if (text === null) throw invalid([{ path: "", message: "must be UTF-8" }]);
  const parsed = parseJson(text, MAX_DEPTH3);
  if (!parsed.ok) throw invalid([{ path: "", message: parsed.reason }]);
  return parsed.value;
}
function split(body) {
  if (!isObject(body)) throw invalid([{ path: "", message: 'must be an event or {"events": [...]}' }]);
  if (!Object.hasOwn(body, "events")) return { values: [body], pathOf: () => "" };
  const { events: events2, ...rest } = body;
  if (Object.keys(rest).length > 0) throw invalid([{ path: "", message: "must have no field beside events" }]);
  if (!Array.isArray(events2) || events2.length === 0) throw invalid([{ path: "/events", message: "must be a list of at least one event" }]);
  return { values: events2, pathOf: (index) => `/events/${index}` };
}
function requireSizes(items, limit) {
  const encoder = new TextEncoder();
  const large = items.values.findIndex((value) => encoder.encode(JSON.stringify(value)).byteLength > limit);
  if (large >= 0) throw tooLarge([{ path: items.pathOf(large), message: `must be at most ${limit} bytes` }]);
}
function validate(items, schema) {
  const found = [];
  const events2 = [];
  for (const [index, value] of items.values.entries()) {
    const result = safeParse(schema, value, { abortPipeEarly: true });
    if (result.success) events2.push(result.output);
    else found.push(...problems(result.issues, items.pathOf(index)));
    if (found.length >= MAX_PROBLEMS) break;
  }
  if (found.length > 0) throw invalid(found.slice(0, MAX_PROBLEMS));
  return events2;
}
function invalid(errors) {
  return new HttpError(400, { error: "the request is not valid; nothing of it was accepted", errors });
}
function tooLarge(errors) {
  return new HttpError(413, { error: "the request is too large; nothing of it was accepted", errors });
}

// src/gateway/cors.ts
function corsHeaders(request, settings) {
  const origin = request.headers.get("origin");
  if (origin === null || !settings.cors_origins.includes(origin)) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "traceparent, x-region, x-version-id",
    "cross-origin-resource-policy": "cross-origin"
  };
}
function preflight(cors, allow) {
  const granted = "access-control-allow-origin" in cors;
  const permissions = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type, traceparent, tracestate",
    "access-control-max-age": "600"
  };
  return new Response(null, { status: 204, headers: { allow, ...granted ? permissions : {} } });
}

// src/gateway/sampling.ts
function sampled(id, rate) {
  return hash(id) / 2 ** 32 < rate;
}
function hash(text) {
  let state = 2166136261;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 16777619);
  state = Math.imul(state ^ state >>> 16, 2246822507);
  state = Math.imul(state ^ state >>> 13, 3266489909);
  return (state ^ state >>> 16) >>> 0;
}

// src/gateway/sink.ts
var URL2 = "https://sink/v1/batches";
var TIMEOUT = 5e3;
async function forward(env, settings, events2, trace) {
  const kept = events2.filter((event) => sampled(event.id, settings.sample_rate));
  const counts = { trace: trace.traceId, accepted: events2.length, forwarded: kept.length };
  if (env.SINK === void 0) {
    log(settings.log_level, "info", "events accepted", { ...counts, ids: kept.map((event) => event.id) });
    return;
  }
  if (kept.length > 0) await post(env.SINK, batch(env, settings, kept), trace, settings);
  log(settings.log_level, "debug", "events forwarded", counts);
}
function batch(env, settings, events2) {
  const { TENANT: tenant, REGION: region, ENVIRONMENT: environment, RELEASE: release } = env;
  return JSON.stringify({ tenant, region, environment, release, labels: settings.labels, events: events2 });
}
async function post(sink, body, trace, settings) {
  const headers = new Headers({ "content-type": "application/json" });
  setTrace(headers, trace);
  try {
    const response = await within(TIMEOUT, sink.fetch(URL2, { method: "POST", headers, body }));
    await response.body?.cancel();
    if (response.ok) return;
    log(settings.log_level, "error", "the sink refused a batch", { trace: trace.traceId, status: response.status });
  } catch (error) {
    log(settings.log_level, "error", "the sink failed", { trace: trace.traceId, ...trouble(error) });
  }
  throw new HttpError(503, { error: "the events could not be handed on; repeat the request" }, RETRY_AFTER);
}

// src/gateway/events.ts
var ALLOW = "POST, OPTIONS";
async function events(request, env, state, trace) {
  if (!state.ok) return json(503, { error: "this plane is not ready; repeat the request" }, RETRY_AFTER);
  const { settings } = state.document;
  const cors = corsHeaders(request, settings);
  const response = await answer(request, env, settings, trace, cors);
  for (const [name, value] of Object.entries(cors)) response.headers.set(name, value);
  return response;
}
async function answer(request, env, settings, trace, cors) {
  if (request.method === "OPTIONS") return preflight(cors, ALLOW);
  if (request.method !== "POST") return methodNotAllowed(ALLOW);
  try {
    const accepted = await readBatch(request, settings);
    if (request.headers.get("x-probe") !== "1") await forward(env, settings, accepted, trace);
    return json(202, { accepted: accepted.length });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    log(settings.log_level, "warn", "events refused", {
      trace: trace.traceId,
      status: error.status,
      problems: error.body.errors?.length ?? 0
    });
    return failure(error);
  }
}

// src/gateway/health.ts
async function stateOf(env, config2) {
  const reasons = bindingProblems(env);
  if (reasons.length > 0 || env.CONFIG === void 0) return { ok: false, reasons };
  return config2.read(env.CONFIG);
}
function health(request, env, state, now) {
  if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET, HEAD");
  const plane = {
    tenant: env.TENANT,
    region: env.REGION,
    environment: env.ENVIRONMENT,
    release: env.RELEASE,
    version: { id: env.VERSION?.id, tag: env.VERSION?.tag }
  };
  if (!state.ok) return json(503, { status: "unavailable", ...plane, problems: state.reasons }, RETRY_AFTER);
  const { revision, sha256: sha2562, readAt } = state.document;
  const config2 = { revision, sha256: sha2562, stale: state.stale, age_seconds: Math.max(0, Math.round((now - readAt) / 1e3)) };
  return json(200, { status: "ok", ...plane, config: config2, sink: env.SINK !== void 0 });
}

// src/gateway/index.ts
var config = new ConfigReader(Date.now, (reasons) => log("error", "error", "config unusable", { reasons }));
async function route(request, env, trace) {
  switch (new URL(request.url).pathname) {
    case "/healthz":
      return health(request, env, await stateOf(env, config), Date.now());
    case "/v1/events":
      return events(request, env, await stateOf(env, config), trace);
    default:
      return notFound();
  }
}
var index_default = {
  async fetch(request, env) {
    const trace = continueTrace(request.headers);
    const own = { ...identity(env), traceparent: traceparent(trace) };
    try {
      return finish(request, await route(request, env, trace), own);
    } catch (error) {
      log("error", "error", "unhandled exception", { trace: trace.traceId, ...trouble(error) });
      return finish(request, json(500, { error: "an unexpected error; it was logged under this trace" }), own);
    }
  }
};
export {
  index_default as default
};
// This file contains parts of:
//
// valibot 1.5.0
// MIT License
//
// Copyright (c) Fabian Hiller
//
// Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
