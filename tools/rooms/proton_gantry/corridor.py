"""The corridor before the treatment room: oak dado and handrail, a guide line on the floor, a bench, a picture, a window with morning light, the door's surround."""

import math, random
from kit import *
from proton_gantry.size import *
from signs import SIGNS

WIN = (-5.95, -4.45, 0.85, 2.25)  # the window in the end wall: x from, x to, z from, z to


def dado(name, path):
    """Coved skirting, oak to 0.95 m, upper rail; path as (x, y, nx, ny) with the normal into the corridor."""
    band(name + "_cove", path, COVE, "skirting", sharp=50)
    band(name + "_oak", path, [(0, 0.102), (0.018, 0.106), (0.018, 0.945), (0.018, 0.9451), (0.016, 0.948), (0, 0.95)], "oak", sharp=40)


def handrail(x, nx, y0, y1):
    """A round oak rail on steel brackets, 0.88 m high, its ends returned to the wall."""
    o = x + nx * 0.085
    tube(
        "handrail",
        [
            (x + nx * 0.01, y0, 0.88),
            (o, y0 + 0.03, 0.88),
            (o, y0 + 0.12, 0.88),
            (o, y1 - 0.12, 0.88),
            (o, y1 - 0.03, 0.88),
            (x + nx * 0.01, y1, 0.88),
        ],
        0.021,
        "oak",
        "detail",
        segs=12,
        smooth=3,
    )
    n = max(2, round((y1 - y0) / 1.1))
    for k in range(n):
        y = y0 + 0.25 + (y1 - y0 - 0.5) * k / (n - 1)
        tube("bracket", [(x + nx * 0.015, y, 0.82), (o, y, 0.83), (o, y, 0.862)], 0.007, "steel", "detail", smooth=3)


def walls():
    x0, x1, y0, y1, zt = CORRIDOR
    ax, a0, a1 = ALCOVE
    d0, d1, dz, _ = DOOR
    up = 0.95
    face("c_floor", [(x0, y0, 0), (x1, y0, 0), (x1, y1, 0), (x0, y1, 0)], "vinyl")
    face("a_floor", [(ax, a0, 0), (x0, a0, 0), (x0, a1, 0), (ax, a1, 0)], "vinyl")
    # right wall with the door's opening, then the end with the window, left wall with the alcove, back end
    # (paths run so that the corridor lies on their left)
    R0, R1 = [(x1, y0, -1, 0), (x1, d0, -1, 0)], [(x1, d1, -1, 0), (x1, y1, -1, 0)]
    N = [(x1, y1, 0, -1), (x0, y1, 0, -1)]
    L1 = [(x0, y1, 1, 0), (x0, a1, 1, 0)]
    L0 = [(x0, a0, 1, 0), (x0, y0, 1, 0)]
    S = [(x0, y0, 0, 1), (x1, y0, 0, 1)]
    A = [(ax, a0, 0, 1), (x0, a0, 0, 1)], [(ax, a1, 1, 0), (ax, a0, 1, 0)], [(x0, a1, 0, -1), (ax, a1, 0, -1)]
    for i, p in enumerate((R0, R1, L1, L0, *A)):
        dado(f"c{i}", p)
    for i, (p, m) in enumerate(
        (
            (R0, "wall"),
            (R1, "wall"),
            (L1, "wall"),
            (L0, "wall"),
            (S, "wall_sage"),
            (A[0], "wall_sage"),
            (A[1], "wall_sage"),
            (A[2], "wall_sage"),
        )
    ):
        band(f"c_wall{i}", p, [(0, up if m == "wall" or i > 4 else 0), (0, zt)], m)
    face("c_over", [(x1, d0, dz), (x1, d0, zt), (x1, d1, zt), (x1, d1, dz)], "wall")
    band("c_end_cove", N, COVE, "skirting", sharp=50)
    w0, w1, wz0, wz1 = WIN
    for q in (
        [(x0, y1, 0.1), (x1, y1, 0.1), (x1, y1, wz0), (x0, y1, wz0)],
        [(x0, y1, wz1), (x1, y1, wz1), (x1, y1, zt), (x0, y1, zt)],
        [(x0, y1, wz0), (w0, y1, wz0), (w0, y1, wz1), (x0, y1, wz1)],
        [(w1, y1, wz0), (x1, y1, wz0), (x1, y1, wz1), (w1, y1, wz1)],
    ):
        face("c_end", q, "wall_mist")
    for y in (a0, a1):
        box(
            "corner", (0.030, 0.030, up - 0.02), (x0 + 0.004, y, (up + 0.02) / 2), "oak", "static", bevel=0.004, omit="-z"
        )  # closes the dado at the alcove's corners
    # ceiling: corridor and alcove
    face("c_ceil", [(x0, y0, zt), (x0, y1, zt), (x1, y1, zt), (x1, y0, zt)], "ceiling")
    face("a_ceil", [(ax, a0, 2.3), (ax, a1, 2.3), (x0, a1, 2.3), (x0, a0, 2.3)], "oak")
    face("a_head", [(x0, a0, 2.3), (x0, a1, 2.3), (x0, a1, zt), (x0, a0, zt)], "wall")
    for y in (-9.3, -7.4, -5.5, -3.6, -1.9):
        box("c_lamp", (0.50, 1.24, 0.018), (-5.2, y, zt - 0.006), "cover", "detail", bevel=0.004)
        face(
            "c_led",
            [(-5.43, y - 0.6, zt - 0.0165), (-5.43, y + 0.6, zt - 0.0165), (-4.97, y + 0.6, zt - 0.0165), (-4.97, y - 0.6, zt - 0.0165)],
            "led",
            "emit",
        )
    face(
        "a_cove",
        [(ax + 0.06, a0 + 0.1, 2.29), (ax + 0.06, a1 - 0.1, 2.29), (ax + 0.095, a1 - 0.1, 2.29), (ax + 0.095, a0 + 0.1, 2.29)],
        "cove",
        "emit",
    )
    handrail(x1, -1, y0 + 0.2, d0 - 0.55)
    handrail(x1, -1, d1 + 0.45, y1 - 0.15)
    handrail(x0, 1, y0 + 0.2, a0 - 0.15)
    handrail(x0, 1, a1 + 0.15, y1 - 0.15)


