/**
 * Putting the rows of a list in order by dragging their [data-slot=handle], with mouse, pen or finger; Escape takes it
 * back. The rows have buttons and keys for the same.
 */

const EDGE_PX = 70;
const SCROLL_PX = 12;

/** `place(row, index)` moves a row, `finished(row)` is told when a row was let go elsewhere. */
export function sortable(list, { place, finished }) {
  let drag = null;

  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest('[data-slot="handle"]');
    if (!handle || event.button !== 0 || drag) return;
    const row = handle.closest("li");
    // Prevents a mouse from selecting text. As this also prevents focus, the handle is focused explicitly.
    event.preventDefault();
    handle.focus({ preventScroll: true });
    drag = { row, pointer: event.pointerId, from: indexOf(row), y: event.clientY, frame: 0 };
    row.dataset.dragged = "";
    drag.frame = requestAnimationFrame(scroll);
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", cancel);
    document.addEventListener("keydown", keyed, true);
  });

  const indexOf = (row) => [...list.children].indexOf(row);

  function move(event) {
    if (event.pointerId !== drag.pointer) return;
    drag.y = event.clientY;
    follow();
  }

  /** Puts the row where the pointer is: behind all rows whose middle is above it. */
  function follow() {
    const others = [...list.children].filter((one) => one !== drag.row);
    const to = others.filter((one) => middleOf(one) < drag.y).length;
    if (to !== indexOf(drag.row)) place(drag.row, to);
  }

  function scroll() {
    if (!drag) return;
    const by = drag.y < EDGE_PX ? -SCROLL_PX : drag.y > innerHeight - EDGE_PX ? SCROLL_PX : 0;
    if (by) {
      scrollBy({ top: by, behavior: "instant" });
      follow();
    }
    drag.frame = requestAnimationFrame(scroll);
  }

  function end(event) {
    if (event.pointerId === drag.pointer) letGo();
  }

  function cancel(event) {
    if (event.pointerId !== drag.pointer) return;
    place(drag.row, drag.from);
    letGo();
  }

  function keyed(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    place(drag.row, drag.from);
    letGo();
  }

  function letGo() {
    const { row, from, frame } = drag;
    cancelAnimationFrame(frame);
    delete row.dataset.dragged;
    drag = null;
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", end);
    document.removeEventListener("pointercancel", cancel);
    document.removeEventListener("keydown", keyed, true);
    if (indexOf(row) !== from) finished(row);
  }
}

function middleOf(row) {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}
