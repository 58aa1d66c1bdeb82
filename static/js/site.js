/**
 * The script of every page: imports the modules for all pages. The header of each module says what it adds, and what
 * happens without it; none is required. `composer/main.js` is loaded only by the composer.
 */
import "./toasts.js";
import "./failures.js";
import "./optimistic.js";
import "./double-tap.js";
import "./carousel.js";
import "./comments.js";
import "./completion.js";
import "./count.js";
import "./dialogs.js";
import "./drafts.js";
import "./explore.js";
import "./forms.js";
import "./local-preview.js";
import "./notifications.js";
import "./people.js";
import "./place.js";
import "./post-menus.js";
import "./search.js";
import "./share.js";
import "./theme.js";
import "./times.js";
import "./video.js";
