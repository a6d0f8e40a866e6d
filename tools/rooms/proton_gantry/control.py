"""The door's opening with its leaf, and the control room behind the window."""

import math
from kit import *
from proton_gantry.size import *
from signs import SIGNS, SCREENS

SCREEN_ATLAS = (2048, 1024)
WINDOW = (0.4, 2.6, 1.15, 2.2, 0.35)  # x from, x to, z from, z to, depth of the wall


def door():
    """Sliding leaf, 30 cm thick, in a 50 cm wall. The node's exported place is closed; open = 1.5 m towards the gantry, into the wall."""
    y0, y1, zt, dp = DOOR
    yc = (y0 + y1) / 2
    face("jamb", [(-XW, y0, 0), (-XW - dp, y0, 0), (-XW - dp, y0, zt), (-XW, y0, zt)], "wall")
    face("jamb", [(-XW, y1, 0), (-XW, y1, zt), (-XW - dp, y1, zt), (-XW - dp, y1, 0)], "wall")
    face("head", [(-XW, y0, zt), (-XW - dp, y0, zt), (-XW - dp, y1, zt), (-XW, y1, zt)], "wall")
    face("sill", [(-XW, y0, 0), (-XW, y1, 0), (-XW - dp, y1, 0), (-XW - dp, y0, 0)], "vinyl")
    for x, s in ((-XW, 1), (-XW - dp, -1)):  # architraves on both sides
        cut = "-x-z" if s > 0 else "+x-z"
        for y, k in ((y0, -1), (y1, 1)):
            box("arch_v", (0.03, 0.09, zt + 0.09), (x + s * 0.012, y + k * 0.045, (zt + 0.09) / 2), "oak", "detail", bevel=0.005, omit=cut)
        box("arch_h", (0.03, y1 - y0, 0.09), (x + s * 0.012, yc, zt + 0.045), "oak", "detail", bevel=0.005, omit=cut[:2])
    xl = -XW - 0.28
    box("leaf", (0.30, 1.5, 2.19), (xl, yc, 1.10), "oak", "door", bevel=0.008, segs=3)
    box("leaf_edge", (0.24, 0.02, 2.16), (xl, yc - 0.755, 1.10), "cover", "door", bevel=0.004)
    box("leaf_seal", (0.03, 0.012, 2.14), (xl, yc - 0.768, 1.10), "rubber", "door", bevel=0.004)
    for s in (-1, 1):
        x = xl + s * 0.15
        ux = (0, s, 0)
        box("kick", (0.004, 1.38, 0.24), (x + s * 0.001, yc, 0.14), "steel", "door", bevel=0.0015)
        tube(
            "pull",
            [
                (x, yc - 0.56, 0.92),
                (x + s * 0.05, yc - 0.56, 0.93),
                (x + s * 0.055, yc - 0.56, 1.1),
                (x + s * 0.05, yc - 0.56, 1.29),
                (x, yc - 0.56, 1.30),
            ],
            0.014,
            "steel",
            "door",
        )
        for z in (0.42, 1.86):
            box("groove", (0.003, 1.38, 0.006), (x, yc, z), "gap", "door", bevel=0)
    quad("leafart", (xl - 0.1535, yc + 0.06, 1.18), (0, -1, 0), (0, 0, 1), 0.60, 1.137, "signs", "door", SIGNS["leafpanel"])
    box("leafart_f", (0.006, 0.64, 1.18), (xl - 0.149, yc + 0.06, 1.18), "cover", "door", bevel=0.002)
    box("track", (0.10, 3.0, 0.07), (xl, y1, zt), "steel", "detail", bevel=0.004)


