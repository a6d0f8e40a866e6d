"""Floor, walls, hung ceiling with its lamps and sky panel."""

import math
from kit import *
from proton_gantry.size import *
from signs import SIGNS, SCREENS


def walls():
    rg, rb = 0.9, 0.30  # corner radii at the gantry and at the back
    left_front = line(-XW, -4.6, -XW, YG - rg, 1, 0)[:1] + list(reversed(arc(-XW + rg, YG - rg, rg, 90, 180)))
    A = [(-2.15, YG, 0, -1)] + list(reversed(left_front))  # gantry wall -> left wall -> door
    Bp = line(-XW, -6.0, -XW, YB + rb, 1, 0)[:1] + arc(-XW + rb, YB + rb, rb, 180, 270) + [(0.4, YB, 0, 1)]
    C = line(0.4, YB, 2.6, YB, 0, 1)
    D = [(2.6, YB, 0, 1)] + arc(XW - rb, YB + rb, rb, 270, 360) + arc(XW - rg, YG - rg, rg, 0, 90) + [(2.15, YG, 0, -1)]
    E = line(-XW, -4.6, -XW, -6.0, 1, 0)
    for i, p in enumerate((A, Bp, C, D)):
        band(f"cove{i}", p, COVE, "skirting", sharp=50)
        band(f"oak{i}", p, [(0, 0.102), (0.018, 0.106), (0.018, 1.095), (0.018, 1.0951), (0.016, 1.098), (0, 1.1)], "oak", sharp=40)
        band(f"rail{i}", p, [(0.016, 1.10), (0.026, 1.102), (0.028, 1.108), (0.028, 1.142), (0.026, 1.148), (0.0, 1.15)], "cover", sharp=50)
    for i, (p, z0) in enumerate(((A, 1.15), (Bp, 1.15), (C, 2.2), (D, 1.15), (E, 2.2))):
        band(f"wall{i}", p, [(0, z0), (0, H)], "wall")
    # oak joints: thin dark reveals every 1.2 m
    for y in [-1.9 - 1.2 * k for k in range(4)]:
        for s in (-1, 1):
            if s < 0 and (y < -4.5):
                continue
            box("joint", (0.004, 0.005, 0.985), (s * (XW - 0.0175), y, 0.6), "dark", bevel=0, group="detail")
    for x in (-2.4, -1.2, 0, 2.9):
        box("joint", (0.005, 0.004, 0.985), (x, YB + 0.0175, 0.6), "dark", bevel=0, group="detail")
    # gantry wall with the bore's arch
    hw = 2.15
    rows0, rows1 = [], []
    aF = math.degrees(math.asin(-ISO / R))
    angs = [aF + (180 - 2 * aF) * k / 96 for k in range(97)]
    rect = []
    for a in angs:
        c, s = math.cos(math.radians(a)), math.sin(math.radians(a))
        rows0.append(Vector(((R + 0.10) * c, YG, max(0.0, ISO + (R + 0.10) * s))))
        t = min((hw / abs(c)) if abs(c) > 1e-6 else 9, ((H - ISO) / s) if s > 1e-6 else 9, (ISO / -s) if s < -1e-6 else 9)
        rect.append(Vector((c * t, YG, ISO + s * t)))
    for corner in (Vector((hw, YG, H)), Vector((-hw, YG, H)), Vector((hw, YG, 0)), Vector((-hw, YG, 0))):
        i = min(range(len(rect)), key=lambda k: (rect[k] - corner).length)
        rect[i] = corner
    verts = rows0 + rect
    n = len(angs)
    faces = [[i, n + i, n + i + 1, i + 1] for i in range(n - 1)]
    me = mesh_from(verts, faces, "gwall")
    finish("gwall", me, ["wall_mist"], "static")
    for s in (-1, 1):  # skirting at both sides of the arch
        xa, xb = (1.23, hw) if s > 0 else (-hw, -1.23)  # 2 mm proud: a coplanar skirting z-fights
        band("cove_g", [(xb, YG - 0.002, 0, -1), (xa, YG - 0.002, 0, -1)], COVE, "skirting", sharp=50)
        box("oak_end", (0.012, 0.032, 1.05), (s * 2.15, YG - 0.014, 0.625), "cover", "detail", bevel=0.003)
    # panel joints on the gantry wall
    for x in (-2.15, 2.15):
        box("gj", (0.006, 0.004, H - 1.15), (x, YG - 0.001, 1.15 + (H - 1.15) / 2), "dark", bevel=0, group="detail")


