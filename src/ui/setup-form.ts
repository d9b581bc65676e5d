/** The set-up form as data: a column a model, a row a setting, and the command line that says the same. Pure. */
export interface SetupChoices {
  datasets: readonly string[];
  presets: readonly PresetChoice[];
  optimizers: readonly string[];
  /** The learning rate that goes with an optimizer other than the preset's own. */
  learningRates: Readonly<Record<string, string>>;
  /** @returns one sentence why these arguments of `train` are refused, or undefined */
  check(args: string[]): string | undefined;
}

export interface PresetChoice {
  name: string;
  description: string;
  parameters: number;
  /** "16-32-64-128" */
  kernels: string;
  /** The meaning of an empty field for dropout: "0.5", "none". */
  dropout: string;
  /** The preset's own settings, for which empty fields stand. */
  training: { optimizer: string; learningRate: string; batchSize: string; epochs: string };
}

export interface ModelDraft {
  preset: string;
  optimizer: string;
  /** Text as typed; empty is the default. */
  learningRate: string;
  dropout: string;
  batchSize: string;
  kernels: string;
  epochs: string;
}

export type SettingField = Exclude<keyof ModelDraft, "preset">;
export type FormRow = "dataset" | keyof ModelDraft | "start";

export const formRows: readonly FormRow[] = [
  "dataset",
  "preset",
  "optimizer",
  "learningRate",
  "dropout",
  "batchSize",
  "kernels",
  "epochs",
  "start",
];
export const rowLabels: Record<FormRow, string> = {
  dataset: "dataset",
  preset: "model",
  optimizer: "optimizer",
  learningRate: "learning rate",
  dropout: "dropout",
  batchSize: "batch size",
  kernels: "kernels",
  epochs: "epochs",
  start: "Start",
};
export const mostModels = 6;

export interface SetupState {
  dataset: string;
  models: ModelDraft[];
  row: number;
  /** Ordinal of the model that the cursor is in. */
  column: number;
  outcome: "open" | "start" | "cancel";
}

export function initialSetup(choices: SetupChoices, presets: readonly string[] = ["simple", "residual"]): SetupState {
  return {
    dataset: choices.datasets[0],
    models: presets.map((preset) => draft(choices, preset)),
    row: formRows.length - 1,
    column: 0,
    outcome: "open",
  };
}

function draft(choices: SetupChoices, preset: string): ModelDraft {
  return {
    preset,
    optimizer: presetOf(preset, choices).training.optimizer,
    learningRate: "",
    dropout: "",
    batchSize: "",
    kernels: "",
    epochs: "",
  };
}

function presetOf(name: string, choices: SetupChoices): PresetChoice {
  return choices.presets.find((preset) => preset.name === name) ?? choices.presets[0];
}

/** @param key as in interaction.ts */
export function pressSetup(state: SetupState, key: string, choices: SetupChoices): SetupState {
  const row = formRows[state.row];
  const turn = (by: number): SetupState => ({ ...state, row: (state.row + by + formRows.length) % formRows.length });
  switch (key) {
    case "escape":
    case "q":
    case "C-c":
      return { ...state, outcome: "cancel" };
    case "up":
    case "S-tab":
      return turn(-1);
    case "down":
    case "tab":
      return turn(1);
    case "left":
      return row === "dataset" ? choose(state, choices, -1) : { ...state, column: Math.max(0, state.column - 1) };
    case "right":
      return row === "dataset" ? choose(state, choices, 1) : { ...state, column: Math.min(state.models.length - 1, state.column + 1) };
    case "enter":
      if (row === "start") return choices.check(trainArguments(state, choices)) === undefined ? { ...state, outcome: "start" } : state;
      return isChoice(row) ? choose(state, choices, 1) : turn(1);
    case "space":
    case "+":
      return choose(state, choices, 1);
    case "a": {
      if (state.models.length >= mostModels) return state;
      const unused = choices.presets.find((preset) => !state.models.some((model) => model.preset === preset.name)) ?? choices.presets[0];
      return { ...state, models: [...state.models, draft(choices, unused.name)], column: state.models.length };
    }
    case "x": {
      if (state.models.length <= 1) return state;
      const models = state.models.filter((_, index) => index !== state.column);
      return { ...state, models, column: Math.min(state.column, models.length - 1) };
    }
    default:
      return typed(state, row, key, choices);
  }
}

