"""Signs (one atlas, 2048 x 2048) and screens (one atlas, 2048 x 1024). Words are in French and English and calm; the rest is pictograms."""

import glob, math, os
import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageFilter
from textures import fbm, mix, save

HERE = os.path.dirname(os.path.abspath(__file__))
# the project's own typeface, in its two weights
FONT = os.path.join(HERE, "../../assets/fonts/AtkinsonNext-%d.ttf")
WEIGHT = {"Regular": 400, "Medium": 400, "SemiBold": 700, "Bold": 700}


def font(size, weight="SemiBold"):
    return ImageFont.truetype(FONT % WEIGHT[weight], size)


# rectangles in pixels: x, y, w, h
SIGNS = {
    "room": (0, 0, 760, 300),
    "number": (760, 0, 300, 300),
    "clock": (1060, 0, 400, 400),
    "trefoil": (1460, 0, 320, 400),
    "gel": (1780, 0, 260, 240),
    "keys": (1780, 240, 260, 160),
    "laser": (0, 300, 260, 320),
    "exit": (260, 300, 420, 180),
    "label": (260, 480, 420, 140),
    "hazard": (680, 400, 640, 64),
    "scale": (680, 464, 900, 60),
    "vent": (1600, 400, 160, 160),
    "estop": (1760, 400, 180, 180),
    "calm": (0, 620, 760, 480),
    "camera": (760, 640, 300, 300),
    "intercom": (1060, 640, 240, 360),
    "art": (1300, 600, 748, 500),
    "way": (760, 940, 300, 160),
    "bin": (1060, 1000, 120, 100),
    "tag": (1180, 1000, 120, 100),
    "leafpanel": (0, 1100, 500, 948),
    "landscape": (500, 1100, 1000, 640),
    "notice": (1500, 1100, 548, 400),
    "certificate": (1500, 1500, 260, 340),
    "plate": (500, 1740, 500, 160),
    "socket": (1000, 1740, 120, 120),
    "caution": (1120, 1740, 200, 160),
}
SCREENS = {
    "hello": (0, 0, 1024, 600),
    "camera1": (1024, 0, 512, 300),
    "camera2": (1536, 0, 512, 300),
    "breath": (1024, 300, 512, 300),
    "day": (1536, 300, 512, 300),
    "position": (0, 600, 512, 300),
}

INK, SOFT, TEAL, PAPER = (44, 62, 66), (96, 112, 116), (94, 135, 140), (244, 242, 237)


def person_lying(d, x, y, s, fill, couch):
    """Pictogram: someone lying on a couch, head to the right; s = length."""
    d.rounded_rectangle((x, y + 0.06 * s, x + s, y + 0.11 * s), 0.02 * s, fill=couch)
    d.rounded_rectangle((x + 0.42 * s, y + 0.11 * s, x + 0.52 * s, y + 0.30 * s), 0.02 * s, fill=couch)
    d.ellipse((x + 0.83 * s, y - 0.12 * s, x + 0.99 * s, y + 0.04 * s), fill=fill)
    d.rounded_rectangle((x + 0.03 * s, y - 0.06 * s, x + 0.80 * s, y + 0.045 * s), 0.05 * s, fill=fill)
    d.rounded_rectangle((x + 0.50 * s, y - 0.105 * s, x + 0.80 * s, y + 0.02 * s), 0.06 * s, fill=fill)


def person(d, x, y, s, fill):
    """Pictogram: head and shoulders, centre x, top y."""
    d.ellipse((x - 0.22 * s, y, x + 0.22 * s, y + 0.44 * s), fill=fill)
    d.pieslice((x - 0.46 * s, y + 0.52 * s, x + 0.46 * s, y + 1.5 * s), 180, 360, fill=fill)


