import page from "./page.html";
import { name } from "./lib/name.js";

export default {
  async fetch(request, env) {
    const config = env.CONFIG ? await env.CONFIG.get("config") : null;
    return Response.json({ page, name, config, version: env.VERSION.id });
  },
};
