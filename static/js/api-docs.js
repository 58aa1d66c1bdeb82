/** Draws the operations of /api/docs with Swagger UI, in the colours of the page; what is tried out there is this session's. */

const place = document.getElementById("api-operations");
const dark = matchMedia("(prefers-color-scheme: dark)");

function followTheme() {
  const theme = document.documentElement.dataset.theme;
  const isDark = theme === "dark" || (theme !== "light" && dark.matches);
  document.documentElement.classList.toggle("dark-mode", isDark);
}

followTheme();
dark.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });

window.SwaggerUIBundle({
  url: place.dataset.description,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: false, // The fragment of this page's address is a code.
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  // What was drawn above it moved the code that the address names.
  onComplete: () => document.querySelector(":target")?.scrollIntoView(),
  requestInterceptor: (request) => {
    request.headers["X-CSRFToken"] = place.dataset.csrfToken;
    return request;
  },
});
