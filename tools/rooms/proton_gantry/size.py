"""Sizes shared by the room's modules, metres. Blender axes: x right, y towards the gantry, z up; origin on the floor under the isocentre."""

ISO = 1.25  # isocentre above the floor
XW, YB, YG, H = 3.5, -6.6, -0.75, 3.2  # half width, back wall, gantry wall, slab
R, YE = 1.65, 1.15  # bore radius and its end wall
ZC = 2.9  # hung ceiling
DOOR = (-6.0, -4.6, 2.2, 0.5)  # the door's opening in the left wall: y from, y to, height, depth of the wall
COVE = [
    (0.045, 0.001),
    (0.026, 0.004),
    (0.012, 0.012),
    (0.004, 0.026),
    (0, 0.045),
    (0, 0.10),
    (0.0, 0.102),
]  # coved skirting: inward offset, height
# corridor: x from, x to, y from, y to, height; alcove with the bench: x, y from, y to
CORRIDOR = (-6.4, -4.0, -10.2, -1.0, 2.6)
ALCOVE = (-7.05, -7.3, -4.3)
