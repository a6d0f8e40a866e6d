#!/usr/bin/env python3
"""frame_plots.py FOLDER SVG: how the cost of a frame of a review grows, from what `tools/bench frame` measured.

FOLDER holds what `vestibule bench frame --mode clinician --json` printed: ct-N.json by voxels of the CT (millions),
structures-N.json by structures, eye-N.json by pixels of an eye's side, each on a card (or software in its place), and
cpu-ct-N.json and so on with --no-card. Prints the table in Markdown and writes the plots.
"""
import json
import pathlib
import sys

folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def read(kind):
    runs = []
    for file in folder.glob(f"{kind}-*.json"):
        runs.append((float(file.stem.removeprefix(f"{kind}-")), json.loads(file.read_text())))
    return sorted(runs, key=lambda r: r[0])


def step(run, name):
    return next((s for s in run["steps"] if s["step"] == name), None)


KINDS = (("ct", "CT of {:g} million voxels, 20 structures"), ("structures", "{:g} structures, CT 256³"), ("eye", "eyes of {:g}² pixels, CT 256³"))
drawn = {kind: read(kind) for kind, _ in KINDS}
bare = {kind: read("cpu-" + kind) for kind, _ in KINDS}
print(f"{drawn['ct'][0][1]['adapter']} where something is drawn; ms of both eyes, medians and 95th percentiles\n")
print("| what | step | program | and the render world, before passes | **all, handed over** | raster and march in software | frame in software | textures MB |")
print("|---|---|---|---|---|---|---|---|")
spread = lambda s: f"{s['median']:.1f} / {s['p95']:.1f}"
for kind, label in KINDS:
    for (x, run), (_, cpu) in zip(drawn[kind], bare[kind], strict=True):
        for s in run["steps"]:
            c = step(cpu, s["step"])
            gpu = f"{s['raster_ms']['median']:.0f}" if s["raster_ms"] else "–"
            gpu += f" + {s['march_ms']['median']:.0f}" if s["march_ms"] else ""
            print(f"| {label.format(x)} | {s['step']} | {spread(c['main_ms'])} | {spread(c['own_ms'])} | **{spread(c['cpu_ms'])}** | "
                  f"{gpu} | {s['frame_ms']['median']:.0f} | {s['textures_mb']:.0f} |")

W, H, PAD = 300, 210, 46
COLOURS = {"nothing": "#888888", "images": "#3a6ea5", "review": "#2f7d5b", "volume": "#c0582b"}


def panel(at, title, x_label, y_label, series):
    """One plot: series is {name: [(x, y)]}."""
    points = [p for s in series.values() for p in s]
    if not points:
        return ""
    most_x, most_y = max(p[0] for p in points) * 1.05 or 1.0, max(p[1] for p in points) * 1.15 or 1.0
    sx = lambda x: at + PAD + x / most_x * (W - PAD - 10)
    sy = lambda y: H - PAD - y / most_y * (H - PAD - 34)
    text = [f'<text x="{at + W / 2}" y="18" text-anchor="middle" font-weight="bold">{title}</text>',
            f'<text x="{at + W / 2 + 16}" y="{H - 10}" text-anchor="middle">{x_label}</text>',
            f'<text x="{at + 12}" y="{H / 2}" text-anchor="middle" transform="rotate(-90 {at + 12} {H / 2})">{y_label}</text>',
            f'<path d="M{sx(0)} {sy(most_y)}V{sy(0)}H{sx(most_x)}" fill="none" stroke="#444"/>']
    for share in (0.0, 0.5, 1.0):
        x, y = most_x / 1.05 * share, most_y / 1.15 * share
        text.append(f'<text x="{sx(x)}" y="{H - PAD + 15}" text-anchor="middle">{x:.3g}</text>')
        text.append(f'<text x="{sx(0) - 5}" y="{sy(y) + 4}" text-anchor="end">{y:.3g}</text>')
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS.get(name, "#333")
        path = " ".join(f"{sx(x):.1f},{sy(y):.1f}" for x, y in line)
        text.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        text += [f'<circle cx="{sx(x):.1f}" cy="{sy(y):.1f}" r="3" fill="{colour}"/>' for x, y in line]
        text.append(f'<text x="{sx(most_x) - 4}" y="{H - PAD - 10 - 14 * (len(series) - 1 - i)}" text-anchor="end" fill="{colour}">{name}</text>')
    return "\n".join(text)


def lines(runs, names, value):
    out = {n: [(x, value(step(run, n))) for x, run in runs if step(run, n)] for n in names}
    return {n: line for n, line in out.items() if line}


cpu = lambda s: s["cpu_ms"]["median"]
whole = lambda s: s["frame_ms"]["median"]
parts = [
    panel(0, "processor, by volume", "million voxels", "ms", lines(bare["ct"], COLOURS, cpu)),
    panel(W, "processor, by structures", "structures", "ms", lines(bare["structures"], ["review"], cpu)),
    panel(2 * W, "processor, by resolution", "pixels of both eyes, thousand", "ms",
          {n: [(2 * x * x / 1000, y) for x, y in line] for n, line in lines(bare["eye"], ["review", "volume"], cpu).items()}),
    panel(3 * W, "drawn in software, by resolution", "pixels of both eyes, thousand", "ms",
          {n: [(2 * x * x / 1000, y) for x, y in line] for n, line in lines(drawn["eye"], ["review", "volume"], whole).items()}),
]
out.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{4 * W}" height="{H}" font-family="sans-serif" font-size="11">\n'
               f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
print(f"\nplots: {out}")
