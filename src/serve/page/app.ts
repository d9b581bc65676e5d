import { startDrawing } from "./draw.js";
import { startLive } from "./live.js";

startDrawing();
startLive();