def trefoil(d, cx, cy, r, fg, bg):
    for k in range(3):
        d.pieslice((cx - r, cy - r, cx + r, cy + r), 240 + k * 120, 300 + k * 120, fill=fg)
    d.ellipse((cx - r * 0.30, cy - r * 0.30, cx + r * 0.30, cy + r * 0.30), fill=bg)
    d.ellipse((cx - r * 0.2, cy - r * 0.2, cx + r * 0.2, cy + r * 0.2), fill=fg)


def landscape(w, h, seed):
    """A quiet print: layered hills and a pale sun, in the room's own colours."""
    rng = np.random.default_rng(seed)
    y = np.linspace(0, 1, h)[:, None].repeat(w, 1)
    x = np.linspace(0, 1, w)[None, :].repeat(h, 0)
    a = mix((238, 232, 216), (248, 240, 226), y)
    r = np.hypot((x - 0.68) * w / h, y - 0.34)
    t = np.clip((0.105 - r) * h / 2, 0, 1)[..., None]
    a = a * (1 - t) + np.array((236, 190, 140.0)) * t
    for k, (top, amp, col) in enumerate(
        (
            (0.46, 0.14, (198, 212, 208)),
            (0.56, 0.12, (164, 190, 184)),
            (0.67, 0.10, (128, 164, 156)),
            (0.78, 0.08, (94, 136, 132)),
            (0.89, 0.06, (66, 106, 106)),
        )
    ):
        line = top + amp * (fbm(w, 1, 2 + k, 1, rng, 4)[0] - 0.5) * 2
        t = np.clip((y - line[None, :]) * h / 2, 0, 1)[..., None]
        a = a * (1 - t) + np.array(col, float) * t
    return Image.fromarray(np.clip(a + rng.normal(0, 2.2, a.shape), 0, 255).astype(np.uint8))


def leaf_art(w, h, ground, tones, seed, n=5):
    """Large flat leaves on a plain ground, like a lino print."""
    from scenery import leaf_polygon

    rng = np.random.default_rng(seed)
    k = 2
    im = Image.new("RGB", (w * k, h * k), ground)
    d = ImageDraw.Draw(im)
    for s in range(n):
        x0 = (s + 0.5) / n * w + rng.normal(0, w * 0.03)
        lean = rng.normal(0, 0.10)
        top = h * rng.uniform(0.08, 0.30)
        P = [(x0 + lean * (h - t), t) for t in np.linspace(h * 1.02, top, 24)]
        col = tones[s % len(tones)]
        d.line([(a * k, b * k) for a, b in P], fill=col, width=int(2.2 * k))
        for i in range(3, 24, 2):
            for side in (-1, 1):
                l = w * 0.12 * (1.15 - i / 30)
                poly, _ = leaf_polygon(*P[i], l, l * 0.24, -math.pi / 2 + side * rng.uniform(0.75, 1.0) + lean)
                d.polygon([(a * k, b * k) for a, b in poly], fill=col)
    return im.resize((w, h), Image.LANCZOS)


