// source: sha256:4a8098f892550c7ccb79cc052d6d470869b50fd75f13970447c42b3b0f901264
// bundle: sha256:20e09d8c26370b946257be9779428991ad638e32c9fca7793ad4edca40790338
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
function methodNotAllowed(allow) {
  return json(405, { error: `this path allows ${allow}` }, { allow });
}
function failure(error) {
  return json(error.status, error.body, error.headers);
}
function finish(request, response, own2) {
  const headers = new Headers({ ...SECURITY, ...Object.fromEntries(response.headers), ...own2 });
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

// src/shared/bindings.ts
function missing(env, names) {
  return names.filter((name) => env[name] === void 0 || env[name] === null || env[name] === "");
}
function header(text) {
  if (text === void 0 || text === "") return "unknown";
  return text.slice(0, 128).replaceAll(/[^\x21-\x7e]/g, "?");
}

// src/front/env.ts
var REQUIRED = ["ROUTES", "VERSION", "TENANT", "RELEASE"];
function bindingProblems(env) {
  return missing(env, REQUIRED).map((name) => `the binding ${name} is missing`);
}
function service(env, name) {
  return env[name];
}
function identity(env) {
  const version = header(env.VERSION?.id);
  return {
    "x-version-id": version,
    "x-front-version-id": version,
    "x-tenant": header(env.TENANT),
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
function join(chunks, size) {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
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

// src/front/failover.ts
var ELSEWHERE = /* @__PURE__ */ new Set([502, 503, 504]);
var PATIENCE = 3;
async function ask(env, regions, request, options) {
  const deadline = Date.now() + options.timeout * PATIENCE;
  let attempts = 0;
  let last = null;
  for (const region of regions) {
    const gateway = service(env, region.binding);
    if (gateway === void 0) continue;
    if (attempts > 0 && (!options.repeatable || Date.now() >= deadline)) break;
    attempts++;
    const response = await attempt(gateway, region, request(), options);
    if (response === null) continue;
    await last?.body?.cancel();
    last = response;
    if (!ELSEWHERE.has(response.status)) break;
  }
  return { response: last, attempts };
}
async function attempt(gateway, region, request, { timeout, trace }) {
  const about = { trace: trace.traceId, region: region.name };
  try {
    const response = await within(timeout, gateway.fetch(request));
    if (ELSEWHERE.has(response.status)) log("warn", "warn", "a region cannot serve", { ...about, status: response.status });
    return response;
  } catch (error) {
    log("warn", "warn", "a region failed", { ...about, ...trouble(error) });
    return null;
  }
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
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/shared/schema.ts
var MAX_PROBLEMS = 20;
var MAX_KEY = 64;
function object(entries) {
  return pipe(plain("must be an object"), strictObject(entries, objectMessage));
}
function matching(rule, message) {
  return pipe(string(message), regex(rule, message));
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

// src/front/routes.ts
var NAME = matching(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be the name of a region");
var CODE = matching(/^[A-Z]{2}$/, "must be a two-letter code in upper case");
var Region = object({
  name: NAME,
  binding: matching(/^GATEWAY_[A-Z0-9_]{1,63}$/, "must be GATEWAY_ and the region in upper case"),
  countries: optional(array(CODE, "must be a list"), []),
  continents: optional(array(CODE, "must be a list"), []),
  /** The only regions that may stand in for this one; without it, all. */
  fallback: optional(array(NAME, "must be a list"))
});
var Routes = pipe(
  object({
    regions: pipe(array(Region, "must be a list"), minLength(1, "must name at least one region")),
    default: NAME,
    timeout_ms: optional(integer2(100, 3e4), 5e3)
  }),
  check(({ regions, default: name }) => areKnown(regions, [name]), "the default must be one of the regions"),
  check(({ regions }) => regions.every(({ fallback = [] }) => areKnown(regions, fallback)), "a fallback must be one of the regions")
);
function order(routes, place) {
  const { country = "", continent = "" } = place;
  const ranked = [
    ...routes.regions.filter((region) => region.countries.includes(country)),
    ...routes.regions.filter((region) => region.continents.includes(continent)),
    ...routes.regions.filter((region) => region.name === routes.default),
    ...routes.regions
  ];
  const [first, ...others] = new Set(ranked);
  if (first === void 0) return [];
  const allowed = first.fallback;
  return [first, ...allowed === void 0 ? others : others.filter((region) => allowed.includes(region.name))];
}
function areKnown(regions, names) {
  return names.every((wanted) => regions.some((region) => region.name === wanted));
}

// src/front/proxy.ts
var HOPS = "x-front-hops";
var IDEMPOTENT = /* @__PURE__ */ new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
async function proxy(request, env, routes, trace) {
  if (request.headers.has(HOPS)) throw new HttpError(508, { error: "this request has been through front before" });
  const make = await copies(request, trace);
  const { response, attempts } = await ask(env, order(routes, request.cf ?? {}), make, {
    repeatable: isRepeatable(request),
    timeout: routes.timeout_ms,
    trace
  });
  const own2 = { "x-front-version-id": header(env.VERSION?.id), "x-front-attempts": String(attempts) };
  if (response === null) throw new HttpError(502, { error: "no region answered; repeat the request" }, { ...RETRY_AFTER, ...own2 });
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(own2)) answer.headers.set(name, value);
  return answer;
}
function isRepeatable(request) {
  return IDEMPOTENT.has(request.method) || request.method === "POST" && new URL(request.url).pathname === "/v1/events";
}
async function copies(request, trace) {
  const body = request.body === null ? null : await readBody(request, MAX_BODY_BYTES);
  if (body === null && request.body !== null) {
    throw new HttpError(413, { error: `the body must be at most ${MAX_BODY_BYTES} bytes` });
  }
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) if (name.startsWith("x-front-")) headers.delete(name);
  headers.set(HOPS, "1");
  setTrace(headers, trace);
  const { url, method, cf } = request;
  return () => new Request(url, { method, headers, body, redirect: "manual", ...cf === void 0 ? {} : { cf } });
}

// src/front/state.ts
var known = null;
function stateOf(env) {
  if (known === null || known.source !== env.ROUTES) known = { source: env.ROUTES, state: examine(env) };
  return known.state;
}
function examine(env) {
  const absent = bindingProblems(env);
  if (env.ROUTES === void 0) return { routes: null, problems: absent };
  const result = safeParse(Routes, env.ROUTES, { abortPipeEarly: true });
  if (result.success) return { routes: result.output, problems: [...absent, ...unbound(env, result.output)] };
  const found = problems(result.issues, "ROUTES");
  return { routes: null, problems: [...absent, ...found.map(({ path, message }) => `${path} ${message}`)] };
}
function unbound(env, routes) {
  const names = routes.regions.map((region) => region.binding).filter((binding) => service(env, binding) === void 0);
  return names.map((name) => `the binding ${name} is missing`);
}
function health(request, env, state) {
  if (request.method !== "GET" && request.method !== "HEAD") return methodNotAllowed("GET, HEAD");
  const front = {
    worker: "front",
    tenant: env.TENANT,
    release: env.RELEASE,
    version: { id: env.VERSION?.id, tag: env.VERSION?.tag },
    regions: state.routes?.regions.map((region) => region.name) ?? [],
    default: state.routes?.default
  };
  if (state.problems.length === 0) return json(200, { status: "ok", ...front });
  return json(503, { status: "unavailable", ...front, problems: state.problems }, RETRY_AFTER);
}

// src/front/index.ts
async function route(request, env, trace) {
  const state = stateOf(env);
  if (new URL(request.url).pathname === "/healthz") return finish(request, health(request, env, state), own(env, trace));
  if (state.routes === null) throw new HttpError(503, { error: "front has no routes; repeat the request" }, RETRY_AFTER);
  return proxy(request, env, state.routes, trace);
}
function own(env, trace) {
  return { ...identity(env), traceparent: traceparent(trace) };
}
function refuse(error, trace) {
  if (error instanceof HttpError) return failure(error);
  log("error", "error", "unhandled exception", { trace: trace.traceId, ...trouble(error) });
  return json(500, { error: "an unexpected error; it was logged under this trace" });
}
var index_default = {
  async fetch(request, env) {
    const trace = continueTrace(request.headers);
    try {
      return await route(request, env, trace);
    } catch (error) {
      return finish(request, refuse(error, trace), own(env, trace));
    }
  }
};
export {
  index_default as default
};
// This file contains parts of:
//
// @hpke/common 1.10.1
// MIT License
//
// Copyright (c) 2024 Ajitomi Daisuke
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.
//
// @hpke/core 1.9.0
// MIT License
//
// Copyright (c) 2023 Ajitomi Daisuke
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.
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
