"""The bore with its rolling floor, the nozzle with its snout, the two X-ray panels."""

import math
from kit import *
from proton_gantry.size import *
from signs import SIGNS, SCREENS


def bore():
    aF = math.degrees(math.asin(-ISO / R))
    M = Matrix.Translation((0, 0, ISO)) @ Matrix.Rotation(math.radians(90), 4, "X")  # local z -> -y

    # bezel: soft torus-like trim proud of the wall, with a light slot on its inside
    def arcrow(r, y):
        return [
            Vector((r * math.cos(math.radians(a)), y, ISO + r * math.sin(math.radians(a))))
            for a in [aF + (180 - 2 * aF) * k / 128 for k in range(129)]
        ]

    prof = [
        (R + 0.125, YG + 0.005),
        (R + 0.122, YG - 0.035),
        (R + 0.11, YG - 0.055),
        (R + 0.09, YG - 0.064),
        (R + 0.05, YG - 0.062),
        (R + 0.028, YG - 0.05),
        (R + 0.02, YG - 0.03),
        (R + 0.02, YG + 0.0),
    ]
    grid_mesh([arcrow(r, y) for r, y in prof], "cover", "bezel", "static", sharp=50)
    grid_mesh([arcrow(R + 0.02, YG), arcrow(R + 0.02, YG + 0.035)], "ring", "ring_front", "emit")
    grid_mesh([arcrow(R + 0.02, YG + 0.035), arcrow(R, YG + 0.036), arcrow(R, YG + 0.05)], "cover", "lip", "static", sharp=30)
    # moving wall: flat slats along the axis, 8 mm grooves 4 mm deep
    pitch = 0.115
    nsl = int(math.radians(180 - 2 * aF) * R / pitch)
    rows_f = []
    pts = []
    for k in range(nsl):
        a0 = math.radians(aF + (180 - 2 * aF) * k / nsl)
        a1 = math.radians(aF + (180 - 2 * aF) * (k + 1) / nsl)
        g = 0.0028 / R
        for a, r in ((a0 + 1e-4, R + 0.005), (a0 + g, R), (a1 - g, R), (a1 - 1e-4, R + 0.005)):
            pts.append((r * math.cos(a), ISO + r * math.sin(a)))
    y0, y1 = YG + 0.05, YE
    grid_mesh([[Vector((x, y0, z)) for x, z in pts], [Vector((x, y1, z)) for x, z in pts]], "shell", "shell", "static", sharp=15)
    # end wall with a lit ring, recesses for the imagers
    rr = [(R, YE - 0.001), (R - 0.05, YE - 0.001)]
    grid_mesh([arcrow(R, YE), arcrow(R - 0.03, YE)], "shell", "end_rim", "static")
    grid_mesh([arcrow(R - 0.03, YE), arcrow(R - 0.05, YE)], "ring", "ring_back", "emit")
    outer = arcrow(R - 0.05, YE)
    inner = arcrow(0.62, YE)
    for p in outer + inner:
        p.z = max(p.z, 0)
    n = len(outer)
    hub = [
        Vector((0.62 * math.cos(t), YE, ISO + 0.62 * math.sin(t)))
        for t in [math.radians(aF + (180 - 2 * aF) * k / 128) for k in range(129)]
    ]
    me = mesh_from(
        outer + hub + [Vector((0, YE, ISO)), Vector((outer[0].x, YE, 0)), Vector((outer[-1].x, YE, 0))],
        [[i, i + 1, n + i + 1, n + i] for i in range(n - 1)]
        + [[n + i, n + i + 1, 2 * n] for i in range(n - 1)]
        + [[2 * n + 1, 0, n, 2 * n], [2 * n, 2 * n - 1, n - 1, 2 * n + 2], [2 * n + 1, 2 * n, 2 * n + 2]],
    )
    for p in me.polygons:
        if p.normal.y > 0:
            p.flip()
    finish("end_wall", me, ["cover"], "static")
    # hub ring and cable entry on the end wall
    for r in (0.62, 1.2):
        grid_mesh([arcrow(r + 0.004, YE - 0.0005)[::2], arcrow(r - 0.004, YE - 0.0005)[::2]], "cover_grey", "groove", "detail", sharp=80)
    # rolling floor: slats across, steel threshold, hazard edge
    w = 2 * math.sqrt(R * R - ISO * ISO) + 0.02
    ny = 19
    pr = []
    for k in range(ny):
        ya = YG + 0.03 + (YE - YG - 0.03) * k / ny
        yb = YG + 0.03 + (YE - YG - 0.03) * (k + 1) / ny
        pr += [(ya + 1e-4, -0.005), (ya + 0.0028, 0), (yb - 0.0028, 0), (yb - 1e-4, -0.005)]
    grid_mesh(
        [[Vector((-w / 2, y, z)) for y, z in pr], [Vector((w / 2, y, z)) for y, z in pr]],
        "slat",
        "rolling_floor",
        "static",
        sharp=15,
        flip=True,
    )
    box("rf_under", (w, YE - YG + 0.1, 0.01), (0, (YE + YG) / 2, -0.025), "rubber", bevel=0, group="detail")
    box("threshold", (w, 0.06, 0.012), (0, YG, -0.002), "steel", bevel=0.002, group="detail")
    for k in range(-2, 3):
        quad("hz", (k * 0.5, YG - 0.075, 0.0015), (1, 0, 0), (0, 1, 0), 0.5, 0.05, "signs", rect=SIGNS["hazard"])


