import { startCanvas } from "./draw.js";
import { startLive } from "./live.js";

startCanvas();
startLive();
