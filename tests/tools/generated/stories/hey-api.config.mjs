// Node.js wants the imports' extensions; the generator would look for a tsconfig.json to know that.
export default {
  output: { path: 'client', importFileExtension: '.js' },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
};
