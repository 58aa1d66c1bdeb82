/**
 * People tagged in photos.
 *
 * The button "People in this photo" shows labels on the photo; without this module, and for screen readers, it shows a
 * list. In the form for tagging, a tap or the arrow keys position the label, and the username field has suggestions;
 * without JavaScript the position has two number fields.
 */
import { make, onContent } from "./dom.js";
import { fetchSuggestions } from "./suggestions.js";

const WAIT_MS = 200;

/** Returns the rectangle of the uncropped picture relative to its box, in px: {left, top, width, height}. */
function pictureIn(box, image) {
  const { clientWidth, clientHeight } = box;
  const width = image?.naturalWidth || Number(image?.getAttribute("width")) || clientWidth;
  const height = image?.naturalHeight || Number(image?.getAttribute("height")) || clientHeight;
  const scale = Math.max(clientWidth / width, clientHeight / height);
  return {
    left: (clientWidth - width * scale) / 2,
    top: (clientHeight - height * scale) / 2,
    width: width * scale,
    height: height * scale,
  };
}

/** Positions `element` at its data-x and data-y (per cent of the picture), kept inside the box. */
function place(element, box, image) {
  element.hidden = false;
  const picture = pictureIn(box, image);
  const between = (least, wanted, most) => Math.min(Math.max(least, wanted), Math.max(least, most));
  const half = element.offsetWidth / 2;
  const x = picture.left + (picture.width * Number(element.dataset.x)) / 100;
  const y = picture.top + (picture.height * Number(element.dataset.y)) / 100;
  element.style.left = `${between(half + 4, x, box.clientWidth - half - 4)}px`;
  element.style.top = `${between(4, y, box.clientHeight - element.offsetHeight - 12)}px`;
}

// Labels on a photo, present at first or fetched when the button is pressed.
onContent("a.photo-person", (name) => {
  const box = name.closest(".photo");
  const details = name.closest("[data-photo-people]");
  if (!box || !details) return;
  name.removeAttribute("aria-hidden");
  name.removeAttribute("tabindex");
  name.closest(".photo-people-list").dataset.placed = "";
  const show = () => details.open && place(name, box, box.querySelector(".photo-image"));
  details.addEventListener("toggle", show);
  new ResizeObserver(show).observe(box);
});

onContent("[data-tagging]", (part) => {
  const photo = part.querySelector("[data-tagging-photo]");
  const image = photo.querySelector("img");
  const point = part.querySelector("[data-tagging-point]");
  const [username, x, y] = ["username", "x", "y"].map((name) => part.querySelector(`[name="${name}"]`));
  if (!image) return;
  part.querySelector("[data-tagging-hint]").hidden = false;
  photo.dataset.pressable = "";

  // The number fields are for pages without JavaScript.
  part.querySelector("[data-tagging-place]").hidden = true;
  const draw = () => {
    for (const name of photo.querySelectorAll("span.photo-person")) place(name, photo, image);
    if (point.hidden) return;
    [point.dataset.x, point.dataset.y] = [x.value, y.value];
    point.textContent = username.value.trim().replace(/^@/, "") || "Who is this?";
    place(point, photo, image);
  };
  /** Moves the label to (`left`, `top`), in per cent of the photo. */
  const put = (left, top) => {
    [x.value, y.value] = [left, top].map((percent) =>
      String(Math.round(Math.min(Math.max(percent, 0), 100) * 10) / 10),
    );
    point.hidden = false;
    draw();
  };
  new ResizeObserver(draw).observe(photo);
  image.addEventListener("load", draw);
  if (username.value) put(Number(x.value || 50), Number(y.value || 50));

  photo.addEventListener("click", (event) => {
    const box = photo.getBoundingClientRect();
    const picture = pictureIn(photo, image);
    put(
      ((event.clientX - box.left - picture.left) / picture.width) * 100,
      ((event.clientY - box.top - picture.top) / picture.height) * 100,
    );
    username.focus();
  });

  point.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 2;
    const [right, down] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[
      event.key
    ] ?? [0, 0];
    if (!right && !down) return;
    event.preventDefault();
    put(Number(x.value) + right, Number(y.value) + down);
  });

  username.addEventListener("input", () => put(Number(x.value || 50), Number(y.value || 50)));

  let timer;
  username.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => offer(username), WAIT_MS);
  });
});

/** Suggests people that match the typed name. */
async function offer(field) {
  const typed = field.value.trim().replace(/^@/, "");
  if (!typed) return;
  try {
    const people = await fetchSuggestions("people", typed);
    field.list?.replaceChildren(...people.map(({ dataset }) => make("option", { value: dataset.words })));
  } catch {
    // Offline, or the server failed. It checks the name when the form is sent.
  }
}
