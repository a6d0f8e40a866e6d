"""machine.json: what a program must know to pose the room's moving nodes and to place its light, in room axes (metres, Y up, gantry at -Z)."""

import math


def room_axes(p):
    return [round(p[0], 5) + 0.0, round(p[2], 5) + 0.0, round(-p[1], 5) + 0.0]


def light_boxes(room):
    """light.json: boxes of the reflection probe and of the irradiance volume."""
    return {"room_min": list(room.PROBE[0]), "room_max": list(room.PROBE[1]), "volume_min": list(room.VOLUME[0]), "volume_max": list(room.VOLUME[1])}


def heading(a, b):
    """Turn about +Y, in degrees, that brings room +X to the direction from a to b (Blender's x, y)."""
    return round(math.degrees(math.atan2(b[1] - a[1], b[0] - a[0])), 4)


def describe(room):
    from proton_gantry import couch

    named = (*room.MOVING, *room.SHADOWS)
    (bx, by), (wx, wy), elbow = couch.BASE, couch.WRIST, couch.ELBOW
    return {
        "about": "Pivots: a node's own origin in the exported pose, room axes, metres. Angles in degrees; turns about +Y are anticlockwise seen from above.",
        "isocentre_m": [0, 1.25, 0],
        "parents": room.PARENTS,
        "pivots_m": {n: room_axes(p) for n, p in room.PIVOTS.items() if n in named},
        "exported_pose": {"gantry_deg": 0, "couch_deg": 0, "table_top_m": [0, 0, 0], "imagers": 0, "snout_m": 0.42, "door": 0},
        "gantry": {"node": "gantry", "turn": "about room +Z through the isocentre by minus the IEC gantry angle (0: beam straight down; 90: from +X towards -X)"},
        "snout": {"node": "snout", "parent": "gantry", "move": "along the gantry's own +Y by snout_m - 0.42 (snout_m: front to isocentre)", "range_m": [0.05, 0.5]},
        "imagers": {
            "slide": {"nodes": ["imager_l", "imager_r"], "axis": "room +Z", "reach_m": 0.9},
            "turn": {"panel_l": 75, "panel_r": -75, "axis": "the panel's own +Y, once it has left the wall by 0.45 m; faces the isocentre at 0.9 m"},
        },
        "door": {"node": "door", "move": "room +Z by 1.4 m when open: into the wall, away from the gantry"},
        "couch": {
            "nodes": ["link1", "link2", "wrist", "top"],
            "base_m": [bx, -by],
            "link1_m": couch.LINK,
            "link2_m": couch.LINK,
            "wrist_m": [wx, -wy],
            "elbow_side": -1,
            "heading1_deg": heading((bx, by), elbow),
            "heading2_deg": heading(elbow, (wx, wy)),
            "table_top_surface_m": couch.TOP_Z,
            "lift_range_m": [-0.35, 0.10],
            "reach_m": [0.45, 2 * couch.LINK - 0.02],
            "inverse": [
                "theta = couch_deg (IEC patient support, about the isocentre's vertical); (tx, ty, tz) = travel in room axes",
                "P = wrist_m turned by theta about the isocentre, plus (tx, tz): X = c*x + s*z + tx, Z = -s*x + c*z + tz",
                "d = P - base_m; D = |d| within reach_m; direction = atan2(-dZ, dX)",
                "inner = acos(D / (2 * link)); heading1 = direction - elbow_side * inner; heading2 = direction + elbow_side * inner",
                "link1 turns about +Y by heading1 - heading1_deg; link2 by (heading2 - heading2_deg) - (heading1 - heading1_deg); wrist only rises by ty; top turns by theta - (heading2 - heading2_deg), then pitch and roll",
            ],
        },
        "volume": {"file": "volume.ktx2", "points": list(room.VOLUME[2])},
        "probe": {"specular": "specular.ktx2", "diffuse": "diffuse.ktx2", "grow": 1.06},
        "light": {
            "ev100": 9.7,
            "unit_cd_m2": round(1.2 * 2**9.7, 2),
            "exposure_ev": -0.25,
            "shown_at": {"sky": 0.36, "sky_view": 0.36},
            "note": "one unit is Cycles radiance 1; pictures of the sky light the room at full strength in the bake and are shown dimmed",
        },
        "lightmapped": ["static"],
        "occluded": list(room.OCCLUDED),
        "plain": ["emit", "masks", "glass", *room.SHADOWS],
        "viewpoints_m": {n: {"eye": room_axes(e), "target": room_axes(t), "horizontal_fov_deg": f} for n, (e, t, f) in room.VIEWS.items()},
    }


def pose_couch(spec, couch_deg, tx=0.0, ty=0.0, tz=0.0):
    """The rule under `inverse`, in code: turns of link1, link2 and top in degrees, rise of the wrist in metres."""
    t = math.radians(couch_deg)
    c, s = math.cos(t), math.sin(t)
    x, z = spec["wrist_m"]
    dx, dz = c * x + s * z + tx - spec["base_m"][0], -s * x + c * z + tz - spec["base_m"][1]
    d = min(max(math.hypot(dx, dz), spec["reach_m"][0]), spec["reach_m"][1])
    direction, inner = math.degrees(math.atan2(-dz, dx)), math.degrees(math.acos(d / (2 * spec["link1_m"])))
    a = direction - spec["elbow_side"] * inner - spec["heading1_deg"]
    b = direction + spec["elbow_side"] * inner - spec["heading2_deg"]
    wrap = lambda v: (v + 180) % 360 - 180
    return wrap(a), wrap(b - a), wrap(couch_deg - b), ty
