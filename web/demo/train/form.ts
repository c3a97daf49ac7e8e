/** The settings of a run, as the page's controls say them. */
import type { TrainSettings } from "deepshift/worker";
import { byId, html } from "../page/dom.js";

type Optimizer = NonNullable<TrainSettings["optimizer"]>;

/**
 * Learning rates found by trial on MNIST. Type PS learns the exponents themselves, where a step has to reach the next whole
 * number to change anything, and takes larger ones.
 */
const OPTIMIZERS: Record<string, { name: Optimizer; ps: number; other: number }> = {
  Adam: { name: "adam", ps: 0.1, other: 0.003 },
  RAdam: { name: "radam", ps: 0.1, other: 0.003 },
  Ranger: { name: "ranger", ps: 0.1, other: 0.003 },
  "SGD, momentum 0.9": { name: "sgd", ps: 0.3, other: 0.05 },
  RMSprop: { name: "rmsprop", ps: 0.1, other: 0.003 },
  Adagrad: { name: "adagrad", ps: 0.1, other: 0.003 },
  Adadelta: { name: "adadelta", ps: 1, other: 1 },
};

export function installForm(): void {
  const optimizer = byId<HTMLSelectElement>("optimizer");
  optimizer.append(...Object.entries(OPTIMIZERS).map(([title, { name }]) => html("option", { value: name }, title)));
  byId("settings").addEventListener("input", (event) => {
    if (event.target instanceof HTMLElement && event.target.matches("#optimizer, [name=type]")) suggestRate();
    show();
  });
  byId("settings").addEventListener("submit", (event) => event.preventDefault());
  show();
}

function suggestRate(): void {
  const chosen = Object.values(OPTIMIZERS).find(({ name }) => name === byId<HTMLSelectElement>("optimizer").value);
  if (chosen) byId<HTMLInputElement>("rate").value = String(checked("type") === "PS" ? chosen.ps : chosen.other);
}

function show(): void {
  byId("bits-shown").textContent = byId<HTMLInputElement>("bits").value;
  const [first] = form().elements;
  const locked = first instanceof HTMLFieldSetElement && first.querySelector("input")?.disabled;
  const bits = byId<HTMLInputElement>("bits");
  bits.disabled = locked || checked("type") === "float";
  byId("few-bits").hidden = checked("type") !== "PS" || bits.valueAsNumber > 3;
}

const form = () => byId<HTMLFormElement>("settings");
const checked = (name: string): string => String(new FormData(form()).get(name));

/** What is chosen, or undefined where a field is wrong, which the browser then says. */
export function chosenSettings(): TrainSettings | undefined {
  if (!form().reportValidity()) return undefined;
  const type = checked("type");
  return {
    architecture: checked("architecture") as "simple_conv" | "simple_linear",
    shift_type: type === "float" ? null : (type as "Q" | "PS"),
    weight_bits: byId<HTMLInputElement>("bits").valueAsNumber,
    optimizer: byId<HTMLSelectElement>("optimizer").value as Optimizer,
    learning_rate: byId<HTMLInputElement>("rate").valueAsNumber,
    epochs: Number(byId<HTMLSelectElement>("epochs").value),
    batch_size: 64,
  };
}

/** Shows the settings of a run that goes on. */
export function showSettings(settings: TrainSettings): void {
  const radio = (name: string, value: string) => {
    for (const input of form().querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) input.checked = input.value === value;
  };
  if (settings.architecture) radio("architecture", settings.architecture);
  if (settings.shift_type !== undefined) radio("type", settings.shift_type ?? "float");
  if (settings.weight_bits) byId<HTMLInputElement>("bits").value = String(settings.weight_bits);
  if (settings.optimizer) byId<HTMLSelectElement>("optimizer").value = settings.optimizer;
  if (settings.learning_rate) byId<HTMLInputElement>("rate").value = String(settings.learning_rate);
  if (settings.epochs) byId<HTMLSelectElement>("epochs").value = String(settings.epochs);
  show();
}

/** While there is a run, its settings cannot change. */
export function lockForm(locked: boolean): void {
  for (const element of form().elements) {
    if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement) element.disabled = locked;
  }
}
