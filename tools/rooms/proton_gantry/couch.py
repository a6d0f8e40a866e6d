"""The robotic couch: a column that rises out of the floor, two links, a wrist, the carbon top with what lies on it.

Exported pose: table-top 1.112 m above the floor, couch 0°, head end at the isocentre. The whole arm rides on link1: lowering link1 by up to 0.46 m lowers the couch.
"""

import math, random
from kit import *
from proton_gantry.size import *
from signs import SIGNS

BASE = (0.45, -2.1)  # column, on the floor
WRIST = (0, -1.15)  # the wrist's vertical axis under the table-top
LINK = 1.35  # both links
TOP_Z, TRAVEL = 1.112, 0.46  # table-top surface as modelled; how far the arm can sink


def elbow():
    """Where the two links meet: the solution on the patient's left of the line base-wrist, away from the gantry wall."""
    dx, dy = WRIST[0] - BASE[0], WRIST[1] - BASE[1]
    d = math.hypot(dx, dy)
    h = math.sqrt(LINK**2 - d * d / 4)
    return (BASE[0] + WRIST[0]) / 2 - dy / d * h, (BASE[1] + WRIST[1]) / 2 + dx / d * h


ELBOW = elbow()
PIVOTS = {"link1": (*BASE, 0.507), "link2": (*ELBOW, 0.687), "wrist": (*WRIST, 0.857), "top": (*WRIST, 1.062)}


def arm(name, a, b, z0, z1, ra, rb, group):
    """A link's body: cover, inlaid lid with its joint, screws, joint line around the flank."""
    prism(name, stadium(*a, *b, ra, rb, 28), z0, z1, "cover", group, bevel=0.032, segs=4)
    prism(name + "_gap", stadium(*a, *b, ra + 0.0006, rb + 0.0006, 28), z0 + 0.060, z0 + 0.064, "gap", group, bevel=0)
    prism(name + "_lid", stadium(*a, *b, ra - 0.075, rb - 0.07, 24), z1 - 0.02, z1 + 0.004, "cover_grey", group, bevel=0.004)
    dx, dy = b[0] - a[0], b[1] - a[1]
    l = math.hypot(dx, dy)
    ux, uy = dx / l, dy / l
    for t in (0.30, 0.5, 0.70):
        for s in (-1, 1):
            w = (ra + (rb - ra) * t) - 0.10
            x, y = a[0] + dx * t - uy * s * w, a[1] + dy * t + ux * s * w
            cyl("screw", 0.009, (x, y, z1 + 0.002), (x, y, z1 + 0.0065), "steel", group, bevel=0.002, segs=14)
            cyl("hex", 0.0045, (x, y, z1 + 0.0055), (x, y, z1 + 0.0068), "dark", group, bevel=0.0003, segs=6)
    for s in (-1, 1):  # vertical joint of the two flank shells
        w = (ra + rb) / 2 + 0.0004
        x, y = a[0] + dx * 0.5 - uy * s * w, a[1] + dy * 0.5 + ux * s * w
        box(
            "seam",
            (0.003, 0.006, z1 - z0 - 0.07),
            (0, 0, 0),
            "gap",
            group,
            bevel=0,
            M=Matrix.Translation((x, y, (z0 + z1) / 2)) @ Matrix.Rotation(math.atan2(uy, ux), 4, "Z"),
        )
    return ux, uy


def collar(name, at, r, z0, z1, group):
    """The turning joint between two parts: a coloured ring between two dark lines."""
    revolve(
        name,
        [(r, z0), (r, z0 + 0.006), (r - 0.012, z0 + 0.007), (r - 0.012, z1 - 0.003), (r, z1 - 0.002), (r, z1)],
        "accent",
        Matrix.Translation((*at, 0)),
        group,
        64,
        sharp=40,
    )


