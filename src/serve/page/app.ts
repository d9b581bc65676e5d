import { startDrawing } from "./draw.js";
import { startTraining } from "./training.js";

startDrawing();
startTraining();
