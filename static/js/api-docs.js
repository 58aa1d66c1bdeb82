/** Renders the API operations with Swagger UI in the colours of the page. "Try it out" uses the current session. */

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
  // The rendered content above has moved the target of the fragment.
  onComplete: () => document.querySelector(":target")?.scrollIntoView(),
  requestInterceptor: (request) => {
    request.headers["X-CSRFToken"] = place.dataset.csrfToken;
    return request;
  },
});
