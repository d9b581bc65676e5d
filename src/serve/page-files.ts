import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";

/** The page and its scripts, styles and libraries: it loads nothing from another server. */

interface PageFile {
  path: string;
  type: string;
  content: Buffer;
}

const compiled = fileURLToPath(new URL("./page", import.meta.url));
const written = fileURLToPath(new URL("../../src/serve/page", import.meta.url));
const chart = dirname(createRequire(import.meta.url).resolve("uplot"));

/** Only this server's files, no frames, no inline scripts: markup in a picture's name or in a run's text stays text. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Adds GET / and the files that the page refers to. */
export function addPage(app: FastifyInstance): void {
  for (const { path, type, content } of pageFiles())
    app.get(path, (_request, reply) =>
      reply
        .type(type)
        .headers({ "content-security-policy": policy, "referrer-policy": "no-referrer", "cache-control": "no-cache" })
        .send(content),
    );
}

function pageFiles(): PageFile[] {
  const [html, css, js] = ["text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8"];
  const scripts = readdirSync(compiled).filter((file) => file.endsWith(".js"));
  return [
    { path: "/", type: html, content: readFileSync(join(written, "index.html")) },
    { path: "/page/style.css", type: css, content: readFileSync(join(written, "style.css")) },
    { path: "/page/uplot.css", type: css, content: readFileSync(join(chart, "uPlot.min.css")) },
    { path: "/page/uplot.js", type: js, content: readFileSync(join(chart, "uPlot.iife.min.js")) },
    ...scripts.map((file) => ({ path: `/page/${file}`, type: js, content: readFileSync(join(compiled, file)) })),
  ];
}
