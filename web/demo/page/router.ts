/** Views by the address's hash: #draw, #train, #pictures, #inside. No element has these names, or browsers would scroll to it. */
import { byId } from "./dom.js";

export const VIEWS = ["draw", "train", "pictures", "inside"] as const;
export type View = (typeof VIEWS)[number];

const TITLES: Record<View, string> = { draw: "Draw", train: "Train", pictures: "Pictures", inside: "Inside" };

type Opened = (view: View) => void;

export function currentView(): View {
  return VIEWS.find((view) => `#${view}` === location.hash) ?? "draw";
}

export function openView(view: View): void {
  location.hash = view;
}

/** Shows the view of the address and tells of every view that opens. */
export function installRouter(opened: Opened): void {
  const show = (moveFocus: boolean) => {
    const current = currentView();
    document.title = `${TITLES[current]} · DeepShift`;
    document.documentElement.dataset["view"] = current;
    for (const view of VIEWS) {
      byId(`view-${view}`).hidden = view !== current;
      const link = document.querySelector(`nav a[href="#${view}"]`);
      if (view === current) link?.setAttribute("aria-current", "page");
      else link?.removeAttribute("aria-current");
    }
    if (moveFocus) {
      scrollTo(0, 0);
      byId(`${current}-title`).focus({ preventScroll: true });
    }
    opened(current);
  };
  addEventListener("hashchange", () => show(true));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId(`${currentView()}-title`).focus();
  });
  show(false);
}
