"""Thermoplastic masks on their shelf: perforated faces with a flange and a name tag."""

import math
from kit import *
from signs import SIGNS


def relief(u, v):
    """How far the face stands out of its oval: nose, brow, eyes, chin, lips; u -1..1 across, v 0..1 from chin to crown."""

    def bump(a, u0, su, v0, sv):
        return a * math.exp(-(((u - u0) / su) ** 2) - ((v - v0) / sv) ** 2)

    return (
        bump(0.030, 0, 0.10, 0.44, 0.075)
        + bump(0.016, 0, 0.07, 0.52, 0.10)
        + bump(0.010, 0, 0.5, 0.65, 0.06)
        - bump(0.014, 0.27, 0.13, 0.575, 0.05)
        - bump(0.014, -0.27, 0.13, 0.575, 0.05)
        + bump(0.012, 0, 0.2, 0.12, 0.07)
        + bump(0.007, 0, 0.17, 0.27, 0.025)
        - bump(0.004, 0, 0.17, 0.215, 0.02)
        + bump(0.006, 0.42, 0.16, 0.44, 0.10)
        + bump(0.006, -0.42, 0.16, 0.44, 0.10)
    )


def face_mask(at, yaw, size=1.0):
    """Stands on its shelf like a bust, looking along its own x."""
    n, m = 14, 18
    M = Matrix.Translation(at) @ Matrix.Rotation(yaw, 4, "Z")
    rows, rim = [], []
    for j in range(n + 1):
        v = j / n
        row = []
        z = 0.012 + 0.268 * v
        wide = 0.092 * (1 - 0.30 * max(0, 0.40 - v) / 0.40) * math.sqrt(max(0.02, 1 - max(0, (v - 0.55) / 0.47) ** 2.4))
        deep = 0.112 * math.sqrt(max(0.02, 1 - ((v - 0.45) / 0.63) ** 2))
        for i in range(m + 1):
            u = i / m * 2 - 1
            a = u * math.radians(100)
            row.append(M @ Vector((size * (deep * math.cos(a) + relief(u, v)), size * wide * math.sin(a), size * z)))
        rows.append(row)
        rim.append((deep * math.cos(math.radians(100)), wide, z))
    grid_mesh(rows, "mask", "mask", "masks", sharp=80)
    # the plastic frame around it: a flat horseshoe, 2.4 cm wide
    edge = [(-1, r) for r in rim] + [(1, r) for r in reversed(rim)]
    inner, outer = [], []
    for s, (x, w, z) in edge:
        k = Vector((0, s * w, z - 0.13))
        o = k.normalized() * 0.026
        inner.append(M @ Vector((size * x, size * s * w, size * z)))
        outer.append(M @ Vector((size * (x - 0.004), size * (s * w + o.y), size * max(0.004, z + o.z))))
    grid_mesh([inner, outer], "blue_pale", "maskframe", "detail", sharp=60)
    grid_mesh([inner, outer], "blue_pale", "maskframe", "detail", sharp=60, flip=True)
    q = M.to_3x3()
    quad(
        "tag",
        M @ Vector((size * 0.125, 0, 0.012)),
        q @ Vector((0, 1, 0)),
        (q @ Vector((0.0, 0, 1))),
        0.055,
        0.022,
        "signs",
        "detail",
        SIGNS["tag"],
    )
