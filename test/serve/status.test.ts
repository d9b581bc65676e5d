import { afterAll, describe, expect, it } from "vitest";
import { eventsOfSimple } from "./run-events.js";
import { call, start, until } from "./support.js";
import { serveTwoModels } from "./two-models.js";

const { server, png, predict, close } = await serveTwoModels();
afterAll(close);

describe("a live run", () => {
  const { base, begin, step } = eventsOfSimple({ time: 1_700_000_000_000, stepsPerEpoch: 118, device: "CPU", error: 1 });

  it("comes whole at first, then what is new, over server-sent events; and as JSON", async () => {
    const live = await start({});
    const messages: { event: string; data: { models: { name: string; curves: { loss: { epoch: number[]; value: number[] } } }[] } }[] = [];
    const ended = new AbortController();
    try {
      live.store.apply(begin);
      for (let at = 1; at <= 5; at++) live.store.apply(step(at));
      await until(async () => (await call(`${live.url}/get_training_data`)).json.models[0]?.step === 5);
      const { body } = await fetch(`${live.url}/events`, { signal: ended.signal });
      const reading = (async () => {
        let text = "";
        for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          const blocks = text.split("\n\n");
          text = blocks.pop()!;
          for (const block of blocks) {
            const [, event, data] = /event: (\w+)\ndata: (.*)$/m.exec(block)!;
            messages.push({ event, data: JSON.parse(data) });
          }
        }
      })().catch(() => {});
      await until(() => messages.length > 0);
      live.store.apply(step(6));
      live.store.apply({ ...base, type: "eval", epoch: 1, step: 118, testLoss: 0.1, testAccuracy: 0.97, confusion: [[1]], seconds: 1 });
      const points = () => messages.flatMap(({ data }) => data.models[0]?.curves.loss.value ?? []);
      await until(() => points().length >= 6 && messages.length > 1);
      expect(messages[0].event).toBe("snapshot");
      expect(messages.slice(1).every(({ event }) => event === "update")).toBe(true);
      expect(points()).toEqual([2, 1, 0.666667, 0.5, 0.4, 0.333333]);
      await until(() => messages.some(({ data }) => "confusion" in data.models[0]));

      const { json } = await call(`${live.url}/get_training_data`);
      expect(json).toMatchObject({
        run: "r",
        dataset: "mnist",
        models: [{ name: "simple", status: "training", epochs: 2, steps: 236, testAccuracy: 0.97 }],
      });
      expect(json.models[0].curves.loss.value).toHaveLength(6);
      expect(json.models[0].curves.loss.epoch[5]).toBeCloseTo(6 / 118, 5);
      await live.close();
      await reading;
    } finally {
      ended.abort();
      await live.close();
    }
  });
});

describe("status for machines", () => {
  it("/healthz, /readyz and the protocol's health", async () => {
    expect((await call(`${server.url}/healthz`)).json).toEqual({ status: "ok" });
    expect((await call(`${server.url}/readyz`)).json).toEqual({
      ready: true,
      models: [
        { name: "one", preset: "simple", dataset: "mnist", checkpoint: "one", epoch: 1, testAccuracy: 0.6 },
        { name: "two", preset: "simple", dataset: "mnist", checkpoint: "two", epoch: 2, testAccuracy: 0.7 },
      ],
      default: "two",
      choose: "/predict?model=NAME",
    });
    for (const path of ["/v2/health/live", "/v2/health/ready", "/v2/models/one/ready"])
      expect((await call(server.url + path)).status).toBe(200);
  });

  it("/metrics are in Prometheus' format", async () => {
    await predict({ body: png });
    const { text, headers } = await call(`${server.url}/metrics`);
    expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+)$/);
    expect(text).toMatch(/^mnist_tui_predictions_total\{model="two",label="\d"\} [1-9]/m);
    expect(text).toMatch(/^mnist_tui_requests_total\{route="\/predict",status="200"\} [1-9]/m);
  });
});