def window():
    x0, x1, z0, z1, wd = WINDOW
    cx = (x0 + x1) / 2
    for q in (
        [(x0, YB, z0), (x0, YB, z1), (x0, YB - wd, z1), (x0, YB - wd, z0)],
        [(x1, YB, z0), (x1, YB - wd, z0), (x1, YB - wd, z1), (x1, YB, z1)],
        [(x0, YB, z1), (x1, YB, z1), (x1, YB - wd, z1), (x0, YB - wd, z1)],
    ):
        face("reveal", q, "wall")
    box("sillb", (x1 - x0 + 0.08, wd + 0.06, 0.03), (cx, YB - wd / 2 + 0.03, z0), "oak", "static", bevel=0.006, omit="-z")
    for x in (x0, x1):
        box("wf", (0.05, 0.04, z1 - z0), (x, YB + 0.012, (z0 + z1) / 2), "cover_grey", "detail", bevel=0.005)
    box("wf", (x1 - x0 + 0.05, 0.04, 0.05), (cx, YB + 0.012, z1), "cover_grey", "detail", bevel=0.005)
    box("gl", (x1 - x0, 0.012, z1 - z0), (cx, YB - 0.2, (z0 + z1) / 2), "gelclear", "glass", bevel=0)


def chair(x, y, yaw):
    """An office chair on five feet."""
    M = Matrix.Translation((x, y, 0)) @ Matrix.Rotation(yaw, 4, "Z")
    g = "detail"
    prism("seat", rounded(0.46, 0.44, 0.10, 5), 0.46, 0.53, "accent", g, bevel=0.025, segs=3, M=M)
    prism(
        "back",
        rounded(0.42, 0.50, 0.10, 5, 0, 0.30),
        -0.02,
        0.035,
        "accent",
        g,
        bevel=0.02,
        segs=2,
        M=M @ Matrix.Translation((0, 0.22, 0.52)) @ Matrix.Rotation(math.radians(82), 4, "X"),
    )
    P = [M @ Vector(p) for p in ((0, 0.20, 0.46), (0, 0.27, 0.54), (0, 0.25, 0.72))]
    tube("stay", P, 0.018, "cover_grey", g)
    cyl("post", 0.025, M @ Vector((0, 0, 0.10)), M @ Vector((0, 0, 0.46)), "cover_grey", g)
    for k in range(5):
        a = 2 * math.pi * k / 5
        e = M @ Vector((0.27 * math.cos(a), 0.27 * math.sin(a), 0.075))
        tube("foot", [M @ Vector((0, 0, 0.11)), e], 0.016, "cover_grey", g, smooth=0)
        cyl("roll", 0.03, e + Vector((-0.012, 0, -0.045)), e + Vector((0.012, 0, -0.045)), "dark", g, segs=16)


