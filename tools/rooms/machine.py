"""machine.json: what a program must know to pose the room's moving nodes and to place its light, in room axes (metres, Y up, gantry at -Z)."""

import math


def room_axes(p):
    return [round(p[0], 5) + 0.0, round(p[2], 5) + 0.0, round(-p[1], 5) + 0.0]


def describe(room):
    from proton_gantry import couch, gantry

    pivots = {n: room_axes(p) for n, p in room.PIVOTS.items() if n in room.MOVING or n in room.SHADOWS}
    bx, by = couch.BASE
    wx, wy = couch.WRIST
    ex, ey = couch.ELBOW
    heading = lambda a, b: round(
        math.degrees(math.atan2(b[1] - a[1], b[0] - a[0])), 4
    )  # anticlockwise seen from above, from room +X: equal in Blender's x, y
    return {
        "about": "Pivots are where a node's own origin lies in the exported pose (world, room axes). Angles in degrees, lengths in metres; turns about +Y are anticlockwise seen from above.",
        "isocentre_m": [0, 1.25, 0],
        "parents": room.PARENTS,
        "pivots_m": pivots,
        "exported_pose": {"gantry_deg": 0, "couch_deg": 0, "table_top_m": [0, 0, 0], "imagers": 0, "snout_m": 0, "door": 0},
        "gantry": {
            "node": "gantry",
            "turn": "about room +Z through the isocentre by minus the IEC gantry angle (0: beam straight down; 90: beam from +X towards -X)",
        },
        "snout": {
            "node": "snout",
            "parent": "gantry",
            "move": "along the gantry's own -Y by snout_m (towards the isocentre)",
            "range_m": [0, 0.12],
            "front_from_isocentre_m": 0.441,
        },
        "imagers": {
            "nodes": ["imager_l", "imager_r"],
            "panels": ["panel_l", "panel_r"],
            "slide_m": 0.90,
            "slide": "along room +Z by slide_m * smoothstep(0, 0.65, u)",
            "turn_deg": {"panel_l": 75, "panel_r": -75},
            "turn": "about the panel's own +Y by turn_deg * smoothstep(0.5, 1, u)",
        },
        "door": {
            "node": "door",
            "open_m": [0, 0, -1.5],
            "move": "translation open_m * u (0 closed, 1 open: slides into the wall towards the gantry)",
        },
        "couch": {
            "nodes": ["link1", "link2", "wrist", "top"],
            "shadows": {"shadow_link1": "link1", "shadow_link2": "link2", "shadow_top": "wrist"},
            "shadow_rule": "a shadow card is a root node: copy the followed node's world X, Z and heading, keep the card's own height; draw it unlit, alpha-blended, casting nothing",
            "base_m": [bx, -by],
            "link1_m": couch.LINK,
            "link2_m": couch.LINK,
            "wrist_m": [wx, -wy],
            "elbow_side": -1,
            "heading1_deg": heading((bx, by), (ex, ey)),
            "heading2_deg": heading((ex, ey), (wx, wy)),
            "table_top_surface_m": couch.TOP_Z,
            "lift_range_m": [-couch.TRAVEL, 0.12],
            "reach_m": [0.30, 2 * couch.LINK - 0.02],
            "inverse": [
                "theta = couch_deg (IEC 61217 patient support, anticlockwise from above, about the isocentre's vertical); (tx, ty, tz) = table-top displacement in the turned table's axes, room handed: tx to the right, ty up, tz towards the feet",
                "P = wrist_m + (tx, tz) turned by theta about the isocentre: X = c*x + s*z, Z = -s*x + c*z with x = wrist_m[0] + tx, z = wrist_m[1] + tz, c = cos theta, s = sin theta",
                "d = P - base_m in the map plane with east = X and north = -Z; D = |d|, clamped to reach_m; direction = atan2(-dZ, dX)",
                "inner = acos(D / (2 * link)); heading1 = direction - elbow_side * inner; heading2 = direction + elbow_side * inner",
                "link1 turns about +Y by heading1 - heading1_deg and rises by ty; link2 turns by (heading2 - heading2_deg) - (heading1 - heading1_deg); wrist turns by theta - (heading2 - heading2_deg); top keeps its own turn for pitch and roll (0)",
            ],
        },
        "volume": {"file": "volume.ktx2", "min_m": list(room.VOLUME[0]), "max_m": list(room.VOLUME[1]), "points": list(room.VOLUME[2])},
        "probe": {
            "specular": "specular.ktx2",
            "diffuse": "diffuse.ktx2",
            "min_m": list(room.PROBE[0]),
            "max_m": list(room.PROBE[1]),
            "grow": 1.06,
        },
        "light": {
            "ev100": 9.7,
            "unit_cd_m2": round(1.2 * 2**9.7, 2),
            "exposure_ev": -0.25,
            "shown_at": {"sky": 0.36, "view": 0.34},
            "note": "one room unit is Cycles radiance 1; sky and view light the room at full strength in the bake and are shown dimmed",
        },
        "lightmapped": ["static"],
        "occluded": list(room.OCCLUDED),
        "plain": ["emit", "masks", "glass", *room.SHADOWS],
        "viewpoints_m": {n: {"eye": room_axes(e), "target": room_axes(t), "horizontal_fov_deg": f} for n, (e, t, f) in room.VIEWS.items()},
    }


def pose_couch(spec, couch_deg, tx, ty, tz):
    """The rule under `inverse`, in code: turns of link1, link2, wrist in degrees and the rise in metres."""
    t = math.radians(couch_deg)
    c, s = math.cos(t), math.sin(t)
    x, z = spec["wrist_m"][0] + tx, spec["wrist_m"][1] + tz
    px, pz = c * x + s * z, -s * x + c * z
    dx, dz = px - spec["base_m"][0], pz - spec["base_m"][1]
    d = min(max(math.hypot(dx, dz), spec["reach_m"][0]), spec["reach_m"][1])
    direction = math.degrees(math.atan2(-dz, dx))
    inner = math.degrees(math.acos(d / (2 * spec["link1_m"])))
    wrap = lambda a: (a + 180) % 360 - 180
    a = direction - spec["elbow_side"] * inner - spec["heading1_deg"]
    b = direction + spec["elbow_side"] * inner - spec["heading2_deg"]
    return wrap(a), wrap(b - a), wrap(couch_deg - b), ty
