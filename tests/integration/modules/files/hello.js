export default {
  fetch(request, env) {
    return Response.json({ greeting: env.GREETING, key: env.KEY ? env.KEY.length : 0, limits: env.LIMITS });
  },
};
