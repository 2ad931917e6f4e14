// The generated functions send by `send` in orval-send.ts, because orval has no address at run time.
module.exports = {
  signUp: {
    input: process.env.DOCUMENT,
    output: {
      target: 'client.ts',
      client: 'fetch',
      override: { mutator: { path: 'orval-send.ts', name: 'send', extension: '.js' } },
    },
  },
};
