"""What stands and hangs in the treatment room: basin unit, mask shelf, trolley, screen, clock, stops, lasers, hooks, blankets, chair."""

import math, random
from kit import *
from proton_gantry.corridor import plant
from proton_gantry.couch import BASE
from proton_gantry.masks import face_mask
from proton_gantry.size import *
from signs import SIGNS, SCREENS


def furniture():
    # right wall: wash basin unit
    x = XW - 0.30
    yA, yB = -5.75, -3.95
    box("unit", (0.55, yB - yA, 0.74), (x + 0.02, (yA + yB) / 2, 0.10 + 0.37), "cover", "static", bevel=0.004, omit="+x")
    box("plinth", (0.49, yB - yA - 0.02, 0.10), (x + 0.05, (yA + yB) / 2, 0.05), "dark", "detail", bevel=0.002)
    for k in range(3):
        y = yA + 0.3 + k * 0.6
        box("front", (0.02, 0.588, 0.72), (x - 0.262, y, 0.475), "oak" if k != 1 else "cover", "static", bevel=0.003, omit="+x")
        box("handle", (0.014, 0.16, 0.012), (x - 0.282, y, 0.80), "steel", "detail", bevel=0.004)
    box("worktop", (0.62, yB - yA + 0.02, 0.035), (x, (yA + yB) / 2, 0.8575), "cover", "static", bevel=0.006, segs=3, omit="+x")
    box("splash", (0.012, yB - yA + 0.02, 0.42), (XW - 0.022, (yA + yB) / 2, 1.085), "wall_sage", "static", bevel=0.003, omit="+x")
    M = Matrix.Translation((x - 0.02, -4.55, 0.877))
    revolve(
        "basin",
        [(0, -0.11), (0.09, -0.108), (0.14, -0.09), (0.168, -0.05), (0.178, 0), (0.186, 0.008), (0.20, 0.006), (0.204, 0)],
        "linen",
        M,
        "detail",
        56,
        sharp=60,
    )
    cyl("tapb", 0.022, (x + 0.20, -4.55, 0.875), (x + 0.20, -4.55, 0.93), "steel", "detail")
    tube(
        "tap",
        [(x + 0.20, -4.55, 0.92), (x + 0.20, -4.55, 1.08), (x + 0.16, -4.55, 1.13), (x + 0.08, -4.55, 1.12), (x + 0.05, -4.55, 1.07)],
        0.012,
        "steel",
        "detail",
    )
    tube("lever", [(x + 0.20, -4.55, 0.945), (x + 0.20, -4.47, 0.965), (x + 0.20, -4.40, 0.97)], 0.007, "steel", "detail")
    box("dispenser", (0.11, 0.12, 0.24), (XW - 0.085, -4.95, 1.44), "cover", "detail", bevel=0.018, segs=4)
    quad("gel", (XW - 0.1415, -4.95, 1.45), (0, -1, 0), (0, 0, 1), 0.09, 0.083, "signs", rect=SIGNS["gel"])
    tube("nozz", [(XW - 0.09, -4.95, 1.32), (XW - 0.09, -4.95, 1.29)], 0.012, "cover_grey", "detail", smooth=0)
    box("towel", (0.13, 0.30, 0.36), (XW - 0.095, -5.40, 1.46), "cover", "detail", bevel=0.02, segs=4)
    box("paper", (0.06, 0.20, 0.05), (XW - 0.095, -5.40, 1.27), "linen", "detail", bevel=0.004)
    for k, (c, h) in enumerate((("blue_pale", 0.17), ("linen", 0.20), ("frost", 0.15))):
        cyl("bottle", 0.034, (x - 0.08, -5.25 - k * 0.11, 0.876), (x - 0.08, -5.25 - k * 0.11, 0.876 + h), c, "detail", bevel=0.012)
        cyl("cap", 0.015, (x - 0.08, -5.25 - k * 0.11, 0.876 + h), (x - 0.08, -5.25 - k * 0.11, 0.876 + h + 0.035), "accent", "detail")
    for k, c in enumerate(("blue_pale", "linen", "blue_pale")):
        box("glove", (0.12, 0.24, 0.085), (XW - 0.09, -4.25, 1.34 + k * 0.092), c, "detail", bevel=0.003)
    plant((x - 0.05, -5.58, 0.876), 1.0, 3)
    # pedal bin
    revolve(
        "bin",
        [(0.15, 0), (0.155, 0.01), (0.15, 0.48), (0.152, 0.5)],
        "steel",
        Matrix.Translation((XW - 0.32, -3.62, 0)),
        "static",
        64,
        sharp=50,
    )
    revolve(
        "binlid",
        [(0.156, 0.50), (0.156, 0.515), (0.14, 0.545), (0, 0.555)],
        "dark",
        Matrix.Translation((XW - 0.32, -3.62, 0)),
        "detail",
        64,
    )
    box("pedal", (0.05, 0.07, 0.015), (XW - 0.49, -3.62, 0.03), "dark", "detail", bevel=0.004)
    # left wall: shelves with thermoplastic masks
    y0, y1, d = -4.25, -2.15, 0.38
    xs = -XW + 0.018
    for z in (0.62, 1.10 + 0.17, 1.72, 2.17):
        box("shelf", (d, y1 - y0, 0.028), (xs + d / 2, (y0 + y1) / 2, z), "oak", "static", bevel=0.004, omit="-x")
    for y in (y0, (y0 + y1) / 2, y1):
        box("side", (d - 0.02, 0.024, 1.60), (xs + d / 2, y, 1.385), "oak", "static", bevel=0.004, omit="-x")
    box("shelfback", (0.01, y1 - y0, 1.56), (xs + 0.005, (y0 + y1) / 2, 1.39), "wall_sage", "static", bevel=0, omit="-x")
    rnd = random.Random(7)
    for z, n in ((0.634, 2), (1.284, 5), (1.734, 5)):
        for k in range(n):
            y = y0 + 0.17 + k * (y1 - y0 - 0.3) / max(1, n - 1) if n > 3 else y0 + 0.2 + k * 0.32
            if k == 2 and z > 1.5:
                continue
            face_mask((xs + 0.17, y, z), rnd.uniform(-0.25, 0.25), rnd.uniform(0.93, 1.03))
    for k, c in enumerate(("blue_pale", "accent", "linen")):
        prism(
            "cushion",
            rounded(0.30, 0.22, 0.05, 6, xs + 0.19, -3.05 + k * 0.3),
            0.634,
            0.634 + 0.10 + 0.02 * k,
            c,
            "detail",
            bevel=0.03,
            segs=2,
        )
    for k in range(3):
        box(
            "crate",
            (0.30, 0.26, 0.18),
            (xs + 0.19, -2.4 - k * 0.9, 2.185 + 0.09),
            ("linen", "blue_pale", "cover")[k],
            "detail",
            bevel=0.02,
            segs=3,
        )
    # trolley
    tx, ty = 2.55, -2.35
    box("trolley", (0.46, 0.60, 0.62), (tx, ty, 0.53), "cover", "static", bevel=0.012, segs=3)
    for k in range(4):
        box("drawer", (0.018, 0.56, 0.132), (tx - 0.235, ty, 0.30 + k * 0.148), "cover" if k != 3 else "accent", "detail", bevel=0.004)
        box("dh", (0.016, 0.20, 0.014), (tx - 0.252, ty, 0.335 + k * 0.148), "steel", "detail", bevel=0.005)
    box("ttop", (0.50, 0.64, 0.022), (tx, ty, 0.855), "steel", "detail", bevel=0.006)
    tube(
        "trail",
        [(tx - 0.24, ty - 0.31, 0.865), (tx - 0.24, ty - 0.31, 0.92), (tx + 0.22, ty - 0.31, 0.92), (tx + 0.22, ty - 0.31, 0.865)],
        0.008,
        "steel",
        "detail",
    )
    for sx in (-1, 1):
        for sy in (-1, 1):
            cyl(
                "caster",
                0.045,
                (tx + sx * 0.18 - 0.013, ty + sy * 0.24, 0.045),
                (tx + sx * 0.18 + 0.013, ty + sy * 0.24, 0.045),
                "rubber",
                "detail",
            )
            cyl("cpost", 0.015, (tx + sx * 0.18, ty + sy * 0.24, 0.08), (tx + sx * 0.18, ty + sy * 0.24, 0.23), "steel", "detail")
    prism("towels", rounded(0.26, 0.34, 0.03, 6, tx + 0.05, ty + 0.1), 0.866, 0.93, "blanket", "detail", bevel=0.02, segs=4)
    cyl("cup", 0.04, (tx - 0.12, ty - 0.18, 0.866), (tx - 0.12, ty - 0.18, 0.95), "frost", "detail")
    box("tray", (0.20, 0.28, 0.02), (tx - 0.12, ty + 0.1, 0.876), "steel", "detail", bevel=0.006)
    # monitor on a ceiling arm, left of the bore
    mx, my = -1.75, -1.75
    cyl("mflange", 0.09, (mx, my, ZC - 0.03), (mx, my, ZC), "cover", "detail")
    cyl("mpole", 0.028, (mx, my, 2.25), (mx, my, ZC - 0.02), "cover", "detail")
    prism("marm", stadium(mx, my, mx + 0.12, my + 0.42, 0.05, 0.035), 2.24, 2.29, "cover", "detail", bevel=0.012, segs=3)
    cyl("mdrop", 0.02, (mx + 0.12, my + 0.42, 1.98), (mx + 0.12, my + 0.42, 2.25), "cover", "detail")
    MM = Matrix.Translation((mx + 0.12, my + 0.38, 1.80)) @ Matrix.Rotation(math.radians(28), 4, "Z")
    box("mbody", (0.66, 0.045, 0.40), (0, 0, 0), "dark", "detail", bevel=0.010, segs=3, M=MM)
    q = MM.to_3x3()
    quad(
        "mface",
        MM @ Vector((0, -0.0235, 0)),
        q @ Vector((1, 0, 0)),
        q @ Vector((0, 0, 1)),
        0.62,
        0.363,
        "screen",
        "detail",
        SCREENS["hello"],
        atlas=(2048, 1024),
    )
    # signs, clock, stops, lasers, rail, hooks
    for yy, s in ((-3.3, 1),):
        cyl("clockrim", 0.165, (XW - 0.002, yy, 2.25), (XW - 0.04, yy, 2.25), "cover_grey", "detail", bevel=0.012, segs=40)
        me = disc("clock", 0.150, (XW - 0.0415, yy, 2.25), (-1, 0, 0), "signs", "detail", 64)
        atlas_disc(me.data, SIGNS["clock"], lambda c: 0.5 - (c.y - yy) / 0.30, lambda c: 0.5 + (c.z - 2.25) / 0.30, 1)
    quad("trefoil", (-XW + 0.004, -4.38, 1.62), (0, 1, 0), (0, 0, 1), 0.16, 0.20, "signs", "detail", SIGNS["trefoil"])
    quad("exit", (-XW + 0.004, -5.3, 2.46), (0, 1, 0), (0, 0, 1), 0.40, 0.171, "signs", "detail", SIGNS["exit"])
    quad("camera", (0.9, YB + 0.004, 2.52), (-1, 0, 0), (0, 0, 1), 0.22, 0.22, "signs", "detail", SIGNS["camera"])
    quad("calm", (-0.75, YB + 0.0085, 1.62), (-1, 0, 0), (0, 0, 1), 0.76, 0.48, "signs", "detail", SIGNS["calm"])
    box("calmf", (0.79, 0.012, 0.51), (-0.75, YB + 0.0, 1.62), "oak", "detail", bevel=0.003)
    for at, n in (((-2.25, YG, 1.35), (0, -1, 0)), ((2.25, YG, 1.35), (0, -1, 0)), ((-XW, -4.42, 1.28), (1, 0, 0))):
        n = Vector(n)
        a = Vector(at)
        ux = Vector((0, 0, 1)).cross(n)
        box(
            "es_box",
            (0.095, 0.095, 0.04),
            (0, 0, 0.02),
            "yellow",
            "detail",
            bevel=0.008,
            M=Matrix.Translation(a) @ n.to_track_quat("Z", "Y").to_matrix().to_4x4(),
        )
        cyl("es", 0.026, a + n * 0.04, a + n * 0.062, "red", "detail", bevel=0.008)
    for s in (-1, 1):
        box("laser", (0.10, 0.16, 0.24), (s * (XW - 0.05), -1.95, ISO + 0.28), "cover", "detail", bevel=0.014, segs=3)
        box("laserwin", (0.01, 0.012, 0.16), (s * (XW - 0.102), -1.95, ISO + 0.28), "red", "detail", bevel=0.002)
        quad(
            "lasersign",
            (s * (XW - 0.004), -2.32 if s > 0 else -1.72, ISO + 0.32),
            (0, -s, 0),
            (0, 0, 1),
            0.13,
            0.16,
            "signs",
            "detail",
            SIGNS["laser"],
        )
    box("lasert", (0.20, 0.12, 0.09), (0, YB + 0.05, 2.75), "cover", "detail", bevel=0.014, segs=3)
    box("gasrail", (0.05, 1.2, 0.20), (XW - 0.025, -2.75, 1.50), "cover", "detail", bevel=0.010, segs=3)
    for k, c in enumerate(("cover_grey", "dark", "yellow", "accent")):
        cyl("outlet", 0.03, (XW - 0.05, -3.1 + k * 0.22, 1.50), (XW - 0.066, -3.1 + k * 0.22, 1.50), c, "detail", segs=16)
    for k in range(4):
        xx = -2.9 + k * 0.28
        tube("hook", [(xx, YB, 1.72), (xx, YB + 0.05, 1.715), (xx, YB + 0.06, 1.74)], 0.006, "steel", "detail")
    box("hookrail", (1.1, 0.016, 0.07), (-2.48, YB + 0.008, 1.73), "oak", "detail", bevel=0.004)
    # a gown hanging from a hook: a wavy sheet
    rows = []
    for j in range(12):
        v = j / 11
        row = []
        for i in range(29):
            u = i / 28 * 2 - 1
            row.append(
                Vector(
                    (
                        -2.62 + u * (0.10 + 0.14 * v**0.6),
                        YB + 0.075 + 0.022 * math.sin(u * 13 + 0.6) * (0.3 + v) + 0.01 * math.sin(u * 5 + v * 3),
                        1.72 - 0.95 * v - 0.05 * (abs(u) ** 2) * (1 - v),
                    )
                )
            )
        rows.append(row)
    grid_mesh(rows, "blue_pale", "gown", "detail", sharp=80)
    # two-step stool beside the couch
    SX = -2.32
    for k, (h, y) in enumerate(((0.20, -1.28), (0.38, -1.28))):
        box("step", (0.26, 0.42, 0.03), (SX - k * 0.22, y, h), "cover_grey", "detail", bevel=0.010, segs=3)
        for sx in (-1, 1):
            for sy in (-1, 1):
                cyl(
                    "sleg",
                    0.014,
                    (SX - k * 0.22 + sx * 0.10, y + sy * 0.18, 0),
                    (SX - k * 0.22 + sx * 0.10, y + sy * 0.18, h - 0.01),
                    "steel",
                    "detail",
                    segs=16,
                )
        box("tread", (0.22, 0.38, 0.006), (SX - k * 0.22, y, h + 0.017), "rubber", "detail", bevel=0.002)
    # floor: couch swing line
    pts = [(BASE[0] + r * math.cos(a), BASE[1] + r * math.sin(a)) for r in (0.62, 0.645) for a in [2 * math.pi * k / 96 for k in range(96)]]
    me = mesh_from([(x, y, 0.0012) for x, y in pts], [[k, 96 + k, 96 + (k + 1) % 96, (k + 1) % 96] for k in range(96)], "swing")
    for p in me.polygons:
        if p.normal.z < 0:
            p.flip()
    finish("swing", me, ["accent"], "detail")
    # intercom by the door, socket strip, light switch plates
    box("intercom_b", (0.030, 0.14, 0.21), (-XW + 0.015, -4.42, 1.02 + 0.43), "dark", "detail", bevel=0.008, segs=3)
    for y, z in ((-3.9, 0.32), (-2.0, 0.32)):
        quad("socket", (XW - 0.0195, y, z), (0, -1, 0), (0, 0, 1), 0.08, 0.08, "signs", "detail", SIGNS["socket"])
    quad("certificate", (-1.75, YB + 0.006, 1.62), (-1, 0, 0), (0, 0, 1), 0.21, 0.275, "signs", "detail", SIGNS["certificate"])
    box("certificate_f", (0.24, 0.010, 0.305), (-1.75, YB + 0.0, 1.62), "oak", "detail", bevel=0.002)
    visitor_chair(2.75, -1.42, math.radians(-28))
    linen_cart()


