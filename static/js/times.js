/**
 * Keeps "3m" fresh while a page stays open, and gives the exact date in the reader's own zone as the title.
 * Without JavaScript the time is that of when the page was made, and its title is in UTC.
 */
import { onContent } from "./dom.js";

const UNITS = [
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
];
const SHORT = /^(now|\d+[mhdw])$/;
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

onContent("time[datetime]", (element) => {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  if (element.title) element.title = exact.format(moment);
  tell(element);
});

function refresh() {
  if (!document.hidden) document.querySelectorAll("time[datetime]").forEach(tell);
}

function tell(element) {
  const moment = Date.parse(element.dateTime);
  if (Number.isNaN(moment) || !SHORT.test(element.textContent.trim())) return;
  const text = short((Date.now() - moment) / 1_000);
  if (element.textContent.trim() !== text) element.textContent = text;
}

function short(seconds) {
  for (const [unit, size] of UNITS) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  }
  return "now";
}

setInterval(refresh, 30_000);
document.addEventListener("visibilitychange", refresh);
addEventListener("pageshow", (event) => {
  if (event.persisted) refresh();
});
