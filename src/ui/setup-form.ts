/** The set-up form as data: a column a model, a row a setting, and the command line that says the same. Pure. */
export interface SetupChoices {
  datasets: readonly string[];
  presets: readonly PresetChoice[];
  /** The settings of a model that the form offers, in the order of its rows. */
  fields: readonly SetupField[];
  /** @returns the value that a model trains with where its field is empty */
  usual(model: ModelDraft, field: string): string;
  /** @returns one sentence why these arguments of `train` are refused, or undefined */
  check(args: string[]): string | undefined;
}

interface SetupField {
  /** The setting. */
  key: string;
  /** As in `--batch-size`, without the dashes. */
  flag: string;
  label: string;
  /** The values of a choice, one of which a key selects; a field without them is typed. */
  values?: readonly string[];
  /** The value belongs to the preset: another preset brings its own. */
  ofPreset?: boolean;
}

interface PresetChoice {
  name: string;
  description: string;
  parameters: number;
}

/** A model's preset, and the text of its fields by setting; an empty text is the usual value. */
export interface ModelDraft {
  preset: string;
  [setting: string]: string;
}

export const mostModels = 6;

export interface SetupState {
  dataset: string;
  models: ModelDraft[];
  row: number;
  /** Ordinal of the model that the cursor is in. */
  column: number;
  outcome: "open" | "start" | "cancel";
}

/** A row of the form; those for settings have their keys. */
interface FormRow {
  key: string;
  label: string;
  kind: "choice" | "text" | "button";
}

/** @returns the rows from top to bottom */
export function formRows({ fields }: SetupChoices): FormRow[] {
  return [
    { key: "dataset", label: "dataset", kind: "choice" },
    { key: "preset", label: "model", kind: "choice" },
    ...fields.map(({ key, label, values }): FormRow => ({ key, label, kind: values ? "choice" : "text" })),
    { key: "start", label: "Start", kind: "button" },
  ];
}

export function initialSetup(choices: SetupChoices, presets: readonly string[] = ["simple", "residual"]): SetupState {
  return {
    dataset: choices.datasets[0],
    models: presets.map((preset) => draft(choices, preset)),
    row: formRows(choices).length - 1,
    column: 0,
    outcome: "open",
  };
}

function draft(choices: SetupChoices, preset: string): ModelDraft {
  const model: ModelDraft = { preset };
  for (const { key } of choices.fields) model[key] = "";
  return model;
}

/** @param key as in interaction.ts */
export function pressSetup(state: SetupState, key: string, choices: SetupChoices): SetupState {
  const rows = formRows(choices);
  const row = rows[state.row];
  const turn = (by: number): SetupState => ({ ...state, row: (state.row + by + rows.length) % rows.length });
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
      return row.key === "dataset" ? choose(state, choices, -1) : { ...state, column: Math.max(0, state.column - 1) };
    case "right":
      return row.key === "dataset" ? choose(state, choices, 1) : { ...state, column: Math.min(state.models.length - 1, state.column + 1) };
    case "enter":
      if (row.kind === "button")
        return choices.check(trainArguments(state, choices)) === undefined ? { ...state, outcome: "start" } : state;
      return row.kind === "choice" ? choose(state, choices, 1) : turn(1);
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

function choose(state: SetupState, choices: SetupChoices, by: number): SetupState {
  const { key } = formRows(choices)[state.row];
  const turned = (values: readonly string[], value: string) => values[(values.indexOf(value) + by + values.length) % values.length];
  if (key === "dataset") return { ...state, dataset: turned(choices.datasets, state.dataset) };
  const model = state.models[state.column];
  if (key === "preset") {
    const names = choices.presets.map((preset) => preset.name);
    const own = choices.fields.filter(({ ofPreset }) => ofPreset).map((field) => [field.key, ""]);
    return edited(state, { preset: turned(names, model.preset), ...Object.fromEntries(own) });
  }
  const values = choices.fields.find((field) => field.key === key)?.values;
  if (!values) return state;
  const usual = choices.usual({ ...model, [key]: "" }, key);
  const chosen = turned(values, model[key] || usual);
  return edited(state, { [key]: chosen === usual ? "" : chosen });
}

/** Typing edits the field under the cursor; "-" chooses the one before where there is nothing to type. */
function typed(state: SetupState, row: FormRow, key: string, choices: SetupChoices): SetupState {
  if (row.kind === "button") return state;
  if (row.kind === "choice") return key === "-" ? choose(state, choices, -1) : state;
  const value = state.models[state.column][row.key];
  if (key === "backspace") return edited(state, { [row.key]: value.slice(0, -1) });
  if (key === "delete" || key === "C-u") return edited(state, { [row.key]: "" });
  return /^[0-9.e-]$/.test(key) && value.length < 24 ? edited(state, { [row.key]: value + key }) : state;
}

function edited(state: SetupState, change: Partial<ModelDraft>): SetupState {
  return {
    ...state,
    models: state.models.map((model, index) => (index === state.column ? ({ ...model, ...change } as ModelDraft) : model)),
  };
}

/** The arguments after `mnist-tui`: settings that all models share as flags, the others in the models' entries. */
export function trainArguments(state: SetupState, { datasets, fields }: SetupChoices): string[] {
  const [first] = state.models;
  const isShared = ({ key }: SetupField) => state.models.every((model) => model[key] === first[key]);
  const entries = state.models.map((model) => {
    const own = fields.filter((field) => !isShared(field) && model[field.key] !== "");
    return [model.preset, ...own.map(({ key, flag }) => `${flag}=${model[key]}`)].join(":");
  });
  const args = ["train", ...(entries.length > 1 ? ["--compare", entries.join(",")] : ["--model", entries[0]])];
  // `train` takes the first dataset by itself, and synthetic digits where it can be neither found nor downloaded.
  if (state.dataset !== datasets[0]) args.push("--dataset", state.dataset);
  for (const field of fields.filter(isShared)) if (first[field.key] !== "") args.push(`--${field.flag}`, first[field.key]);
  return args;
}

/** The text shown in a field of a model: its own, or the usual value that an empty one stands for. */
export function fieldText(model: ModelDraft, row: FormRow, choices: SetupChoices): { text: string; given: "typed" | "default" } {
  if (model[row.key] !== "") return { text: model[row.key], given: "typed" };
  return { text: choices.usual(model, row.key), given: row.kind === "choice" ? "typed" : "default" };
}