def ceiling():
    x0, x1, y0, y1 = -3.18, 3.18, YB + 0.32, -1.22
    me = mesh_from([(x0, y0, ZC), (x0, y1, ZC), (x1, y1, ZC), (x1, y0, ZC)], [[0, 1, 2, 3]])
    holes = [(x, y, 0.6, 1.2) for x in (-1.8, 1.2) for y in (-6.0, -4.2, -2.4)]
    sky = (-0.6, -3.0, 1.2, 1.8)
    holes_all = holes + [sky]
    xs = sorted({x0, x1} | {h[0] for h in holes_all} | {h[0] + h[2] for h in holes_all})
    ys = sorted({y0, y1} | {h[1] for h in holes_all} | {h[1] + h[3] for h in holes_all})
    verts, faces = [], []
    idx = {}
    for y in ys:
        for x in xs:
            idx[x, y] = len(verts)
            verts.append((x, y, ZC))
    for i in range(len(xs) - 1):
        for j in range(len(ys) - 1):
            cx, cy = (xs[i] + xs[i + 1]) / 2, (ys[j] + ys[j + 1]) / 2
            if any(h[0] < cx < h[0] + h[2] and h[1] < cy < h[1] + h[3] for h in holes_all):
                continue
            faces.append([idx[xs[i], ys[j]], idx[xs[i], ys[j + 1]], idx[xs[i + 1], ys[j + 1]], idx[xs[i + 1], ys[j]]])
    me = mesh_from(verts, faces, "ceil")
    l = me.uv_layers.new(name="UVMap")
    for p in me.polygons:
        for li in p.loop_indices:
            c = me.vertices[me.loops[li].vertex_index].co
            l.data[li].uv = (c.x / 0.6, c.y / 0.6)
    finish("ceiling", me, ["ceiling"], "static")
    # upstand and slab, cove strips lying on the ceiling's edge, out of sight
    P = [(x0, y1, 0, 0), (x0, y0, 0, 0), (x1, y0, 0, 0), (x1, y1, 0, 0), (x0, y1, 0, 0)]
    for a, b in zip(P, P[1:]):
        nx, ny = (b[1] - a[1]), -(b[0] - a[0])
        L = math.hypot(nx, ny)
        nx, ny = nx / L, ny / L
        band("edge", [(a[0], a[1], nx, ny), (b[0], b[1], nx, ny)], [(0, ZC), (0, ZC + 0.06)], "wall", flip=True)
    slab = mesh_from([(-XW, YB, H), (-XW, YG, H), (XW, YG, H), (XW, YB, H)], [[0, 1, 2, 3]])
    finish("slab", slab, ["wall"], "static")
    top = mesh_from([(x0, y0, ZC + 0.06), (x1, y0, ZC + 0.06), (x1, y1, ZC + 0.06), (x0, y1, ZC + 0.06)], [[0, 1, 2, 3]])
    finish("ctop", top, ["wall"], "bake_only")
    t = 0.045
    for cx, cy, w, d in (
        (x0 + 0.09, (y0 + y1) / 2, t, y1 - y0 - 0.2),
        (x1 - 0.09, (y0 + y1) / 2, t, y1 - y0 - 0.2),
        (0, y0 + 0.09, x1 - x0 - 0.2, t),
        (0, y1 - 0.09, x1 - x0 - 0.2, t),
    ):
        me = mesh_from(
            [
                (cx - w / 2, cy - d / 2, ZC + 0.085),
                (cx + w / 2, cy - d / 2, ZC + 0.085),
                (cx + w / 2, cy + d / 2, ZC + 0.085),
                (cx - w / 2, cy + d / 2, ZC + 0.085),
            ],
            [[0, 1, 2, 3]],
        )
        finish("cove_led", me, ["cove"], "emit")

    def recess(h, mat, depth, group="emit"):
        x, y, w, d = h
        cx, cy = x + w / 2, y + d / 2
        ring0 = [Vector(p) for p in ((x, y, ZC), (x + w, y, ZC), (x + w, y + d, ZC), (x, y + d, ZC))]

        def at(i, z):
            return [Vector((cx + (p.x - cx) * (w / 2 - i) / (w / 2), cy + (p.y - cy) * (d / 2 - i) / (d / 2), z)) for p in ring0]

        grid_mesh(
            [at(-0.002, ZC - 0.004), at(0.016, ZC - 0.006), at(0.018, ZC - 0.004), at(0.018, ZC + depth)],
            "cover",
            "trim",
            "static",
            closed_u=True,
            sharp=30,
            flip=True,
        )
        q = at(0.018, ZC + depth)
        me = mesh_from(q, [[3, 2, 1, 0]], "emit")
        l = me.uv_layers.new(name="UVMap")
        for k, c in enumerate(((0, 1), (1, 1), (1, 0), (0, 0))):
            l.data[k].uv = c
        finish("panel", me, [mat], group)

    for h in holes:
        recess(h, "led", 0.022)
    recess(sky, "sky", 0.05)
    x, y, w, d = sky
    for k in (1, 2):
        box("mullion", (w - 0.03, 0.014, 0.02), (x + w / 2, y + d * k / 3, ZC + 0.038), "cover", "detail", bevel=0.002)
    box("mullion", (0.014, d - 0.03, 0.02), (x + w / 2, y + d / 2, ZC + 0.038), "cover", "detail", bevel=0.002)
    # small things: sprinklers, smoke head, speaker, camera domes, air vents
    for p in ((-2.5, -3.2), (2.5, -3.2), (0, -5.4)):
        revolve(
            "smoke",
            [(0, -0.035), (0.03, -0.034), (0.045, -0.025), (0.05, -0.012), (0.055, 0)],
            "cover",
            Matrix.Translation((p[0], p[1], ZC)),
            "detail",
            20,
        )
    for p in ((-0.9, -1.5), (0.9, -5.9)):
        revolve(
            "dome",
            [(0, -0.06), (0.03, -0.054), (0.05, -0.036), (0.06, -0.012), (0.062, -0.01)],
            "dark",
            Matrix.Translation((p[0], p[1], ZC)),
            "detail",
            32,
        )
        revolve("domering", [(0.062, -0.014), (0.078, -0.012), (0.08, 0)], "cover", Matrix.Translation((p[0], p[1], ZC)), "detail", 32)
    for p in ((2.7, -4.5), (-2.7, -4.5), (2.7, -1.5)):
        quad("vent", (p[0], p[1], ZC - 0.002), (1, 0, 0), (0, -1, 0), 0.48, 0.48, "signs", rect=SIGNS["vent"])
    for p in ((-0.3, -4.2), (0.3, -4.2)):  # the voice from the ceiling
        revolve("spk_rim", [(0.118, -0.012), (0.125, -0.008), (0.128, 0)], "cover", Matrix.Translation((p[0], p[1], ZC)), "detail", 48)
        revolve("spk", [(0, -0.010), (0.10, -0.010), (0.118, -0.012)], "cover", Matrix.Translation((p[0], p[1], ZC)), "detail", 48)
        for r, n in ((0.025, 8), (0.05, 16), (0.075, 24), (0.095, 30)):
            for k in range(n):
                t = 2 * math.pi * k / n
                disc("hole", 0.0045, (p[0] + r * math.cos(t), p[1] + r * math.sin(t), ZC - 0.0112), (0, 0, -1), "gap", "detail", 6)
    for p in ((-0.9, -1.5), (0.9, -5.9)):
        box("cam_led", (0.012, 0.006, 0.004), (p[0] + 0.069, p[1], ZC - 0.0145), "leaf_light", "detail", bevel=0)


def floor():
    hw = XW
    me = mesh_from([(-hw, YB, 0), (hw, YB, 0), (hw, YG, 0), (-hw, YG, 0)], [[0, 1, 2, 3]])
    finish("floor", me, ["vinyl"], "static")