def nozzle():
    """Gantry angle 0: beam straight down. Radii from the isocentre along +z."""
    g = "gantry"

    def sec(r, w, d, k, n=96):  # superellipse section, exponent k
        out = []
        for i in range(n):
            t = 2 * math.pi * i / n
            c, s = math.cos(t), math.sin(t)
            out.append(Vector((w / 2 * math.copysign(abs(c) ** (2 / k), c), d / 2 * math.copysign(abs(s) ** (2 / k), s) + 0.02, ISO + r)))
        return out

    S = [
        (1.655, 1.34, 1.44, 7),
        (1.63, 1.30, 1.40, 7),
        (1.60, 1.235, 1.33, 6.5),
        (1.56, 1.17, 1.25, 6),
        (1.50, 1.10, 1.16, 5.5),
        (1.40, 1.02, 1.06, 5.2),
        (1.26, 0.95, 0.97, 5),
        (1.12, 0.90, 0.91, 5),
    ]
    grid_mesh([sec(*s) for s in S], "cover", "noz_cover", g, closed_u=True, sharp=60, flip=True)
    S = [(1.12, 0.90, 0.91, 5), (1.115, 0.885, 0.895, 5), (1.108, 0.885, 0.895, 5), (1.103, 0.90, 0.91, 5)]
    grid_mesh([sec(*s) for s in S], "accent", "noz_stripe", g, closed_u=True, sharp=60, flip=True)
    S = [
        (1.103, 0.90, 0.91, 5),
        (1.0, 0.868, 0.878, 5),
        (0.93, 0.835, 0.845, 5),
        (0.895, 0.80, 0.81, 5),
        (0.875, 0.76, 0.77, 5.2),
        (0.865, 0.70, 0.71, 5.5),
        (0.862, 0.58, 0.58, 6),
    ]
    grid_mesh([sec(*s) for s in S], "cover", "noz_lower", g, closed_u=True, sharp=60, flip=True, caps=((6, True),))
    T = lambda z: ISO + z
    for s in (-1, 1):
        box("status", (0.10, 0.006, 0.012), (s * 0.16, 0.02 - 0.4355, T(0.985)), "status", g, bevel=0.003)
    box("touch", (0.006, 0.12, 0.12), (0.452, -0.1, T(1.03)), "dark", g, bevel=0.003)
    # joints between the cover's halves, and the screws that hold them
    for s in (-1, 1):
        for z, y in ((1.02, -0.30), (1.02, 0.34), (0.95, -0.30), (0.95, 0.34)):
            x = 0.437 if z > 1 else 0.421
            cyl("screw", 0.007, (s * x, y, T(z)), (s * (x + 0.0035), y, T(z)), "cover_grey", g, bevel=0.001, segs=12)
    for x in (-0.30, 0.30):
        cyl("screw", 0.007, (x, 0.02 - 0.4335, T(1.03)), (x, 0.02 - 0.4375, T(1.03)), "cover_grey", g, bevel=0.001, segs=12)
    quad("label", (0.0, 0.02 - 0.4355, T(1.045)), (1, 0, 0), (0, 0, 1), 0.16, 0.053, "signs", g, SIGNS["label"])


