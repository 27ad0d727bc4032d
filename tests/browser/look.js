// Opens trace.html, looks at what a reader sees and does, and takes screenshots. Exits with 1 at the first thing that is wrong.
const assert = require("node:assert");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme: "light" });
  const faults = [], asked = [];
  page.on("pageerror", error => faults.push(error.message));
  page.on("console", message => message.type() === "error" && faults.push(message.text()));
  page.on("request", request => asked.push(request.url()));
  const url = pathToFileURL("trace.html").href;
  await page.goto(url);

  assert.equal(await page.locator("h1").innerText(), "output.txt as hermes");
  assert.match(await page.locator(".verdict").innerText(), /get_weather \(repaired\), get_wether \(unknown tool\)/);
  assert.equal(await page.locator("#output b").count(), await page.locator("#output .note").count(), "what the model wrote is no markup");
  const names = await page.locator("#output .name").evaluateAll(found => found.map(k => k.lastChild.textContent));
  assert.deepEqual(names, ["get_weather", "get_wether"]);

  const detail = page.locator("#detail"), before = await detail.innerText();
  await page.locator("#output .arguments").first().hover();
  assert.match(await detail.innerText(), /arguments of a call 0, characters \d+ to \d+; read as \{"city": "Tromsø", "days": 2\}/);
  await page.locator("#output .reasoning").first().focus();
  assert.match(await detail.innerText(), /^reasoning/);
  assert.notEqual(await detail.innerText(), before);

  const note = await page.locator("#output .note").first().boundingBox(), line = await page.locator("#output .name").first().boundingBox();
  assert.ok(note.y > line.y && note.y - line.y < 60, "a problem stands under its line");
  const spoken = await page.locator("#output").ariaSnapshot();
  assert.match(spoken, /the name of a call 0/, "a screen reader hears what a stretch is");
  await page.screenshot({ path: "light.png", fullPage: true });

  const colours = {};
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    colours[colorScheme] = await page.evaluate(() => {
      const number = text => text.match(/[\d.]+/g).slice(0, 3).map(Number);
      const light = text => number(text).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = light(getComputedStyle(document.getElementById("output")).backgroundColor);
      return [...document.querySelectorAll("#output .k, #output .note")].map(k => {
        const ink = light(getComputedStyle(k).color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      });
    });
    assert.ok(Math.min(...colours[colorScheme]) >= 4.5, `${colorScheme}: contrast ${Math.min(...colours[colorScheme])}`);
  }
  await page.screenshot({ path: "dark.png", fullPage: true });

  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 380, height: 800 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), "a narrow window needs no scrolling sideways");
  await page.screenshot({ path: "narrow.png" });

  await page.setViewportSize({ width: 1100, height: 900 });
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#detail").isVisible(), false);
  assert.equal(await page.locator(".scroll").evaluate(k => k.scrollHeight <= k.clientHeight + 1), true, "on paper all of the table is there");
  await page.pdf({ path: "paper.pdf", format: "A4" });

  assert.deepEqual(faults, []);
  assert.deepEqual(asked, [url], "nothing is asked of anybody");
  console.log(`the page is right: contrast at least ${Math.min(...colours.light, ...colours.dark).toFixed(1)}, ${names.length} calls`);
  await browser.close();
})().catch(error => { console.error(error.message); process.exit(1); });