def visitor_chair(x, y, yaw):
    """A plain chair for shoes and clothes."""
    M = Matrix.Translation((x, y, 0)) @ Matrix.Rotation(yaw, 4, "Z")
    P = lambda *p: M @ Vector(p)
    for sx in (-1, 1):
        tube(
            "leg",
            [P(sx * 0.21, -0.22, 0), P(sx * 0.205, -0.19, 0.44), P(sx * 0.205, 0.19, 0.45), P(sx * 0.20, 0.25, 0.84)],
            0.012,
            "cover_grey",
            "detail",
            smooth=3,
        )
        tube("leg", [P(sx * 0.21, 0.23, 0), P(sx * 0.205, 0.19, 0.44)], 0.012, "cover_grey", "detail", smooth=0)
    prism("seat", rounded(0.43, 0.42, 0.06, 5), 0.45, 0.485, "oak", "detail", bevel=0.008, M=M)
    prism(
        "back",
        rounded(0.42, 0.24, 0.06, 5),
        -0.01,
        0.012,
        "oak",
        "detail",
        bevel=0.006,
        M=M @ Matrix.Translation((0, 0.235, 0.72)) @ Matrix.Rotation(math.radians(80), 4, "X"),
    )
    prism("folded", rounded(0.30, 0.28, 0.04, 5, -0.02, 0), 0.486, 0.535, "blue_pale", "detail", bevel=0.02, segs=3, M=M)
    prism("folded", rounded(0.26, 0.24, 0.04, 5, 0, 0.01), 0.535, 0.575, "linen", "detail", bevel=0.018, segs=3, M=M)