def snout():
    """Its own node: slides along the beam towards the isocentre, 0 as modelled (front 0.441 m from the isocentre)."""
    g = "snout"
    T = lambda z: ISO + z
    box("snout_collar", (0.54, 0.54, 0.05), (0, 0.02, T(0.845)), "cover_grey", "gantry", bevel=0.012, segs=3)
    box("snout", (0.43, 0.43, 0.52), (0, 0.02, T(0.735)), "cover", g, bevel=0.014, segs=4)
    box("snout_band", (0.436, 0.436, 0.018), (0, 0.02, T(0.735)), "accent", g, bevel=0.003)
    for sx in (-1, 1):
        for sy in (-1, 1):
            cyl("rail", 0.016, (sx * 0.236, 0.02 + sy * 0.236, T(0.99)), (sx * 0.236, 0.02 + sy * 0.236, T(0.52)), "steel", g, segs=20)
    for sx in (-1, 1):
        box("lug", (0.03, 0.50, 0.05), (sx * 0.236, 0.02, T(0.56)), "cover_grey", g, bevel=0.006)
    z = T(0.468)  # front frame
    for s in (-1, 1):
        box("fr", (0.46, 0.07, 0.045), (0, 0.02 + s * 0.195, z), "cover", g, bevel=0.008, segs=3)
        box("fr", (0.07, 0.32, 0.045), (s * 0.195, 0.02, z), "cover", g, bevel=0.008, segs=3)
    box("window", (0.33, 0.33, 0.004), (0, 0.02, T(0.47)), "kapton", g, bevel=0)
    for k in (-1, 0, 1):
        box("strip", (0.31, 0.0025, 0.002), (0, 0.02 + k * 0.1, T(0.467)), "brass", g, bevel=0)
        box("strip", (0.0025, 0.31, 0.002), (k * 0.1, 0.02, T(0.467)), "brass", g, bevel=0)
    for sx in (-1, 1):
        for sy in (-1, 1):
            cyl(
                "screw",
                0.011,
                (sx * 0.205, 0.02 + sy * 0.205, T(0.4465)),
                (sx * 0.205, 0.02 + sy * 0.205, T(0.441)),
                "steel",
                g,
                bevel=0.002,
                segs=20,
            )
            cyl(
                "hex",
                0.0055,
                (sx * 0.205, 0.02 + sy * 0.205, T(0.4425)),
                (sx * 0.205, 0.02 + sy * 0.205, T(0.4405)),
                "dark",
                g,
                bevel=0.0005,
                segs=6,
            )
    for s in (-1, 1):
        tube(
            "handle",
            [
                (s * 0.215, -0.06, T(0.60)),
                (s * 0.252, -0.05, T(0.60)),
                (s * 0.256, 0.02, T(0.60)),
                (s * 0.252, 0.09, T(0.60)),
                (s * 0.215, 0.10, T(0.60)),
            ],
            0.009,
            "cover_grey",
            g,
        )
    quad("label", (0.0, 0.02 - 0.2165, T(0.645)), (1, 0, 0), (0, 0, 1), 0.26, 0.087, "signs", g, SIGNS["label"])


# panel centre at rest: x (left is negative), y, z
PANEL = (0.80, YE - 0.045, ISO + 0.42)


def imagers():
    """X-ray panels folded flat on the end wall. `imager_*` slides out of the wall on two rails, `panel_*` turns on its post."""
    for s, side in ((-1, "l"), (1, "r")):
        x, y, zc = s * PANEL[0], PANEL[1], PANEL[2]
        a, p = "imager_" + side, "panel_" + side
        box("im_frame", (0.54, 0.05, 0.54), (x, y, zc), "cover", p, bevel=0.014, segs=3)
        box("im_glass", (0.43, 0.012, 0.43), (x, y - 0.024, zc), "panel_glass", p, bevel=0.004)
        box("im_line", (0.47, 0.006, 0.47), (x, y - 0.0225, zc), "cover_grey", p, bevel=0.002)
        box("im_led", (0.03, 0.004, 0.008), (x - s * 0.20, y - 0.0255, zc - 0.245), "leaf_light", p, bevel=0.001)
        for k in (-1, 1):
            cyl("im_pin", 0.026, (x, y + 0.045, zc + k * 0.285 - 0.02), (x, y + 0.045, zc + k * 0.285 + 0.02), "cover_grey", p)
        cyl("im_post", 0.020, (x, y + 0.045, zc - 0.31), (x, y + 0.045, zc + 0.31), "steel", a)
        for k in (-1, 1):  # rails that come out of the wall
            box("im_rail", (0.05, 1.0, 0.05), (x, y + 0.045 + 0.50, zc + k * 0.335), "steel", a, bevel=0.006)
            box("im_cap", (0.06, 0.05, 0.06), (x, y + 0.045, zc + k * 0.335), "cover_grey", a, bevel=0.01)
            box("im_port", (0.11, 0.014, 0.11), (x, YE - 0.004, zc + k * 0.335), "cover_grey", "detail", bevel=0.006)
            box("im_hole", (0.07, 0.004, 0.07), (x, YE - 0.0125, zc + k * 0.335), "gap", "detail", bevel=0)