function isChoice(row: FormRow): row is "dataset" | "preset" | "optimizer" {
  return row === "dataset" || row === "preset" || row === "optimizer";
}

function choose(state: SetupState, choices: SetupChoices, by: number): SetupState {
  const row = formRows[state.row];
  const turned = (values: readonly string[], value: string) => values[(values.indexOf(value) + by + values.length) % values.length];
  if (row === "dataset") return { ...state, dataset: turned(choices.datasets, state.dataset) };
  const model = state.models[state.column];
  if (row === "preset") {
    const names = choices.presets.map((preset) => preset.name);
    const preset = turned(names, model.preset);
    // Widths and the optimizer belong to a preset; typed text in the other fields stays.
    return edited(state, { preset, kernels: "", optimizer: presetOf(preset, choices).training.optimizer });
  }
  if (row === "optimizer") return edited(state, { optimizer: turned(choices.optimizers, model.optimizer) });
  return state;
}

/** Typing edits the field under the cursor; "-" chooses the one before where there is nothing to type. */
function typed(state: SetupState, row: FormRow, key: string, choices: SetupChoices): SetupState {
  if (row === "start") return state;
  if (isChoice(row)) return key === "-" ? choose(state, choices, -1) : state;
  const value = state.models[state.column][row];
  if (key === "backspace") return edited(state, { [row]: value.slice(0, -1) });
  if (key === "delete" || key === "C-u") return edited(state, { [row]: "" });
  return /^[0-9.e-]$/.test(key) && value.length < 24 ? edited(state, { [row]: value + key }) : state;
}

function edited(state: SetupState, change: Partial<ModelDraft>): SetupState {
  return { ...state, models: state.models.map((model, index) => (index === state.column ? { ...model, ...change } : model)) };
}

const flags: Record<SettingField, string> = {
  optimizer: "optimizer",
  learningRate: "lr",
  dropout: "dropout",
  batchSize: "batch-size",
  kernels: "kernels",
  epochs: "epochs",
};

/** The arguments after `mnist-tui`: settings that all models share as flags, the others in the models' entries. */
export function trainArguments(state: SetupState, choices: SetupChoices): string[] {
  const fields = Object.keys(flags) as SettingField[];
  const wanted = (model: ModelDraft, field: SettingField) =>
    field === "optimizer" && model.optimizer === presetOf(model.preset, choices).training.optimizer ? "" : model[field];
  const shared = fields.filter((field) => state.models.every((model) => wanted(model, field) === wanted(state.models[0], field)));
  const entries = state.models.map((model) => {
    const own = fields.filter((field) => !shared.includes(field) && wanted(model, field) !== "");
    return [model.preset, ...own.map((field) => `${flags[field]}=${wanted(model, field)}`)].join(":");
  });
  const args = ["train", ...(entries.length > 1 ? ["--compare", entries.join(",")] : ["--model", entries[0]])];
  // `train` takes the first dataset by itself, and synthetic digits where that can be neither found nor downloaded.
  if (state.dataset !== choices.datasets[0]) args.push("--dataset", state.dataset);
  for (const field of shared) if (wanted(state.models[0], field) !== "") args.push(`--${flags[field]}`, wanted(state.models[0], field));
  return args;
}

/** @returns a field's text as typed; for an empty field the setting that it stands for */
export function fieldText(model: ModelDraft, row: keyof ModelDraft, choices: SetupChoices): { text: string; given: "typed" | "default" } {
  if (row === "preset" || row === "optimizer") return { text: model[row], given: "typed" };
  if (model[row] !== "") return { text: model[row], given: "typed" };
  const preset = presetOf(model.preset, choices);
  const { training } = preset;
  const usual: Record<Exclude<SettingField, "optimizer">, string> = {
    learningRate: model.optimizer === training.optimizer ? training.learningRate : (choices.learningRates[model.optimizer] ?? ""),
    dropout: preset.dropout,
    batchSize: training.batchSize,
    kernels: preset.kernels,
    epochs: training.epochs,
  };
  return { text: usual[row], given: "default" };
}
