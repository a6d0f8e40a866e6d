"""Pictures of surfaces, drawn with numpy and PIL: nothing is downloaded. Colours are sRGB 0..255; every picture tiles."""

import math, os
import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def noise(w, h, cx, cy, rng):
    """Tileable value noise, cx x cy cells, smooth interpolation."""
    g = rng.random((cy, cx))
    x = np.linspace(0, cx, w, endpoint=False)
    y = np.linspace(0, cy, h, endpoint=False)
    xi = x.astype(int)
    yi = y.astype(int)
    fx = x - xi
    fy = y - yi
    fx = fx * fx * (3 - 2 * fx)
    fy = (fy * fy * (3 - 2 * fy))[:, None]
    x1 = (xi + 1) % cx
    y1 = (yi + 1) % cy
    a = g[yi][:, xi] * (1 - fx) + g[yi][:, x1] * fx
    b = g[y1][:, xi] * (1 - fx) + g[y1][:, x1] * fx
    return a * (1 - fy) + b * fy


def fbm(w, h, cx, cy, rng, octaves=5, gain=0.5):
    s = np.zeros((h, w))
    a = 1.0
    t = 0.0
    for _ in range(octaves):
        s += a * noise(w, h, min(cx, w), min(cy, h), rng)
        t += a
        a *= gain
        cx *= 2
        cy *= 2
    return s / t


def mix(c0, c1, t):
    t = np.clip(t, 0, 1)[..., None]
    return np.array(c0, float) * (1 - t) + np.array(c1, float) * t


def save(a, path, q=90):
    im = a if isinstance(a, Image.Image) else Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))
    im.save(path, quality=q) if path.endswith("jpg") else im.save(path)


def oak(path, n=1024):
    """1.2 m x 1.2 m, grain along v. Six staves of 20 cm so that it reads as a veneered panel."""
    rng = np.random.default_rng(3)
    out = np.zeros((n, n, 3))
    k = 6
    w = n // k
    for i in range(k + 1):
        x0 = i * w
        x1 = min(n, x0 + w)
        if x0 >= n:
            break
        ww = x1 - x0
        u = np.linspace(0, 1, ww)[None, :]
        v = np.linspace(0, 1, n)[:, None]
        warp = fbm(ww, n, 2, 2, rng, 3)
        c = rng.uniform(-0.4, 1.4)
        cathedral = np.sqrt(((u - c) * 1.0) ** 2 + 0.02 * (v - rng.random()) ** 2 + 0.02)
        rings = 0.5 + 0.5 * np.sin((cathedral * 22 + warp * 3.2) * 2 * math.pi * 0.55)
        fine = fbm(ww, n, 40, 3, rng, 4, 0.6)
        pores = (fbm(ww, n, 70, 10, rng, 2, 0.6) > 0.70) * 0.35
        tone = rng.uniform(-0.10, 0.10)
        t = 0.22 + 0.26 * rings**2 + 0.35 * (fine - 0.5) + pores + tone
        out[:, x0:x1] = mix((222, 197, 160), (178, 143, 102), t)
        out[:, x0 : x0 + 1] *= 0.86
    save(out, path, 88)


def vinyl(path, n=1024):
    """1.5 m square, sheet vinyl with fine chips."""
    rng = np.random.default_rng(5)
    base = mix((184, 189, 180), (174, 180, 172), fbm(n, n, 6, 6, rng, 4))
    for cells, lo, col, amt in (
        (150, 0.80, (150, 159, 150), 0.55),
        (190, 0.83, (220, 221, 214), 0.7),
        (120, 0.865, (130, 147, 144), 0.5),
        (220, 0.85, (212, 203, 184), 0.6),
    ):
        m = noise(n, n, cells, cells, rng)
        m = np.clip((m - lo) * 18, 0, 1) * amt
        base = base * (1 - m[..., None]) + np.array(col, float) * m[..., None]
    save(base, path, 90)


def ceiling(path, n=512):
    """One 600 mm tile with its half T-bars."""
    rng = np.random.default_rng(7)
    a = np.ones((n, n, 3)) * np.array((243, 241, 236), float)
    a *= (0.985 + 0.03 * fbm(n, n, 8, 8, rng, 3))[..., None]
    pin = np.clip((noise(n, n, 128, 128, rng) - 0.86) * 12, 0, 1)
    a *= (1 - 0.16 * pin)[..., None]
    d = np.minimum.reduce(
        [
            np.arange(n)[None, :].repeat(n, 0),
            n - 1 - np.arange(n)[None, :].repeat(n, 0),
            np.arange(n)[:, None].repeat(n, 1),
            n - 1 - np.arange(n)[:, None].repeat(n, 1),
        ]
    )
    a[d < 10] = (241, 240, 236)
    a[(d >= 10) & (d < 13)] = (172, 169, 162)
    a[(d >= 13) & (d < 17)] *= 0.95
    save(a, path, 92)


def fabric(path, n=512):
    """Mattress cover, 30 cm, sage, fine weave and a soft mottling."""
    rng = np.random.default_rng(9)
    x = np.arange(n)
    wv = 0.5 + 0.25 * np.sin(x[None, :] * 2 * math.pi * 64 / n) + 0.25 * np.sin(x[:, None] * 2 * math.pi * 64 / n)
    t = 0.25 * wv + 0.5 * fbm(n, n, 8, 8, rng, 5) + 0.15 * rng.random((n, n))
    save(mix((150, 171, 160), (120, 142, 132), t), path, 88)