def window():
    """Oak-framed window at the end, garden behind; its picture is the corridor's brightest light."""
    w0, w1, z0, z1 = WIN
    y = CORRIDOR[3]
    d = 0.16
    cx, cz = (w0 + w1) / 2, (z0 + z1) / 2
    for q in (
        [(w0, y, z0), (w0, y, z1), (w0, y + d, z1), (w0, y + d, z0)],
        [(w1, y, z0), (w1, y + d, z0), (w1, y + d, z1), (w1, y, z1)],
        [(w0, y, z1), (w1, y, z1), (w1, y + d, z1), (w0, y + d, z1)],
    ):
        face("w_reveal", q[::-1], "wall")
    box("w_sill", (w1 - w0 + 0.10, d + 0.10, 0.03), (cx, y + d / 2 - 0.05, z0), "oak", "static", bevel=0.006)
    me = mesh_from([(w0, y + d, z0), (w1, y + d, z0), (w1, y + d, z1), (w0, y + d, z1)], [[0, 1, 2, 3]])
    l = me.uv_layers.new(name="UVMap")
    for k, c in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
        l.data[k].uv = c
    finish("view", me, ["view"], "emit")
    for x in (w0 + 0.025, cx, w1 - 0.025):
        box("w_post", (0.05, 0.045, z1 - z0), (x, y + d - 0.03, cz), "oak", "detail", bevel=0.006)
    for z in (z0 + 0.03, z1 - 0.025):
        box("w_bar", (w1 - w0, 0.045, 0.05), (cx, y + d - 0.03, z), "oak", "detail", bevel=0.006)
    # a plant on the sill
    plant((w1 - 0.25, y + 0.02, z0 + 0.015), 0.8, 5)


def plant(at, size, seed):
    at = Vector(at)
    revolve(
        "pot",
        [(0, 0), (0.06, 0), (0.066, 0.006), (0.085, 0.13), (0.09, 0.132), (0.09, 0.148), (0.08, 0.148), (0.074, 0.125), (0, 0.125)],
        "terracotta",
        Matrix.Translation(at) @ Matrix.Scale(size, 4),
        "detail",
        24,
    )
    rnd = random.Random(seed)
    for k in range(20):
        a = rnd.uniform(0, 6.28)
        l = size * rnd.uniform(0.18, 0.36)
        o = at + Vector((0, 0, size * 0.125))
        d = Vector((math.cos(a) * rnd.uniform(0.25, 0.8), math.sin(a) * rnd.uniform(0.25, 0.8), 1)).normalized()
        s = Vector((-math.sin(a), math.cos(a), 0))
        p = []
        for t in range(6):
            u = t / 5
            c = o + d * l * u + Vector((math.cos(a), math.sin(a), -0.6)) * l * 0.55 * u * u
            w = size * 0.030 * math.sin(math.pi * min(1, u * 0.92 + 0.08)) + 0.001
            p.append([c - s * w, c + Vector((0, 0, -w * 0.25)), c + s * w])
        col = "leaf" if k % 3 else "leaf_light"
        grid_mesh(p, col, "leaf", "detail", sharp=80)
        grid_mesh(p, col, "leaf", "detail", sharp=80, flip=True)


