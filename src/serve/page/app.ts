import { startCanvas } from "./draw.js";
import { startTraining } from "./training.js";

startCanvas();
startTraining();
