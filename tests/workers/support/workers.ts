// SPDX-License-Identifier: GPL-3.0-or-later
// Starts the committed bundles in workerd, as a deployment would bind them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare, Response, type Request, type WorkerOptions } from "miniflare";

export const WORKERS = join(import.meta.dirname, "../../../roles/edge/files/workers");
export const COMPATIBILITY_DATE = "2026-07-01";

const ORIGIN = "https://acme.example.com";

export interface Line {
  level: string;
  message: string;
  [field: string]: unknown;
}

/** A running set of Workers; the first one answers `ask`. */
export interface Running extends AsyncDisposable {
  mf: Miniflare;
  /** What the Workers wrote, raw. */
  output: string[];
  ask(path: string, init?: Record<string, unknown>): Promise<Answer>;
  /** Asks another one of them, by its name. */
  askWorker(name: string, path: string, init?: Record<string, unknown>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: any;
}

export async function start(workers: WorkerOptions[]): Promise<Running> {
  const output: string[] = [];
  const mf = new Miniflare({
    workers,
    cf: false,
    telemetry: { enabled: false },
    structuredWorkerdLogs: true,
    handleStructuredLogs: ({ message }: { message: string }) => void output.push(message),
  });
  await mf.ready;
  return {
    mf,
    output,
    ask: async (path, init = {}) => answer(await mf.dispatchFetch(ORIGIN + path, { redirect: "manual", ...init })),
    askWorker: async (name, path, init = {}) => {
      const worker: { fetch: typeof mf.dispatchFetch } = (await mf.getWorker(name)) as never;
      return answer(await worker.fetch(ORIGIN + path, { redirect: "manual", ...init }));
    },
    stop: () => mf.dispose(),
    [Symbol.asyncDispose]: () => mf.dispose(),
  };
}

async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers as unknown as Headers, text, body: maybeJson(text) };
}

export function script(name: "gateway" | "front"): Pick<WorkerOptions, "modules" | "compatibilityDate"> & object {
  const contents = readFileSync(join(WORKERS, "dist", `${name}.js`), "utf8");
  return inline(contents, `${name}.js`);
}

export function inline(contents: string, path = "index.js") {
  return { modules: [{ type: "ESModule" as const, path, contents }], compatibilityDate: COMPATIBILITY_DATE };
}

/** A gateway bound as the role binds it; `more` overrides. */
export function gateway(more: Partial<WorkerOptions> & object = {}, region = "eu"): WorkerOptions {
  return {
    name: `acme-${region}-gateway`,
    ...script("gateway"),
    bindings: { TENANT: "acme", REGION: region, ENVIRONMENT: "test", RELEASE: "1.2.3" },
    kvNamespaces: { CONFIG: `acme-${region}-config` },
    versionMetadata: "VERSION",
    ...more,
  } as WorkerOptions;
}

export async function putConfig(running: Running, document: unknown, worker?: string): Promise<string> {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const namespace: { put(key: string, value: string): Promise<void> } = (await running.mf.getKVNamespace("CONFIG", worker)) as never;
  await namespace.put("config", text);
  return text;
}

/** A SINK that keeps what it gets and answers with the status it is told. */
export class Sink {
  status = 200;
  readonly batches: any[] = [];
  readonly headers: Headers[] = [];

  readonly binding = async (request: Request): Promise<Response> => {
    this.headers.push(new Headers([...request.headers]));
    this.batches.push(await request.json());
    return new Response("seen", { status: this.status });
  };

  get ids(): string[] {
    return this.batches.flatMap((batch) => batch.events.map((event: { id: string }) => event.id));
  }
}

export function event(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { type: "click", id: crypto.randomUUID(), time: "2026-01-31T12:00:00Z", ...fields };
}

/** The arguments of a POST of events. */
export function post(body: unknown, headers: Record<string, string> = {}): Record<string, unknown> {
  const raw = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return { method: "POST", body: raw, headers: { "content-type": "application/json", ...headers } };
}

/** The structured lines among the output. */
export function lines(running: Running): Line[] {
  return running.output.map(maybeJson).filter((line): line is Line => typeof line === "object" && line !== null);
}

export async function until(condition: () => boolean | Promise<boolean>, milliseconds = 30_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`still not so after ${milliseconds} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function maybeJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
