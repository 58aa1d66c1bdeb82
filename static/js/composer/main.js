/** Starts the composer. Without JavaScript the same form uploads all files with the post. */
import { Composer } from "./composer.js";

const root = document.querySelector("[data-composer]");
if (root) new Composer(root).start();
