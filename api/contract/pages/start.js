// Authorize alone gives credentials: else the browser asks for its own at a 401, and keeps them. Only
// if a scheme is a cookie, which a page can't set, the browser sends those that it has.
let credentials = "omit";

const mended = ({ React }) => ({
  wrapComponents: {
    // Each answer has the same few headers: folded, they don't bury what differs.
    headers: (Headers) => (props) =>
      React.createElement(
        "details",
        null,
        React.createElement("summary", null, "Headers"),
        React.createElement(Headers, props),
      ),
    // When another media type is chosen for a form, Swagger UI still shows the texts of its fields
    // but forgets them: draw the form anew.
    RequestBody: (RequestBody) => (props) =>
      React.createElement(RequestBody, { ...props, key: props.contentType }),
  },
  statePlugins: {
    spec: {
      wrapActions: {
        // Requests go to the URL of this page, which the service doesn't know behind an untrusted proxy.
        updateJsonSpec: (original) => (spec) => {
          const schemes = Object.values(spec.components?.securitySchemes ?? {});
          credentials = schemes.some((one) => one.in === "cookie") ? "same-origin" : "omit";
          original({ ...spec, servers: [{ ...spec.servers[0], url: new URL(".", location).href.slice(0, -1) }] });
        },
      },
    },
    auth: {
      wrapSelectors: {
        // "Without credentials too" isn't being signed in: the padlock stays open until one is.
        isAuthorized: (original) => (state, security) =>
          original(state, security && security.filter((one) => one.size)),
      },
    },
  },
});

// Swagger UI has a dark mode, but reads the reader's choice only where it shows its top bar.
const dark = matchMedia("(prefers-color-scheme: dark)");
const setMode = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", setMode);
setMode();

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  plugins: [mended],
  requestInterceptor(request) {
    request.credentials = credentials;
    // Until another is chosen, what is asked for is what is shown as chosen.
    if (request.headers.accept === "*/*") {
      request.headers.accept = "application/json";
    }
    return request;
  },
});