def linen_cart():
    """Under the window: a low oak chest with folded blankets on it."""
    x, y = 1.9, YB + 0.27
    box("chest", (1.5, 0.46, 0.56), (x, y, 0.30), "oak", "static", bevel=0.005, omit="-y-z")
    box("chest_top", (1.54, 0.50, 0.03), (x, y, 0.595), "cover", "static", bevel=0.006, segs=3, omit="-y")
    for k in range(3):
        box(
            "chest_front",
            (0.486, 0.018, 0.50),
            (x - 0.49 + k * 0.49, y + 0.236, 0.30),
            "oak" if k != 1 else "cover",
            "static",
            bevel=0.003,
            omit="-y",
        )
        box("chest_handle", (0.16, 0.014, 0.012), (x - 0.49 + k * 0.49, y + 0.252, 0.50), "steel", "detail", bevel=0.004)
    for j, (dx, n, c) in enumerate(((-0.42, 4, "blanket"), (0.05, 3, "blanket"))):
        for k in range(n):
            prism(
                "folded",
                rounded(0.38, 0.30, 0.035, 4, x + dx + 0.004 * k, y - 0.01),
                0.61 + k * 0.038,
                0.61 + (k + 1) * 0.038 - 0.001,
                c,
                "detail",
                bevel=0.016,
                segs=2,
            )
    revolve(
        "lamp_foot",
        [(0, 0.612), (0.06, 0.612), (0.066, 0.62), (0.03, 0.635), (0.012, 0.64), (0.012, 0.70), (0, 0.70)],
        "brass",
        Matrix.Translation((x + 0.55, y, 0)),
        "detail",
        32,
    )
    revolve(
        "lamp_globe",
        [(0, 0.695), (0.06, 0.70), (0.095, 0.735), (0.10, 0.775), (0.08, 0.82), (0.035, 0.845), (0, 0.848)],
        "ceramic",
        Matrix.Translation((x + 0.55, y, 0)),
        "detail",
        36,
    )
