/** The element with this id. The page's markup is part of the program: a missing one is a mistake in it. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as Element as E;
}

type Child = Node | string;
type Attributes = Record<string, string | number | boolean | undefined>;

/** An HTML element; attributes that are undefined or false are left out. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** A canvas that shows planes `[channels, height, width]` of bytes: grey, or red, green, blue. */
export function paintPlanes(canvas: HTMLCanvasElement, planes: Uint8Array, shape: readonly number[]): void {
  const [channels = 1, height = 0, width = 0] = shape;
  const area = width * height;
  const image = new ImageData(Math.max(1, width), Math.max(1, height));
  for (let index = 0; index < area; index++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * index + channel] = planes[Math.min(channel, channels - 1) * area + index] ?? 0;
    }
    image.data[4 * index + 3] = 255;
  }
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** Calls `action` at the next frame, once, however often it was asked for. */
export function oncePerFrame(action: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      action();
    });
  };
}

/** A custom property as a colour that canvases take, for the current theme. */
export function colour(host: HTMLElement, name: string): string {
  const probe = html("span", { hidden: true });
  probe.style.color = `var(${name})`;
  host.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