def couch():
    bx, by = BASE
    prism(
        "base_plate",
        [(bx + 0.42 * math.cos(2 * math.pi * k / 64), by + 0.42 * math.sin(2 * math.pi * k / 64)) for k in range(64)],
        0,
        0.014,
        "cover_grey",
        "static",
        bevel=0.005,
    )
    revolve(
        "base_ring",
        [(0.315, 0.014), (0.310, 0.030), (0.300, 0.038), (0.285, 0.042), (0.262, 0.042), (0.256, 0.036), (0.252, 0.0)],
        "cover",
        Matrix.Translation((bx, by, 0)),
        "static",
        72,
        sharp=50,
    )
    for k in range(10):
        cyl(
            "bolt",
            0.013,
            (bx + 0.365 * math.cos(k * 0.628), by + 0.365 * math.sin(k * 0.628), 0.014),
            (bx + 0.365 * math.cos(k * 0.628), by + 0.365 * math.sin(k * 0.628), 0.024),
            "steel",
            "detail",
            segs=6,
        )
    # column: rides with link1, its foot sinks under the floor
    revolve(
        "column",
        [
            (0.232, -0.01),
            (0.232, 0.20),
            (0.229, 0.202),
            (0.229, 0.207),
            (0.232, 0.209),
            (0.232, 0.40),
            (0.229, 0.402),
            (0.229, 0.407),
            (0.232, 0.409),
            (0.232, 0.470),
            (0.245, 0.476),
            (0.262, 0.480),
            (0.262, 0.486),
        ],
        "cover",
        Matrix.Translation((bx, by, 0)),
        "link1",
        64,
        sharp=35,
    )
    collar("j1", BASE, 0.258, 0.485, 0.507, "link1")
    ux, uy = arm("l1", BASE, ELBOW, 0.507, 0.667, 0.262, 0.205, "link1")
    collar("j2", ELBOW, 0.188, 0.667, 0.687, "link2")
    arm("l2", ELBOW, WRIST, 0.687, 0.837, 0.200, 0.160, "link2")
    collar("j3", WRIST, 0.150, 0.837, 0.857, "wrist")
    # plate of the maker on the first link's outer flank
    n = Vector((-uy, ux, 0))
    c = Vector(((bx + ELBOW[0]) / 2, (by + ELBOW[1]) / 2, 0.59)) + n * 0.2352
    quad("plate", c + Vector((ux, uy, 0)) * 0.22, Vector((0, 0, 1)).cross(n), (0, 0, 1), 0.22, 0.070, "signs", "link1", SIGNS["plate"])
    M = Matrix.Translation((*WRIST, 0))
    revolve(
        "wrist",
        [(0.152, 0.857), (0.152, 0.935), (0.147, 0.955), (0.132, 0.966), (0.11, 0.970), (0, 0.971)],
        "cover",
        M,
        "wrist",
        56,
        sharp=50,
    )
    revolve(
        "bellows",
        [(0.100, 0.968)] + [(r, 0.974 + 0.008 * k) for k, r in enumerate((0.114, 0.101, 0.114, 0.101, 0.114))] + [(0.100, 1.016)],
        "rubber",
        M,
        "wrist",
        40,
        sharp=20,
    )
    prism("yoke", rounded(0.44, 0.70, 0.09, 8, 0, -1.17), 1.012, 1.062, "cover", "wrist", bevel=0.018, segs=4)
    for sx in (-1, 1):
        for y in (-1.44, -0.90):
            cyl("screw", 0.010, (sx * 0.17, y, 1.0135), (sx * 0.17, y, 1.0085), "steel", "wrist", bevel=0.002, segs=14)
    top()
    # pendant hanging at the couch side
    box("pend_hook", (0.03, 0.10, 0.06), (0.245, -1.62, 1.03), "cover_grey", "wrist", bevel=0.008)
    box("pend_arm", (0.10, 0.05, 0.02), (0.20, -1.50, 1.03), "cover_grey", "wrist", bevel=0.006)
    tube("cord", [(0.262, -1.62, 1.03), (0.30, -1.65, 0.98), (0.31, -1.64, 0.90), (0.302, -1.61, 0.84)], 0.006, "dark", "wrist")
    box("pendant", (0.03, 0.075, 0.17), (0.302, -1.60, 0.77), "dark", "wrist", bevel=0.01, segs=3)
    quad("keys", (0.3175, -1.60, 0.79), (0, 1, 0), (0, 0, 1), 0.06, 0.10, "signs", "wrist", SIGNS["keys"])


