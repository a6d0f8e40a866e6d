"""The proton gantry room: build() leaves its nodes in Blender's scene, at gantry 0, couch 0, door closed, panels folded."""

import bpy
from mathutils import Matrix, Vector
import kit, materials
from proton_gantry import control, corridor, couch, furniture, gantry, shell
from proton_gantry.size import DOOR, ISO, XW, YE

# name: eye, target (Blender axes), horizontal field of view in degrees
VIEWS = {
    "door": ((-2.75, -6.0, 1.62), (0.35, -0.3, 1.12), 74),
    "lying": ((0.02, 0.06, 1.33), (-0.05, -0.62, 2.35), 92),
    "seated": ((2.35, -5.0, 1.18), (-0.55, -0.2, 1.30), 78),
    "window": ((1.55, -6.72, 1.68), (-0.15, -1.0, 1.12), 80),
    "corridor": ((-5.75, -8.55, 1.28), (-4.35, -4.3, 1.27), 76),
    "bedside": ((-1.25, -0.95, 1.55), (0.35, -0.25, 1.22), 72),
    "control": ((2.35, -8.55, 1.55), (1.0, -5.2, 1.2), 78),
    "back": ((1.6, -1.6, 1.6), (-2.2, -6.2, 1.2), 84),
}
# node: pivot; None = child of nothing
PIVOTS = (
    {n: (0, 0, 0) for n in ("static", "emit", "detail", "masks", "glass", "bake_only")}
    | {"gantry": (0, 0, ISO), "snout": (0, 0, ISO)}
    | couch.PIVOTS
    | {"door": (-XW - 0.28, (DOOR[0] + DOOR[1]) / 2, 0)}
)
for _s, _n in ((-1, "l"), (1, "r")):
    PIVOTS["imager_" + _n] = PIVOTS["panel_" + _n] = (_s * gantry.PANEL[0], YE, gantry.PANEL[2])
PIVOTS |= {"shadow_link1": (*couch.BASE, 0), "shadow_link2": (*couch.ELBOW, 0), "shadow_top": (*couch.WRIST, 0)}
PARENTS = {"snout": "gantry", "panel_l": "imager_l", "panel_r": "imager_r", "link2": "link1", "wrist": "link2", "top": "wrist"}
# what moves, what shares the occlusion atlas on UV 1, what the bake must not see
MOVING = ("gantry", "snout", "imager_l", "imager_r", "panel_l", "panel_r", "link1", "link2", "wrist", "top", "door")
OCCLUDED = ("detail", *MOVING)
SHADOWS = ("shadow_link1", "shadow_link2", "shadow_top")
# the light volume's box in room axes (X, Y up, Z) and its points; the probe's box (the treatment room)
VOLUME = ((-7.2, -0.05, -1.25), (3.6, 3.25, 10.35), (22, 8, 25))
PROBE = ((-3.5, 0, -1.15), (3.5, 3.2, 6.6))
# points of view from which no face may show its back
STANDING = (
    (0, -4, 1.5),
    (-2.5, -6, 1.6),
    (2.3, -5, 1.2),
    (0, -1.2, 1.5),
    (0, 0.2, 1.9),
    (-4.6, -5.5, 1.5),
    (1.5, -8, 1.5),
    (2.5, -2, 2.5),
    (-2.5, -2.2, 2.4),
    (-5.2, -8.5, 1.5),
    (-5.2, -2, 1.4),
    (-6.3, -5.8, 1.2),
    (-5, -5, 2.2),
    (-3, -5.3, 1.2),
    (1.2, -8, 2.2),
)
# hidden light on the floor that only the bake sees: centre, size, radiance
FILL = (((0, -3.8, 0.03), (6.4, 5.2), 0.38), ((-5.2, -5.4, 0.03), (2.0, 8.0), 0.32))


def build(pictures):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    kit.GROUPS.clear()
    materials.materials(pictures)
    shell.floor()
    shell.walls()
    shell.ceiling()
    gantry.bore()
    gantry.nozzle()
    gantry.snout()
    gantry.imagers()
    couch.couch()
    couch.shadows()
    control.door()
    control.window()
    control.control_room()
    corridor.corridor()
    furniture.furniture()
    nodes = {g: kit.join(g, g, p) for g, p in PIVOTS.items()}
    for child, parent in PARENTS.items():
        o = nodes[child]
        o.parent = nodes[parent]
        o.matrix_parent_inverse = Matrix.Identity(4)
        o.location = Vector(PIVOTS[child]) - Vector(PIVOTS[parent])
    bpy.context.view_layer.update()
    return nodes


def thin(o, polygon):
    """Fewer lightmap texels for what is seen through a door, or hardly ever: factor on an island's size."""
    c = polygon.center
    if c.z > 3.15 or (c.y < -6.96 and c.x > -3.5):
        return 0.5
    return 0.62 if c.x < -3.6 else 1.0
