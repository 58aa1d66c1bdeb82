/**
 * People in photos. On a photo the button "People in this photo" shows names at their points; without this module, and
 * for screen readers, it shows them as a list. Where somebody tags people, a press on the photo or
 * the arrow keys say where, shown by a label, and typing a username offers people whom the search finds; without JavaScript
 * both are fields of the form.
 */
import { make, onContent } from "./dom.js";

const WAIT_MS = 200;

/** Where the whole picture lies in its box, of which it may fill more than is seen: {left, top, width, height} in px. */
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

/** Puts `element` at its data-x and data-y, in per cent of the picture, as near as the box allows. */
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

// Names on a photo, there at once or fetched when the button was pressed.
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

  // The place is set on the photo: the fields in per cent are for pages without this script.
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

/** Offers the people whom the search finds for what was typed so far. */
async function offer(field) {
  const typed = field.value.trim().replace(/^@/, "");
  if (!typed) return;
  try {
    const response = await fetch(`/search/suggest/?only=people&q=${encodeURIComponent(typed)}`, {
      headers: { "HX-Request": "true" },
      credentials: "same-origin",
    });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const names = [...page.querySelectorAll(".person-username")].map((name) => name.textContent.trim());
    field.list?.replaceChildren(...names.map((name) => make("option", { value: name })));
  } catch {
    // Without an answer there is nothing to offer; what was typed is checked when it is sent.
  }
}