def blanket(path, n=512):
    rng = np.random.default_rng(19)
    x = np.arange(n)
    rib = 0.5 + 0.5 * np.sin(x[:, None] * 2 * math.pi * 40 / n + 1.2 * np.sin(x[None, :] * 2 * math.pi * 40 / n))
    t = 0.55 * rib + 0.3 * fbm(n, n, 10, 10, rng, 5) + 0.15 * rng.random((n, n))
    a = mix((234, 229, 217), (196, 192, 182), t)
    save(a, path, 88)


def carbon(path, n=512):
    """2x2 twill, 8 cm."""
    k = 16
    c = n // k
    i = np.arange(n) // c
    over = ((i[None, :] + i[:, None]) % 4) < 2
    u = (np.arange(n) % c) / c
    across = np.where(over, np.abs(u[None, :] - 0.5).repeat(n, 0), np.abs(u[:, None] - 0.5).repeat(n, 1)) * 2
    rng = np.random.default_rng(2)
    t = np.where(over, 0.35, 0.62) * (1 - 0.5 * across) + 0.05 * rng.random((n, n))
    save(mix((20, 21, 23), (62, 64, 68), t), path, 90)


def mask(path, n=512):
    """Thermoplastic sheet: round holes in a staggered grid, alpha-tested."""
    im = Image.new("RGBA", (n * 2, n * 2), (232, 236, 238, 255))
    d = ImageDraw.Draw(im)
    s = n * 2 // 16
    r = s * 0.30
    for j in range(-1, 18):
        for i in range(-1, 18):
            x = i * s + (s / 2 if j % 2 else 0)
            y = j * s
            d.ellipse((x - r, y - r, x + r, y + r), fill=(225, 230, 233, 0))
    save(im.resize((n, n), Image.LANCZOS), path)


def normal(path, height, strength):
    """Tangent-space normal picture (glTF: +Y up) of a tiling height field; strength in height units a texel."""
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * 0.5 * strength
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * 0.5 * strength
    n = np.stack([-dx, dy, np.ones_like(dx)], -1)
    n /= np.linalg.norm(n, axis=-1, keepdims=True)
    save((n * 0.5 + 0.5) * 255, path, 92)


def bump_vinyl(path, n=512):
    """Orange-peel grain of sheet vinyl, 1.5 m."""
    rng = np.random.default_rng(31)
    normal(path, fbm(n, n, 200, 200, rng, 2, 0.7), 4.0)


def rough_vinyl(path, n=512):
    """Where the mop went and where feet polish: roughness 0.27 to 0.42, in G."""
    rng = np.random.default_rng(32)
    r = 0.30 + 0.10 * fbm(n, n, 5, 5, rng, 5) + 0.03 * noise(n, n, 150, 150, rng)
    save(np.stack([np.ones((n, n)), np.clip(r, 0.2, 0.6), np.zeros((n, n))], -1) * 255, path, 88)


def bump_roller(path, n=512):
    """Paint put on with a short-pile roller, 60 cm."""
    rng = np.random.default_rng(33)
    normal(path, fbm(n, n, 64, 48, rng, 3, 0.6), 3.2)


def bump_oak(path, n=512):
    """Open pores along the grain, joints of the staves."""
    rng = np.random.default_rng(34)
    h = -np.clip((fbm(n, n, 90, 8, rng, 2, 0.6) - 0.58) * 5, 0, 1) + 0.25 * fbm(n, n, 60, 3, rng, 3)
    x = np.arange(n) % (n // 6)
    h[:, x < 1] -= 0.8
    normal(path, h, 1.6)


def bump_fabric(path, n=256):
    x = np.arange(n)
    rng = np.random.default_rng(35)
    normal(
        path,
        0.3 * np.sin(x[None, :] * 2 * math.pi * 64 / n) + 0.3 * np.sin(x[:, None] * 2 * math.pi * 64 / n) + 0.8 * fbm(n, n, 6, 6, rng, 3),
        1.2,
    )


def bump_blanket(path, n=256):
    x = np.arange(n)
    rng = np.random.default_rng(36)
    normal(
        path, np.sin(x[:, None] * 2 * math.pi * 40 / n + 1.2 * np.sin(x[None, :] * 2 * math.pi * 40 / n)) + 0.6 * rng.random((n, n)), 0.9
    )


def shadow(path, n=128):
    """A soft rounded shadow: black, its strength in alpha."""
    im = Image.new("L", (n, n), 0)
    ImageDraw.Draw(im).rounded_rectangle((n * 0.22, n * 0.22, n * 0.78, n * 0.78), n * 0.16, fill=255)
    a = np.asarray(im.filter(ImageFilter.GaussianBlur(n * 0.085)), float) * 0.42
    Image.fromarray(np.concatenate([np.zeros((n, n, 3)), a[..., None]], -1).astype(np.uint8), "RGBA").save(path)


def all_textures(folder):
    import palette, scenery, signs

    os.makedirs(folder, exist_ok=True)
    palette.pictures(folder)
    for draw, name in (
        (oak, "oak.jpg"),
        (vinyl, "vinyl.jpg"),
        (ceiling, "ceiling.jpg"),
        (fabric, "fabric.jpg"),
        (blanket, "blanket.jpg"),
        (carbon, "carbon.jpg"),
        (mask, "mask.png"),
        (shadow, "shadow.png"),
        (bump_vinyl, "vinyl_n.jpg"),
        (rough_vinyl, "vinyl_rm.jpg"),
        (bump_roller, "roller_n.jpg"),
        (bump_oak, "oak_n.jpg"),
        (bump_fabric, "fabric_n.jpg"),
        (bump_blanket, "blanket_n.jpg"),
        (scenery.sky, "sky.jpg"),
        (scenery.view, "view.jpg"),
        (signs.signs, "signs.jpg"),
        (signs.screens, "screens.jpg"),
    ):
        if not os.path.exists(f"{folder}/{name}"):
            draw(f"{folder}/{name}")
