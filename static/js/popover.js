/**
 * Keeps popovers within the window. A popover opens on the side given by its stylesheet if it fits there, otherwise on
 * the side with more room.
 */

const MARGIN_PX = 8;
const GAP_PX = 4;

/** The part of the window that no bar covers. */
function room() {
  const { clientWidth, clientHeight } = document.documentElement;
  const bars = [...document.querySelectorAll(".top-bar, .visitor-bar, .bottom-bar")].map((bar) =>
    bar.getBoundingClientRect(),
  );
  const top = Math.max(0, ...bars.filter((bar) => bar.height && bar.top <= 0).map((bar) => bar.bottom));
  const bottom = Math.min(
    clientHeight,
    ...bars.filter((bar) => bar.height && bar.top > clientHeight / 2).map((bar) => bar.top),
  );
  return { top: top + MARGIN_PX, bottom: bottom - MARGIN_PX, left: MARGIN_PX, right: clientWidth - MARGIN_PX };
}

/** Positions the visible `popover` beside `anchor`. Its stylesheet puts it above or below by default. */
export function place(popover, anchor) {
  for (const property of ["top", "bottom", "max-height", "overflow-y", "translate"])
    popover.style.removeProperty(property);
  const space = room();
  const at = anchor.getBoundingClientRect();
  const wanted = popover.getBoundingClientRect();
  const above = at.top - GAP_PX - space.top;
  const below = space.bottom - at.bottom - GAP_PX;
  const opensUp = wanted.top < at.top;
  const fits = (opensUp ? above : below) >= wanted.height;
  const goesUp = fits ? opensUp : above > below;
  if (goesUp !== opensUp) {
    const parent = popover.offsetParent.getBoundingClientRect();
    popover.style.setProperty("top", goesUp ? "auto" : `${at.bottom - parent.top + GAP_PX}px`);
    popover.style.setProperty("bottom", goesUp ? `${parent.bottom - at.top + GAP_PX}px` : "auto");
  }
  popover.style.setProperty("max-height", `${Math.max(80, goesUp ? above : below)}px`);
  popover.style.setProperty("overflow-y", "auto");
  const shift = wanted.right > space.right ? space.right - wanted.right : 0;
  const left = wanted.left + shift < space.left ? space.left - wanted.left : shift;
  if (left) popover.style.setProperty("translate", `${left}px`);
}

/** Positions the fixed `popover` below `anchor`, with the same width, or above if there is more room. */
export function placeFixed(popover, anchor) {
  const space = room();
  // A phone's keyboard covers part of the window.
  const bottom = Math.min(
    space.bottom,
    (visualViewport?.offsetTop ?? 0) + (visualViewport?.height ?? innerHeight) - MARGIN_PX,
  );
  const at = anchor.getBoundingClientRect();
  const [above, below] = [at.top - GAP_PX - space.top, bottom - at.bottom - GAP_PX];
  const goesUp = below < Math.min(popover.scrollHeight, above);
  popover.style.setProperty("max-height", `${Math.max(60, goesUp ? above : below)}px`);
  popover.style.setProperty("width", `${Math.min(Math.max(at.width, 240), space.right - space.left)}px`);
  popover.style.setProperty("left", `${Math.max(space.left, Math.min(at.left, space.right - popover.offsetWidth))}px`);
  popover.style.setProperty("top", `${goesUp ? at.top - GAP_PX - popover.offsetHeight : at.bottom + GAP_PX}px`);
}

/** `place`, and again whenever the size of the popover or of the window changes, for as long as it is shown. */
export function keepInWindow(popover, anchor) {
  let height = -1;
  const again = () => {
    if (!popover.isConnected || !popover.getClientRects().length) {
      observer.disconnect();
      removeEventListener("resize", again);
      return;
    }
    place(popover, anchor);
    height = popover.scrollHeight;
  };
  const observer = new ResizeObserver(() => {
    if (popover.scrollHeight !== height) again();
  });
  again();
  // Parts that unfold inside do not change the size of a box at its largest.
  for (const part of [popover, ...popover.children]) observer.observe(part);
  addEventListener("resize", again);
}