def outline(d=0.0):
    """Half-width 26.5 cm, narrowing to the head so that the nozzle comes near."""

    def corner(cx, cy, r, a0, a1):
        return [
            (cx + r * math.cos(math.radians(a0 + (a1 - a0) * k / 8)), cy + r * math.sin(math.radians(a0 + (a1 - a0) * k / 8)))
            for k in range(9)
        ]

    half = [(0.265 - d, -0.22), (0.258 - d, -0.17), (0.235 - d, -0.12), (0.20 - d, -0.07), (0.178 - d, -0.01), (0.17 - d, 0.06)]
    right = corner(0.265 - d - 0.05, -2.12 + d + 0.05, 0.05, -90, 0) + half + corner(0.17 - d - 0.06, 0.42 - d - 0.06, 0.06, 0, 90)
    return right + [(-x, y) for x, y in reversed(right)]


def top():
    g = "top"
    prism("top", outline(), 1.062, TOP_Z, "carbon", g, bevel=0.016, segs=3)
    for s in (-1, 1):
        box("railm", (0.012, 1.78, 0.028), (s * 0.272, -1.16, 1.087), "steel", g, bevel=0.004)
        quad("scale", (s * 0.2785, -1.16, 1.087), (0, s, 0), (0, 0, 1), 0.9, 0.022, "signs", g, SIGNS["scale"])
        for k in range(7):
            box("index", (0.02, 0.014, 0.007), (s * 0.258, -2.0 + k * 0.28, 1.1125), "cover_grey", g, bevel=0.002)
    # mattress with piped seams, its cover's zip at the foot end
    prism("mattress", rounded(0.49, 1.86, 0.05, 8, 0, -1.15), TOP_Z, 1.152, "fabric", g, bevel=0.014, segs=3)
    for z in (1.1145, 1.1475):
        P = [(x, y, z) for x, y in rounded(0.4915, 1.8615, 0.051, 5, 0, -1.15)]
        tube("piping", P + P[:1], 0.0032, "piping", g, segs=6, smooth=0)
    for y in (-0.55, -1.62):
        box("seam", (0.462, 0.0022, 0.0015), (0, y, 1.1522), "piping", g, bevel=0)
    # the head's board and rest are made with the figure that lies on them (tools/people)
    box("index_bar", (0.46, 0.024, 0.012), (0, -0.40, 1.117), "cover_grey", g, bevel=0.004)
    prism("knee_roll", rounded(0.42, 0.22, 0.09, 8, 0, -1.02), 1.15, 1.25, "fabric", g, bevel=0.075, segs=5)
    rnd = random.Random(4)
    for k in range(4):
        prism(
            "blanket",
            rounded(
                0.40 - 0.006 * k + rnd.uniform(-0.006, 0.006),
                0.30 - 0.006 * k,
                0.03,
                6,
                rnd.uniform(-0.006, 0.006),
                -1.80 + rnd.uniform(-0.006, 0.006),
            ),
            1.152 + k * 0.021,
            1.152 + (k + 1) * 0.021 - 0.001,
            "blanket",
            g,
            bevel=0.0095,
            segs=2,
        )


def card(name, at, along, length, width, group):
    """A soft shadow on the floor; it follows the couch part of its name, always 3 mm above the floor."""
    u = Vector((along[0], along[1], 0)).normalized()
    v = Vector((-u.y, u.x, 0))
    c = Vector((at[0], at[1], 0.003))
    return quad(name, c, u, v, length, width, "shadow", group)


def shadows():
    """Root nodes: shadow_link1 stays with link1, and so on (heading and place on the floor, never the height)."""
    for name, a, b, extra in (("shadow_link1", BASE, ELBOW, 0.95), ("shadow_link2", ELBOW, WRIST, 0.85)):
        d = (b[0] - a[0], b[1] - a[1])
        l = math.hypot(*d)
        card(name, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), d, l + extra, extra, name)
    card("shadow_top", (0, -0.95), (0, 1), 3.4, 1.25, "shadow_top")
