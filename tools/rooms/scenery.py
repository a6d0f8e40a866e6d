"""What is seen outside: the sky panel over the couch and the window at the end of the corridor. Drawn, not photographed."""

import math
import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from textures import fbm, mix, noise, save


def warped(w, h, cx, cy, rng, octaves, gain, amount):
    """Fractal noise bent by other noise: wisps instead of blobs."""
    a = fbm(w, h, cx, cy, rng, octaves, gain)
    u = fbm(w, h, cx, cy, rng, 4) - 0.5
    v = fbm(w, h, cx, cy, rng, 4) - 0.5
    yy, xx = np.mgrid[0:h, 0:w]
    return a[(yy + v * amount * h).astype(int) % h, (xx + u * amount * w).astype(int) % w]


def clouds(w, h, rng):
    """Fair-weather clouds from below: bright rims towards the sun, a touch of warm grey inside."""
    top = mix((72, 138, 208), (150, 196, 234), 0.55 * np.linspace(0, 1, h)[:, None] + 0.45 * np.linspace(0, 1, w)[None, :])
    big = warped(w, h, 2, 3, rng, 7, 0.52, 0.10)
    fine = warped(w, h, 7, 10, rng, 6, 0.55, 0.05)
    d = big * 0.78 + fine * 0.22
    lo, hi = np.quantile(d, 0.50), np.quantile(d, 0.92)
    cover = np.clip((d - lo) / (hi - lo), 0, 1)
    cover = cover * cover * (3 - 2 * cover)
    blur = np.asarray(Image.fromarray((d * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(w * 0.03)), float) / 255
    lit = np.clip(0.78 + (d - np.roll(np.roll(blur, int(w * 0.02), 1), int(w * 0.03), 0)) * 3.2, 0.35, 1)
    return top * (1 - 0.93 * cover[..., None]) + mix((196, 205, 218), (255, 252, 246), lit) * 0.93 * cover[..., None]


def leaf_polygon(x, y, length, width, angle, n=9):
    """A birch-like leaf: pointed, widest near the stalk."""
    pts = []
    for s in (1, -1):
        ts = np.linspace(0, 1, n) if s > 0 else np.linspace(1, 0, n)
        for t in ts:
            pts.append((t * length, s * width * math.sin(math.pi * t**0.75) * (1 - 0.25 * t)))
    c, si = math.cos(angle), math.sin(angle)
    return [(x + a * c - b * si, y + a * si + b * c) for a, b in pts], [(x, y), (x + length * c, y + length * si)]


def twig(draw, x, y, angle, length, depth, scale, rng, shade, k):
    """A twig that bends, forks and carries leaves on both sides; drawn k times too large."""
    steps = 7
    px, py = x, y
    for i in range(steps):
        angle += rng.normal(0, 0.10) + 0.03
        nx, ny = px + math.cos(angle) * length / steps, py + math.sin(angle) * length / steps
        draw.line(
            (px * k, py * k, nx * k, ny * k),
            fill=(92, 80, 66, 255),
            width=max(1, int(k * scale * (1.2 + depth * 1.1) * (1 - 0.5 * i / steps))),
        )
        for s in (-1, 1):
            if rng.random() < 0.86 and (depth < 2 or i > 2):
                a = angle + s * rng.uniform(0.5, 1.25)
                l = scale * rng.uniform(20, 31)
                t = rng.random()
                sun = rng.random() < 0.45
                base = np.array((118, 158, 62) if sun else (78, 122, 52), float) * (0.82 + 0.36 * t)
                base = base * (1 - shade) + np.array((150, 186, 160), float) * shade
                poly, rib = leaf_polygon(nx, ny, l, l * rng.uniform(0.20, 0.42), a)
                col = tuple(int(min(255, c)) for c in base)
                draw.polygon([(p[0] * k, p[1] * k) for p in poly], fill=(*col, 255))
                draw.line(
                    [(p[0] * k, p[1] * k) for p in rib],
                    fill=tuple(int(c * 1.14) for c in base) + (255,),
                    width=max(1, int(k * scale * 0.5)),
                )
        if depth > 0 and i > 0 and rng.random() < 0.72:
            twig(
                draw,
                nx,
                ny,
                angle + rng.choice((-1, 1)) * rng.uniform(0.45, 0.9),
                length * rng.uniform(0.45, 0.7),
                depth - 1,
                scale,
                rng,
                shade,
                k,
            )
        px, py = nx, ny


def sky(path, w=1024, h=1536):
    """Straight up on a clear morning, birch twigs reaching in at the edges: far ones soft and pale, near ones sharp."""
    rng = np.random.default_rng(12)
    im = Image.fromarray(np.clip(clouds(w, h, rng), 0, 255).astype(np.uint8))
    k = 2
    layers = (
        (
            3.0,
            0.55,
            0.62,
            ((-20, 300, 0.2), (-20, 980, -0.1), (w + 20, 560, 3.3), (w + 20, 1260, 2.9), (420, -20, 1.5), (760, h + 20, -1.7)),
        ),
        (
            0.8,
            0.0,
            1.0,
            ((-30, 120, 0.35), (-30, 1390, -0.45), (w + 30, 1180, 3.5), (w + 30, 200, 2.75), (180, h + 30, -1.25), (880, -30, 1.9)),
        ),
    )
    for blur, shade, scale, roots in layers:
        leaf = Image.new("RGBA", (w * k, h * k), (120, 150, 90, 0))
        d = ImageDraw.Draw(leaf)
        for x, y, a in roots:
            twig(d, x, y, a, 330 * (1.15 - 0.25 * shade), 2, scale, rng, shade, k)
        leaf = leaf.resize((w, h), Image.LANCZOS).filter(ImageFilter.GaussianBlur(blur))
        im.paste(leaf, (0, 0), leaf)
    save(im, path, 88)


def view(path, w=1024, h=896):
    """The garden at the end of the corridor: hazy hills, a meadow, birches, a little out of focus as an eye on the door would see it."""
    rng = np.random.default_rng(22)
    y = np.linspace(0, 1, h)[:, None].repeat(w, 1)
    x = np.linspace(0, 1, w)[None, :].repeat(h, 0)
    a = mix((146, 190, 228), (244, 240, 226), np.clip(y / 0.55, 0, 1))
    c = warped(w, h, 3, 4, rng, 6, 0.5, 0.08)
    m = np.clip((c - 0.52) * 5, 0, 1) * (y < 0.5) * 0.8
    a = a * (1 - m[..., None]) + np.array((252, 251, 247.0)) * m[..., None]
    for top, amp, col, cells in ((0.47, 0.07, (176, 196, 206), 3), (0.52, 0.05, (148, 176, 168), 5), (0.565, 0.035, (120, 154, 122), 9)):
        line = top + amp * (fbm(w, 1, cells, 1, rng, 4)[0] - 0.5) * 2
        t = np.clip((y - line[None, :]) * h / 5, 0, 1)[..., None]
        a = a * (1 - t) + np.array(col, float) * t
    field = mix((164, 186, 112), (110, 146, 76), np.clip((y - 0.6) / 0.4, 0, 1)) * (0.9 + 0.2 * fbm(w, h, 8, 40, rng, 5))[..., None]
    t = np.clip((y - 0.60) * h / 8, 0, 1)[..., None]
    a = a * (1 - t) + field * t
    sun = np.exp(-((x - 0.3) ** 2 + (y - 0.42) ** 2) / 0.05)[..., None]
    a = a * (1 - 0.35 * sun) + np.array((255, 246, 222.0)) * 0.35 * sun
    im = Image.fromarray(np.clip(a, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(2))
    k = 2
    trees = Image.new("RGBA", (w * k, h * k), (120, 150, 90, 0))
    d = ImageDraw.Draw(trees)
    for tx, wd, foot in ((0.10, 17, 0.80), (0.185, 12, 0.74), (0.74, 20, 0.84), (0.86, 13, 0.76), (0.94, 15, 0.79)):
        lean = rng.normal(0, 14)
        X = tx * w
        for _ in range(90):
            gx, gy = X + rng.normal(0, wd * 1.8), foot * h + rng.normal(2, 5)
            d.line((gx * k, gy * k, (gx + rng.normal(0, 4)) * k, (gy - rng.uniform(6, 16)) * k), fill=(96, 132, 66, 255), width=3)
        for s in range(60):
            f = s / 60
            yy = foot * h * (1 - f)
            xx = X + lean * f
            wv = wd * (1 - 0.45 * f)
            d.rectangle(((xx - wv / 2) * k, yy * k, (xx + wv / 2) * k, (yy + foot * h / 60 + 2) * k), fill=(226, 224, 216, 255))
            d.rectangle(((xx + wv * 0.1) * k, yy * k, (xx + wv / 2) * k, (yy + foot * h / 60 + 2) * k), fill=(190, 190, 184, 255))
            if rng.random() < 0.35:
                d.ellipse(((xx - wv * 0.5) * k, yy * k, (xx + wv * rng.uniform(-0.2, 0.3)) * k, (yy + 5) * k), fill=(86, 82, 78, 255))
    for x0, ang in ((-10, 0.5), (w * 0.12, 1.2), (w * 0.72, 1.9), (w * 0.88, 1.5), (w + 10, 2.5)):
        for _ in range(2):
            twig(d, x0, rng.uniform(-20, 60), ang + rng.normal(0, 0.2), 300, 2, 0.75, rng, 0.15, k)
    trees = trees.resize((w, h), Image.LANCZOS).filter(ImageFilter.GaussianBlur(1.8))
    im.paste(trees, (0, 0), trees)
    save(im, path, 88)
