/**
 * The one script of every page: starts the small modules beside it. Each says in its own header what it adds and what
 * happens without it; none is needed to use the site. `composer.js` is loaded by the compose page alone.
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
import "./search.js";
import "./share.js";
import "./theme.js";
import "./times.js";
import "./video.js";
