// Draws the marks of charts for many periods, widths and energies, and says which texts of them cannot be read. Runs
// inside a dashboard.

async () => {
  const SLACK_PX = 1.5;
  const base = document.querySelector("script[src*='/joined/']").src.replace(/joined\/.*/, "js/");
  const [frames, period, zones, scales, format] = await Promise.all(
    ["charts/frame.js", "core/period.js", "core/zone.js", "core/scale.js", "ui/text.js"].map((path) => import(base + path)),
  );
  const zone = zones.makeZone({ offsetMin: 600, name: null });
  const box = document.getElementById("chart");
  const measured = frames.measured(box);
  const wrong = new Set();
  let drawn = 0;

  const check = (about, size, marks) => {
    const frame = frames.frameOf(size, 220);
    const drawing = frames.drawing(frame, "marks", ...marks(frame));
    box.replaceChildren(drawing);
    drawn += 1;
    const texts = [...drawing.querySelectorAll("text")].map((node) => ({ said: node.textContent, at: node.getBBox() }));
    if (texts.length < 2) wrong.add(`${about}: ${texts.length} labels`);
    texts.forEach(({ said, at }, index) => {
      if (at.x < -SLACK_PX || at.x + at.width > size.width + SLACK_PX) wrong.add(`${about}: "${said}" is cut off`);
      const next = texts[index + 1];
      const beside = next && Math.abs(next.at.y - at.y) < at.height;
      if (beside && next.at.x < at.x + at.width) wrong.add(`${about}: "${said}" and "${next.said}" lie on one another`);
    });
  };

  for (const width of [240, 262, 332, 560, 1100]) {
    const size = { ...measured, width };
    for (const step of [1, 7]) {
      for (let day = "2026-01-01"; day < "2028-12-31"; day = zones.addDays(day, width < 300 ? 5 + step : 17 + step)) {
        for (const view of period.VIEWS) {
          const { first, next } = period.daysOf(view, day, zones.addDays(day, -step * 500), day);
          const span = { startAt: zone.start(first), endAt: zone.start(next) };
          check(`${view} ${first} to ${next}, ${width} px`, size, (frame) => frames.timeMarks(frame, frames.timeScale(frame, span), span, zone));
        }
      }
    }
    for (let most = 0.3; most < 1e7; most *= 1.7) {
      const text = (value) => format.format.decimal(Math.abs(value), 1);
      const { bottom, top } = frames.frameOf(size, 220);
      const y = scales.niceScale(-most / 3, most, bottom, top, 6);
      check(`${most}, ${width} px`, frames.withRoomFor(size, y.ticks.map(text)), (frame) => frames.valueMarks(frame, y, text));
    }
  }
  return { drawn, wrong: [...wrong].slice(0, 20) };
}