def control_room():
    x0, x1, z0, z1, wd = WINDOW
    a, b, zt = -0.2, 3.2, 2.7
    y = YB - wd
    shell_room("ctrl", (a, -9.0, 0), (b, y, zt), {"-z": "vinyl", "-y": "wall_sage", "+z": "wall"}, ("+y",))
    for q in (
        [(a, y, 0), (a, y, zt), (x0, y, zt), (x0, y, 0)],
        [(x1, y, 0), (x1, y, zt), (b, y, zt), (b, y, 0)],
        [(x0, y, z1), (x0, y, zt), (x1, y, zt), (x1, y, z1)],
        [(x0, y, 0), (x0, y, z0), (x1, y, z0), (x1, y, 0)],
    ):
        face("ctrlw", q[::-1], "wall")
    for lx in (0.6, 1.9):
        face(
            "ctrl_led",
            [(lx, -8.3, zt - 0.01), (lx, -7.7, zt - 0.01), (lx + 0.6, -7.7, zt - 0.01), (lx + 0.6, -8.3, zt - 0.01)],
            "led",
            "emit",
        )
    box("desk", (2.6, 0.72, 0.035), (1.5, -7.40, 0.74), "oak", "static", bevel=0.006, omit="-z")
    box("desk_back", (2.5, 0.03, 0.62), (1.5, -7.08, 0.40), "cover", "static", bevel=0.004, omit="-z")
    for sx in (0.25, 2.75):
        box("desk_side", (0.03, 0.66, 0.72), (sx, -7.40, 0.36), "cover", "static", bevel=0.004, omit="-z")
    for k, name in enumerate(("day", "camera1", "camera2", "breath", "position")):
        x = 0.52 + k * 0.49
        M = Matrix.Translation((x, -7.19 - 0.035 * (k - 2) ** 2, 0)) @ Matrix.Rotation(math.radians(-7 * (k - 2)), 4, "Z")
        q = M.to_3x3()
        g = "detail"
        box("mon", (0.47, 0.028, 0.29), (0, 0, 0.985), "dark", g, bevel=0.006, M=M)
        box("mon_arm", (0.05, 0.04, 0.22), (0, 0.03, 0.86), "cover_grey", g, bevel=0.006, M=M)
        box("mon_foot", (0.20, 0.15, 0.01), (0, 0, 0.763), "cover_grey", g, bevel=0.003, M=M)
        quad(
            "monf",
            M @ Vector((0, -0.0152, 0.985)),
            q @ Vector((1, 0, 0)),
            (0, 0, 1),
            0.45,
            0.264,
            "screen",
            g,
            SCREENS[name],
            atlas=SCREEN_ATLAS,
        )
    for x in (1.05, 1.95):
        box("keyboard", (0.40, 0.14, 0.018), (x, -7.58, 0.768), "dark", "detail", bevel=0.004)
        quad("keyst", (x, -7.58, 0.7775), (1, 0, 0), (0, 1, 0), 0.36, 0.11, "signs", "detail", SIGNS["keys"])
        box("mouse", (0.06, 0.10, 0.03), (x + 0.29, -7.58, 0.770), "dark", "detail", bevel=0.012, segs=3)
    # gooseneck microphone, its base with the talk key; cup; folders
    box("mic_base", (0.11, 0.14, 0.03), (1.5, -7.52, 0.773), "cover_grey", "detail", bevel=0.008)
    tube("goose", [(1.5, -7.48, 0.78), (1.5, -7.46, 0.95), (1.5, -7.53, 1.05), (1.5, -7.60, 1.08)], 0.006, "dark", "detail")
    cyl("mic", 0.014, (1.5, -7.60, 1.08), (1.5, -7.64, 1.085), "dark", "detail")
    box("talk", (0.05, 0.03, 0.008), (1.5, -7.56, 0.790), "leaf_light", "detail", bevel=0.003)
    revolve(
        "cup",
        [(0.028, 0.758), (0.036, 0.765), (0.040, 0.845), (0.036, 0.845), (0.032, 0.77), (0, 0.768)],
        "ceramic",
        Matrix.Translation((2.45, -7.55, 0)),
        "detail",
        28,
    )
    tube("cup_ear", [(2.488, -7.55, 0.83), (2.515, -7.55, 0.82), (2.512, -7.55, 0.785), (2.486, -7.55, 0.778)], 0.005, "ceramic", "detail")
    box("shelf", (2.2, 0.28, 0.03), (1.5, -8.85, 1.62), "oak", "static", bevel=0.004, omit="-y")
    for k in range(14):
        h = 0.27 + 0.02 * (k % 3)
        box(
            "folder",
            (0.058, 0.20, h),
            (0.72 + k * 0.062, -8.87, 1.635 + h / 2),
            ("book_a", "linen", "book_c", "accent", "book_b")[k * 7 % 5],
            "detail",
            bevel=0.003,
            segs=1,
        )
    box("plantpot", (0.15, 0.15, 0.14), (2.3, -8.85, 1.705), "terracotta", "detail", bevel=0.01)
    quad("art", (1.5, -8.995, 1.15), (-1, 0, 0), (0, 0, 1), 0.9, 0.60, "signs", "detail", SIGNS["art"])
    chair(1.05, -8.05, math.radians(172))
    chair(2.05, -8.10, math.radians(195))