def signs(path):
    im = Image.new("RGB", (2048, 2048), (235, 233, 228))
    d = ImageDraw.Draw(im)

    def box(k, fill):
        x, y, w, h = SIGNS[k]
        d.rectangle((x, y, x + w - 1, y + h - 1), fill=fill)
        return x, y, w, h

    def mid(x, y, text, size, weight="SemiBold", fill=INK):
        d.text((x, y), text, font=font(size, weight), fill=fill, anchor="mm")

    x, y, w, h = box("room", PAPER)
    d.rectangle((x, y, x + 20, y + h), fill=TEAL)
    d.text((x + 56, y + 34), "Salle de traitement 2", font=font(58), fill=INK)
    d.text((x + 56, y + 114), "Treatment room 2", font=font(46, "Regular"), fill=SOFT)
    d.text((x + 56, y + 206), "Protonthérapie · Proton therapy", font=font(36, "Medium"), fill=TEAL)
    x, y, w, h = box("number", TEAL)
    mid(x + w / 2, y + h / 2 - 6, "2", 210, "Bold", (246, 246, 240))
    x, y, w, h = box("clock", (246, 245, 241))
    cx, cy = x + 200, y + 200
    for k in range(60):
        a = k * math.pi / 30
        r0, wd = (150, 9) if k % 5 == 0 else (166, 3)
        d.line((cx + r0 * math.sin(a), cy - r0 * math.cos(a), cx + 178 * math.sin(a), cy - 178 * math.cos(a)), fill=(40, 44, 46), width=wd)
    for a, r, wd, col in (
        (math.radians(9.45 * 30), 96, 13, (36, 40, 42)),
        (math.radians(27 * 6), 146, 9, (36, 40, 42)),
        (math.radians(80), 156, 3, (196, 84, 60)),
    ):
        d.line((cx - 22 * math.sin(a), cy + 22 * math.cos(a), cx + r * math.sin(a), cy - r * math.cos(a)), fill=col, width=wd)
    d.ellipse((cx - 10, cy - 10, cx + 10, cy + 10), fill=(36, 40, 42))
    for key, cap in (("trefoil", ("ZONE CONTRÔLÉE", "Controlled area")), ("laser", ("LASER", "Classe 2 · Class 2"))):
        x, y, w, h = box(key, (247, 205, 40))
        d.rectangle((x, y, x + w - 1, y + h - 1), outline=(28, 26, 24), width=7)
        c = (x + w / 2, y + h * 0.38)
        if key == "trefoil":
            trefoil(d, *c, 112, (28, 26, 24), (247, 205, 40))
        else:
            for k in range(12):
                a = k * math.pi / 6
                d.line((*c, c[0] + 76 * math.cos(a), c[1] + 76 * math.sin(a)), fill=(28, 26, 24), width=5)
            d.ellipse((c[0] - 20, c[1] - 20, c[0] + 20, c[1] + 20), fill=(28, 26, 24))
            d.line((*c, c[0] + 112, c[1]), fill=(28, 26, 24), width=7)
        mid(x + w / 2, y + h * 0.77, cap[0], 30 if key == "trefoil" else 40, "Bold", (28, 26, 24))
        mid(x + w / 2, y + h * 0.89, cap[1], 26, "Medium", (28, 26, 24))
    x, y, w, h = box("gel", (238, 243, 244))
    d.rounded_rectangle((x + 60, y + 40, x + 200, y + 128), 16, fill=(78, 140, 170))
    mid(x + 130, y + 84, "GEL", 48, "Bold", (255, 255, 255))
    d.polygon([(x + 130, y + 140), (x + 112, y + 172), (x + 148, y + 172)], fill=(78, 140, 170))
    d.ellipse((x + 110, y + 158, x + 150, y + 198), fill=(78, 140, 170))
    x, y, w, h = box("keys", (44, 48, 52))
    for j in range(3):
        for i in range(5):
            d.rounded_rectangle(
                (x + 12 + i * 48, y + 14 + j * 46, x + 50 + i * 48, y + 50 + j * 46),
                7,
                fill=(94, 190, 150) if (i, j) == (4, 0) else (82, 88, 94),
            )
    x, y, w, h = box("exit", (30, 132, 84))
    d.rectangle((x + 300, y + 30, x + 372, y + 150), outline=(240, 255, 246), width=9)
    d.line((x + 215, y + 90, x + 330, y + 90), fill=(240, 255, 246), width=12)
    d.polygon([(x + 350, y + 90), (x + 312, y + 64), (x + 312, y + 116)], fill=(240, 255, 246))
    d.ellipse((x + 104, y + 26, x + 132, y + 54), fill=(240, 255, 246))
    d.line((x + 112, y + 62, x + 96, y + 106, x + 70, y + 140), fill=(240, 255, 246), width=14)
    d.line((x + 98, y + 104, x + 128, y + 122, x + 130, y + 152), fill=(240, 255, 246), width=14)
    d.line((x + 110, y + 70, x + 140, y + 92), fill=(240, 255, 246), width=11)
    d.line((x + 106, y + 70, x + 76, y + 86), fill=(240, 255, 246), width=11)
    x, y, w, h = box("label", (240, 241, 240))
    rng = np.random.default_rng(1)
    d.text((x + 18, y + 12), "Serie 04-217  ·  230 MeV max", font=font(24, "Medium"), fill=(60, 64, 66))
    d.text((x + 18, y + 48), "Ne pas s'appuyer · Do not lean", font=font(23, "Regular"), fill=(60, 64, 66))
    for k in range(48):
        d.rectangle((x + 20 + k * 8, y + 92, x + 20 + k * 8 + int(rng.integers(1, 6)), y + 126), fill=(40, 40, 40))
    x, y, w, h = SIGNS["hazard"]
    strip = Image.new("RGB", (w, h), (226, 196, 92))
    sd = ImageDraw.Draw(strip)
    for k in range(-2, 22):
        sd.polygon([(k * 32, h), (k * 32 + 16, h), (k * 32 + 48, 0), (k * 32 + 32, 0)], fill=(70, 72, 70))
    im.paste(strip, (x, y))
    x, y, w, h = box("scale", (28, 29, 31))
    for k in range(45):
        d.line((x + k * 20, y, x + k * 20, y + (34 if k % 5 == 0 else 18)), fill=(225, 225, 220), width=3)
        if k % 5 == 0:
            d.text((x + k * 20 + 5, y + 34), str(k // 5 * 10), font=font(20, "Medium"), fill=(225, 225, 220))
    x, y, w, h = box("vent", (232, 232, 228))
    for k in range(9):
        d.rectangle((x + 12, y + 14 + k * 15, x + 148, y + 20 + k * 15), fill=(132, 132, 130))
    x, y, w, h = box("estop", (246, 214, 60))
    mid(x + 90, y + 24, "ARRÊT", 28, "Bold")
    mid(x + 90, y + 156, "STOP", 28, "Bold")
    x, y, w, h = box("calm", (247, 246, 242))
    person(d, x + 96, y + 48, 84, TEAL)
    person(d, x + 170, y + 74, 68, (156, 186, 184))
    d.text((x + 250, y + 44), "Vous n'êtes pas seul.", font=font(48), fill=(52, 84, 88))
    d.text((x + 250, y + 108), "You are not alone.", font=font(38, "Regular"), fill=SOFT)
    d.text((x + 44, y + 236), "Nous vous voyons et vous entendons.", font=font(36, "Medium"), fill=(70, 90, 94))
    d.text((x + 44, y + 284), "We see you and hear you.", font=font(31, "Regular"), fill=SOFT)
    d.text((x + 44, y + 364), "Levez la main : nous venons.", font=font(36, "Medium"), fill=(70, 90, 94))
    d.text((x + 44, y + 412), "Raise your hand: we come.", font=font(31, "Regular"), fill=SOFT)
    x, y, w, h = box("camera", PAPER)
    d.rounded_rectangle((x + 60, y + 96, x + 200, y + 200), 18, fill=TEAL)
    d.polygon([(x + 205, y + 140), (x + 246, y + 112), (x + 246, y + 186), (x + 205, y + 158)], fill=TEAL)
    d.ellipse((x + 106, y + 122, x + 156, y + 172), fill=PAPER)
    d.ellipse((x + 118, y + 134, x + 144, y + 160), fill=TEAL)
    x, y, w, h = box("intercom", (60, 66, 70))
    for j in range(5):
        for i in range(7):
            d.ellipse((x + 58 + i * 20, y + 40 + j * 20, x + 68 + i * 20, y + 50 + j * 20), fill=(30, 33, 36))
    d.ellipse((x + 76, y + 176, x + 164, y + 264), fill=(226, 228, 226))
    d.ellipse((x + 82, y + 182, x + 158, y + 258), outline=(150, 160, 160), width=3)
    person(d, x + 120, y + 196, 34, TEAL)
    d.ellipse((x + 112, y + 300, x + 128, y + 316), fill=(110, 210, 160))
    x, y, w, h = SIGNS["art"]
    im.paste(leaf_art(w, h, (240, 235, 224), ((122, 158, 146), (176, 196, 170), (212, 176, 132), (94, 135, 140)), 5, 5), (x, y))
    x, y, w, h = SIGNS["leafpanel"]
    im.paste(leaf_art(w, h, (226, 230, 222), ((150, 178, 166), (178, 200, 186), (132, 166, 158)), 9, 4), (x, y))
    x, y, w, h = SIGNS["landscape"]
    im.paste(landscape(w, h, 4), (x, y))
    x, y, w, h = box("way", PAPER)
    d.line((x + 40, y + 80, x + 220, y + 80), fill=TEAL, width=18)
    d.polygon([(x + 262, y + 80), (x + 206, y + 36), (x + 206, y + 124)], fill=TEAL)
    x, y, w, h = box("bin", (230, 230, 226))
    d.rounded_rectangle((x + 38, y + 30, x + 82, y + 84), 6, fill=SOFT)
    d.rectangle((x + 30, y + 20, x + 90, y + 27), fill=SOFT)
    x, y, w, h = box("tag", (250, 250, 248))
    d.rectangle((x, y, x + w, y + 22), fill=TEAL)
    d.rectangle((x + 10, y + 38, x + 106, y + 52), fill=(120, 140, 142))
    d.rectangle((x + 10, y + 66, x + 96, y + 72), fill=(190, 196, 196))
    d.rectangle((x + 10, y + 80, x + 70, y + 86), fill=(190, 196, 196))
    x, y, w, h = box("notice", (250, 249, 246))
    d.rectangle((x, y, x + w, y + 66), fill=(150, 178, 166))
    mid(x + w / 2, y + 33, "Aujourd'hui · Today", 34, "SemiBold", (250, 250, 246))
    for k in range(5):
        d.ellipse(
            (x + 34, y + 96 + k * 58, x + 62, y + 124 + k * 58),
            fill=((94, 135, 140), (212, 176, 132), (150, 178, 166), (94, 135, 140), (196, 204, 200))[k],
        )
        d.rounded_rectangle((x + 86, y + 102 + k * 58, x + 86 + (380, 300, 410, 260, 340)[k], y + 118 + k * 58), 8, fill=(206, 210, 208))
    x, y, w, h = box("certificate", (250, 249, 245))
    d.rectangle((x + 14, y + 14, x + w - 14, y + h - 14), outline=(150, 178, 166), width=4)
    d.ellipse((x + 100, y + 220, x + 160, y + 280), fill=(212, 176, 132))
    for k in range(5):
        d.rectangle((x + 50, y + 70 + k * 26, x + w - 50 - 20 * (k % 2), y + 76 + k * 26), fill=(190, 196, 196))
    x, y, w, h = box("plate", (214, 216, 214))
    d.text((x + 22, y + 20), "Robot de positionnement", font=font(32, "Medium"), fill=(60, 68, 70))
    d.text((x + 22, y + 62), "Patient positioner", font=font(28, "Regular"), fill=(90, 98, 100))
    d.text((x + 22, y + 108), "max. 250 kg", font=font(30), fill=(60, 68, 70))
    x, y, w, h = box("socket", (240, 240, 238))
    d.ellipse((x + 18, y + 18, x + 102, y + 102), fill=(214, 214, 210))
    d.ellipse((x + 38, y + 54, x + 50, y + 66), fill=(60, 60, 60))
    d.ellipse((x + 70, y + 54, x + 82, y + 66), fill=(60, 60, 60))
    x, y, w, h = box("caution", (214, 216, 214))
    d.polygon([(x + 100, y + 14), (x + 24, y + 140), (x + 176, y + 140)], fill=(240, 200, 60), outline=(50, 50, 48))
    d.rounded_rectangle((x + 92, y + 56, x + 108, y + 104), 7, fill=(50, 50, 48))
    d.ellipse((x + 91, y + 112, x + 109, y + 130), fill=(50, 50, 48))
    save(im, path, 90)


def wave(d, x, y, w, h, periods, fill, width):
    pts = [
        (x + w * t, y + h * (0.5 - 0.42 * math.sin(2 * math.pi * periods * t) * (1 - 0.25 * math.sin(2 * math.pi * periods * t))))
        for t in np.linspace(0, 1, 240)
    ]
    d.line(pts, fill=fill, width=width, joint="curve")


def camera_view(w, h, k, close):
    """What the camera in the ceiling shows: the ring, the couch, someone under a blanket. Soft, nearly colourless."""
    im = Image.new("RGB", (w * k, h * k), (176, 186, 182))
    d = ImageDraw.Draw(im)
    S = lambda *p: [v * k for v in p]
    d.polygon(S(0, h * 0.52, w, h * 0.48, w, h, 0, h), fill=(158, 168, 164))
    cx = w * 0.56
    if not close:
        d.ellipse(S(cx - 105, 10, cx + 105, 220), fill=(226, 230, 228))
        d.ellipse(S(cx - 92, 23, cx + 92, 207), fill=(138, 146, 146))
        d.ellipse(S(cx - 60, 45, cx + 60, 165), fill=(160, 168, 168))
        d.polygon(S(0, h * 0.70, w, h * 0.66, w, h, 0, h), fill=(164, 174, 168))
        d.polygon(S(cx - 40, 20, cx + 30, 20, cx + 18, 92, cx - 28, 92), fill=(224, 228, 226))
        d.rectangle(S(cx - 20, 92, cx + 10, 112), fill=(200, 206, 206))
        d.polygon(S(cx - 150, 212, cx - 70, 246, cx + 24, 168, cx - 14, 156), fill=(70, 76, 78))
        d.polygon(S(cx - 140, 202, cx - 74, 232, cx + 18, 160, cx - 14, 148), fill=(214, 214, 204))
        d.ellipse(S(cx - 8, 134, cx + 30, 168), fill=(206, 186, 168))
        d.rounded_rectangle(S(30, 60, 92, 190), 6, fill=(196, 178, 148))
    else:
        d.polygon(S(60, h, 150, 40, 360, 40, 450, h), fill=(74, 80, 82))
        d.polygon(S(90, h, 168, 64, 342, 64, 420, h), fill=(128, 150, 140))
        d.rounded_rectangle(S(196, 44, 316, 140), 40, fill=(216, 216, 208))
        d.ellipse(S(212, 42, 300, 150), fill=(208, 190, 172))
        d.polygon(S(120, h, 184, 150, 328, 150, 392, h), fill=(226, 220, 206))
        for j in range(6):
            d.line(S(150 - j * 6, 176 + j * 22, 362 + j * 6, 176 + j * 22), fill=(204, 198, 184), width=2 * k)
    return im.resize((w, h), Image.LANCZOS).filter(ImageFilter.GaussianBlur(1.2))


def screens(path):
    k = 2
    im = Image.new("RGB", (2048, 1024), (20, 28, 34))
    x, y, w, h = SCREENS["hello"]
    yy = np.linspace(0, 1, h)[:, None].repeat(w, 1)
    im.paste(Image.fromarray(mix((104, 150, 158), (52, 96, 108), yy).astype(np.uint8)), (x, y))
    d = ImageDraw.Draw(im)
    d.text((x + 60, y + 52), "Bonjour", font=font(76), fill=(248, 250, 246))
    d.text((x + 64, y + 140), "Hello", font=font(48, "Regular"), fill=(206, 226, 226))
    d.text((x + w - 60, y + 64), "09:27", font=font(52, "Medium"), fill=(226, 238, 236), anchor="ra")
    person_lying(d, x + 100, y + 330, 440, (244, 246, 240), (150, 190, 192))
    d.ellipse((x + 690, y + 214, x + 910, y + 434), outline=(226, 240, 236), width=12)
    d.line((x + 742, y + 326, x + 784, y + 370, x + 862, y + 282), fill=(226, 240, 236), width=20, joint="curve")
    wave(d, x + 60, y + 480, w - 120, 90, 6, (172, 214, 210), 6)
    for key, close in (("camera1", False), ("camera2", True)):
        x, y, w, h = SCREENS[key]
        im.paste(camera_view(w, h, k, close), (x, y))
        d.rounded_rectangle((x + 14, y + 14, x + 74, y + 44), 8, fill=(40, 52, 56))
        d.ellipse((x + 22, y + 22, x + 36, y + 36), fill=(120, 214, 164))
        d.text((x + 44, y + 17), "1" if not close else "2", font=font(22), fill=(232, 238, 236))
    x, y, w, h = SCREENS["breath"]
    d.rectangle((x, y, x + w - 1, y + h - 1), fill=(26, 38, 44))
    for j, (col, n) in enumerate((((142, 214, 186), 4), ((150, 190, 220), 4), ((226, 200, 150), 4))):
        wave(d, x + 20, y + 24 + j * 90, w - 150, 74, n + j * 0.5, col, 4)
        d.rounded_rectangle((x + w - 112, y + 36 + j * 90, x + w - 20, y + 88 + j * 90), 10, fill=(38, 54, 62))
        d.ellipse((x + w - 76, y + 52 + j * 90, x + w - 56, y + 72 + j * 90), fill=col)
    x, y, w, h = SCREENS["day"]
    d.rectangle((x, y, x + w - 1, y + h - 1), fill=(232, 235, 232))
    d.rectangle((x, y, x + w, y + 44), fill=TEAL)
    d.text((x + 18, y + 8), "Aujourd'hui · Today", font=font(24, "Medium"), fill=(246, 248, 244))
    for j in range(5):
        yy = y + 60 + j * 46
        d.rounded_rectangle((x + 16, yy, x + w - 16, yy + 36), 9, fill=(214, 230, 222) if j == 1 else (244, 245, 243))
        d.ellipse((x + 30, yy + 8, x + 50, yy + 28), fill=(94, 170, 134) if j < 2 else (190, 198, 198))
        d.text((x + 66, yy + 6), f"0{8 + j // 2}:{'00' if j % 2 == 0 else '30'}" if j < 4 else "10:00", font=font(20, "Medium"), fill=SOFT)
        d.rounded_rectangle((x + 140, yy + 12, x + 140 + (180, 240, 150, 210, 190)[j], yy + 24), 5, fill=(190, 200, 198))
    x, y, w, h = SCREENS["position"]
    d.rectangle((x, y, x + w - 1, y + h - 1), fill=(26, 38, 44))
    person_lying(d, x + 36, y + 120, 250, (206, 222, 218), (90, 120, 124))
    d.line((x + 262, y + 40, x + 262, y + 230), fill=(120, 206, 164), width=2)
    d.line((x + 30, y + 108, x + 300, y + 108), fill=(120, 206, 164), width=2)
    for j, (lab, val) in enumerate((("X", "+0,2 mm"), ("Y", "−0,4 mm"), ("Z", "+0,1 mm"))):
        yy = y + 30 + j * 84
        d.rounded_rectangle((x + 326, yy, x + 494, yy + 70), 10, fill=(38, 54, 62))
        d.text((x + 342, yy + 18), lab, font=font(26, "Regular"), fill=(150, 170, 178))
        d.text((x + 376, yy + 20), val, font=font(24), fill=(150, 218, 184))
    save(im, path, 90)
