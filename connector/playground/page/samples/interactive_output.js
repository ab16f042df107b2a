// An example: HTML with a script is shown, in a frame that reaches nothing outside of it.

export const code = `import json
import math

from IPython.display import HTML, display

# HTML that code displays is shown in a frame of its own, with its scripts.
points = [round(math.sin(step / 12) * 40 + step / 4, 2) for step in range(160)]
display(HTML("""
<style>
  body { font: 14px system-ui, sans-serif; color: #1b2230; background: #fff; margin: 12px }
  label { display: flex; gap: 12px; align-items: center }
  input { flex: 1; max-width: 320px }
  svg { width: 100%; height: 220px; margin-top: 8px }
  path { fill: none; stroke-width: 2 }
</style>
<label>Average over <input id="window" type="range" min="1" max="40" value="9"> <b id="count"></b></label>
<svg viewBox="0 0 640 220" preserveAspectRatio="none">
  <path id="raw" stroke="#c9d9ef" /><path id="smooth" stroke="#1f4e8c" />
</svg>
<script>
const points = POINTS, slider = document.getElementById("window");
const noisy = points.map((y, i) => y + 14 * Math.sin(i * 7.3) * Math.cos(i * 2.1));
const draw = (id, ys) => document.getElementById(id).setAttribute("d",
  ys.map((y, i) => (i ? "L" : "M") + i * 4 + " " + (150 - y * 1.6)).join(" "));
const mean = (ys, n) => ys.map((_, i) => {
  const part = ys.slice(Math.max(0, i - n + 1), i + 1);
  return part.reduce((a, b) => a + b) / part.length;
});
slider.oninput = () => {
  document.getElementById("count").textContent = slider.value + " points";
  draw("smooth", mean(noisy, Number(slider.value)));
};
draw("raw", noisy);
slider.oninput();
</script>
""".replace("POINTS", json.dumps(points))))`;