def bench():
    """Oak bench with a sage cushion in the alcove, lit from behind, a print above it."""
    ax, a0, a1 = ALCOVE
    yc = (a0 + a1) / 2
    x = ax + 0.27
    box("bench", (0.46, a1 - a0 - 0.5, 0.06), (x, yc, 0.40), "oak", "static", bevel=0.008, segs=3)
    for y in (a0 + 0.45, yc, a1 - 0.45):
        box("bench_leg", (0.38, 0.05, 0.37), (x - 0.02, y, 0.185), "oak", "static", bevel=0.006, omit="-z")
    for k in range(3):
        w = (a1 - a0 - 0.62) / 3
        prism(
            "cushion", rounded(0.43, w - 0.012, 0.04, 5, x, a0 + 0.31 + w * (k + 0.5)), 0.43, 0.495, "fabric", "static", bevel=0.022, segs=3
        )
    prism(
        "pillow",
        rounded(0.38, 0.36, 0.07, 5),
        -0.06,
        0.06,
        "sand",
        "detail",
        bevel=0.05,
        segs=3,
        M=Matrix.Translation((ax + 0.12, a1 - 0.62, 0.68)) @ Matrix.Rotation(math.radians(74), 4, "Y"),
    )
    box("printf", (0.022, 1.34, 0.88), (ax + 0.010, yc, 1.58), "oak", "detail", bevel=0.004)
    quad("print", (ax + 0.0225, yc, 1.58), (0, 1, 0), (0, 0, 1), 1.27, 0.81, "signs", "detail", SIGNS["landscape"])
    # small table with magazines and a carafe
    revolve(
        "t_top",
        [(0, 0.50), (0.20, 0.50), (0.208, 0.507), (0.208, 0.518), (0.20, 0.525), (0, 0.525)],
        "oak",
        Matrix.Translation((ax + 0.40, a0 + 0.20 - 0.02, 0)),
        "static",
        48,
        sharp=50,
    )
    cyl("t_post", 0.022, (ax + 0.40, a0 + 0.18, 0.02), (ax + 0.40, a0 + 0.18, 0.50), "cover_grey", "detail")
    revolve(
        "t_foot",
        [(0.15, 0), (0.15, 0.012), (0.02, 0.022), (0, 0.022)],
        "cover_grey",
        Matrix.Translation((ax + 0.40, a0 + 0.18, 0)),
        "detail",
        40,
    )
    for k, c in enumerate(("book_a", "book_c", "linen")):
        box("book", (0.20 - 0.01 * k, 0.14, 0.012), (ax + 0.37, a0 + 0.15, 0.532 + k * 0.013), c, "detail", bevel=0.002, M=None)
    revolve(
        "carafe",
        [(0.03, 0.526), (0.042, 0.535), (0.042, 0.62), (0.022, 0.68), (0.022, 0.73), (0.028, 0.745), (0.020, 0.745), (0, 0.74)],
        "frost",
        Matrix.Translation((ax + 0.48, a0 + 0.26, 0)),
        "detail",
        28,
    )


def signage():
    """All on the door's right as one comes: name of the room, number, intercom; the calm lamp over the door; a guide line on the floor that turns in."""
    x1 = CORRIDOR[1]
    d0, d1, dz, _ = DOOR
    x = x1 - 0.004
    f = lambda n, y, z, w, h: quad(n, (x, y, z), (0, -1, 0), (0, 0, 1), w, h, "signs", "detail", SIGNS[n])
    box("plate_b", (0.010, 0.80, 0.33), (x1 - 0.004, d1 + 0.60, 1.62), "oak", "detail", bevel=0.003)
    quad("room", (x1 - 0.0095, d1 + 0.60, 1.62), (0, -1, 0), (0, 0, 1), 0.76, 0.30, "signs", "detail", SIGNS["room"])
    box("num_b", (0.010, 0.42, 0.42), (x1 - 0.004, d0 - 0.42, 1.70), "cover", "detail", bevel=0.003)
    quad("number", (x1 - 0.0095, d0 - 0.42, 1.70), (0, -1, 0), (0, 0, 1), 0.40, 0.40, "signs", "detail", SIGNS["number"])
    f("trefoil", d0 - 0.42, 1.30, 0.14, 0.175)
    box("lamp_b", (0.06, 0.46, 0.13), (x1 - 0.03, (d0 + d1) / 2, dz + 0.225), "cover", "detail", bevel=0.02, segs=3)
    box("lamp", (0.016, 0.38, 0.06), (x1 - 0.062, (d0 + d1) / 2, dz + 0.225), "status", "emit", bevel=0.012, segs=3)
    box("intercom_b", (0.030, 0.14, 0.21), (x1 - 0.015, d1 + 0.28, 1.25), "dark", "detail", bevel=0.008, segs=3)
    quad("intercom", (x1 - 0.0305, d1 + 0.28, 1.25), (0, -1, 0), (0, 0, 1), 0.122, 0.183, "signs", "detail", SIGNS["intercom"])
    box("disp", (0.11, 0.12, 0.24), (x1 - 0.055, d0 - 0.85, 1.16), "cover", "detail", bevel=0.018, segs=3)
    quad("gel", (x1 - 0.1105, d0 - 0.85, 1.17), (0, -1, 0), (0, 0, 1), 0.09, 0.083, "signs", "detail", SIGNS["gel"])
    # a line on the floor that leads to the door
    w = 0.035
    xl = -4.42
    yc = (d0 + d1) / 2
    z = 0.0014
    me = mesh_from(
        [
            (xl - w, CORRIDOR[2] + 0.3, z),
            (xl + w, CORRIDOR[2] + 0.3, z),
            (xl + w, yc - w, z),
            (xl - w, yc + w, z),
            (x1 - 0.02, yc - w, z),
            (x1 - 0.02, yc + w, z),
        ],
        [[0, 1, 2, 3], [3, 2, 4, 5]],
        "line",
    )
    finish("line", upward(me), ["guide"], "detail")
    # notices, clock and a picture further on; a camera; exit sign
    quad("notice", (CORRIDOR[0] + 0.016, -3.2, 1.55), (0, 1, 0), (0, 0, 1), 0.50, 0.365, "signs", "detail", SIGNS["notice"])
    box("notice_f", (0.014, 0.53, 0.395), (CORRIDOR[0] + 0.008, -3.2, 1.55), "oak", "detail", bevel=0.003)
    quad("art", (x1 - 0.020, -2.6, 1.55), (0, -1, 0), (0, 0, 1), 0.90, 0.60, "signs", "detail", SIGNS["art"])
    box("art_f", (0.018, 0.95, 0.65), (x1 - 0.010, -2.6, 1.55), "oak", "detail", bevel=0.003)
    me = disc("clock", 0.14, (x1 - 0.0365, -7.75, 2.12), (-1, 0, 0), "signs", "detail", 48)
    atlas_disc(me.data, SIGNS["clock"], lambda c: 0.5 - (c.y + 7.75) / 0.28, lambda c: 0.5 + (c.z - 2.12) / 0.28, 1)
    cyl("clockrim", 0.152, (x1 - 0.002, -7.75, 2.12), (x1 - 0.034, -7.75, 2.12), "cover_grey", "detail", bevel=0.010, segs=36)
    box("exit_b", (0.42, 0.03, 0.20), (-5.2, -8.4, 2.46), "cover", "detail", bevel=0.006)
    quad("exit", (-5.2, -8.4165, 2.46), (1, 0, 0), (0, 0, 1), 0.40, 0.171, "signs", "detail", SIGNS["exit"])
    for p in ((-4.7, -6.6), (-5.7, -3.0)):
        revolve(
            "smoke",
            [(0, -0.035), (0.03, -0.034), (0.045, -0.025), (0.05, -0.012), (0.055, 0)],
            "cover",
            Matrix.Translation((p[0], p[1], CORRIDOR[4])),
            "detail",
            20,
        )
    # a linen bag on wheels by the far wall
    trolley(-6.05, -2.05)


def trolley(x, y):
    """Laundry bag on a steel frame with castors."""
    for sx in (-1, 1):
        for sy in (-1, 1):
            tube("lt", [(x + sx * 0.2, y + sy * 0.24, 0.06), (x + sx * 0.2, y + sy * 0.24, 0.92)], 0.011, "steel", "detail", smooth=0)
            cyl(
                "lc",
                0.035,
                (x + sx * 0.2 - 0.011, y + sy * 0.24, 0.035),
                (x + sx * 0.2 + 0.011, y + sy * 0.24, 0.035),
                "rubber",
                "detail",
                segs=16,
            )
    ring = [(px, py, 0.92) for px, py in rounded(0.42, 0.50, 0.05, 3, x, y)]
    tube("lring", ring + ring[:1], 0.011, "steel", "detail", smooth=0)
    rows = [
        [Vector((x + (px - x) * k, y + (py - y) * k, z)) for px, py in rounded(0.40, 0.48, 0.08, 4, x, y)]
        for z, k in ((0.14, 0.62), (0.16, 0.86), (0.30, 0.98), (0.50, 0.93), (0.70, 0.97), (0.90, 1.0), (0.935, 1.06), (0.90, 1.08))
    ]
    grid_mesh(rows, "blue_pale", "bag", "detail", closed_u=True, sharp=70)
    prism("lid", rounded(0.44, 0.52, 0.05, 4, x, y), 0.945, 0.965, "cover", "detail", bevel=0.006)


def corridor():
    walls()
    window()
    bench()
    signage()
