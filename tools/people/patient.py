"""The patient lying on the couch (gown, blanket, head cup) and the thermoplastic mask cut from the same head.

Both files are in the room's frame with the couch at its treatment place: the head lies where the plan's isocentre puts it
(ISO_MM, DICOM patient L P S), so that figure, mask and the patient's own anatomy agree to the millimetre. The head and neck
are not bent: a point of the resting figure (metres, Z up) is DICOM (1000 x, 1000 (y + 0.07), 1000 (z - 1.4324)), as in
assets/phantom/placement.json.
"""
import os
import tempfile

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

import clothes
import hair
import motion
from body import Body, brows
from figure import assemble, count, export, in_blender, material, shade, skin_of, to_blender
from mesh import Mesh, fold, noise, open_sky
from mould import G, INDEX, face_unit, mirrored, to_z_up, verts_of

ISO_MM = np.array([-29.0, 13.0, 49.0])
ISO_HEIGHT = 1.25
MATTRESS = 1.152
LOOK = dict(
    stands=False,
    shape=dict(gender=0, old=.78, muscle=.4, weight=.56, height=.42, ideal=.5, race={'caucasian': 1.0}, cup=.55, firm=.3,
               details={'head/head-age-incr': .5},
               faces={'mouthSmileLeft': .25, 'mouthSmileRight': .25, 'eyeWideLeft': .2, 'eyeWideRight': .2}),
    skin=(.60, .385, .305), blood=[1.02, .66, .60], iris=(.07, .14, .20), lips=[.85, .50, .48], age=1.0, lash=(.16, .11, .09),
    hairline=[.070, .068, .058, .038, .004, -.01, .01, -.04, -.075, -.08],
    hair=dict(pole=(0, .62, .78), thick=.015, lock=.0050, edge=.30, locks=6, columns=76, rows=12, colour=(.46, .45, .44), repeat=8, volume=.2, swirl=.5,
              even=3, part=.022),
    brow=(.36, .31, .28), brow_hairs=84, gown=(.30, .43, .52))
LIES = dict(
    towards=mirrored({'upperarm_l': (.16, .07, -.98), 'lowerarm_l': (-.36, -.66, -.70), 'hand_l': (-.55, -.06, -.83),
                      'thigh_l': (.02, -.097, -.33), 'calf_l': (.012, .133, -.35)}),
    curl=11)


def to_room(p):
    """Resting figure (Z up, facing -Y) -> room, Blender axes (x right, y towards the gantry, z up)."""
    iso = ISO_MM / 1000
    return np.stack([p[:, 0] - iso[0], p[:, 2] - 1.4324 - iso[2], ISO_HEIGHT - (p[:, 1] + .07) + iso[1]], 1)


def lie_down(body):
    """Turns a posed body into the room and presses its soft parts flat on the mattress."""
    body.v = to_room(body.v)
    low = MATTRESS + .004 - body.v[:, 2]
    soft = (body.head < .5) & (low > 0)
    body.v[soft, 2] += low[soft]
    body.posed_bones = {n: tuple(to_room(np.array([a, b]))) for n, (a, b) in body.posed_bones.items()}


def gown(body, tree):
    look = body.look
    m = clothes.raw(body, lambda i: body.rest[i, 2] > body.hip_z - .17 and body.arm[i] < 1.4 and body.head[i] < .6 and body.hand[i] < .4)
    sleeve = np.clip((m.a['arm'] - .1) / .35, 0, 1)
    r = m.a['rest']
    front = np.clip((.02 - r[:, 1]) / .06, 0, 1)
    m = clothes.puff(m, .010 + .018 * sleeve + .008 * front, 18, tree, .006)
    m = m.clip(.86 - m.a['arm'])
    r, neck = m.a['rest'], body.neck
    # a round neck
    d = neck[2] - .002 + .50 * (r[:, 1] - neck[1]) - r[:, 2] + .30 * np.maximum(0, np.abs(r[:, 0]) - .075)
    m.a['v'] = d
    m = m.clip(d)
    r = m.a['rest']
    flat = np.stack([r[:, 0] * 13, r[:, 2] * 9 + r[:, 0] * 4, r[:, 1] * 6], 1)
    h = .018 * (fold(flat, 12) - .45) * np.clip((neck[2] - .04 - r[:, 2]) / .08, 0, 1) + .004 * noise(r * 24, 3)
    clothes.crease(m, h)
    clothes.clear(m, tree, .005, 1)
    m.p[:, 2] = np.maximum(m.p[:, 2], MATTRESS)
    col = clothes.paint(m, look['gown'], h, 5)
    # a small woven sprig, as hospital gowns have
    sprig = (np.sin(r[:, 0] * 330) * np.sin(r[:, 2] * 330) > .80)[:, None]
    col = np.where(sprig, col * .80, col)
    band = (np.clip(1 - (m.a['v'] - .002) / .008, 0, 1) * (m.a['v'] < .03))[:, None]
    m.a['col'] = col * (1 - .35 * band)
    del m.a['v']
    return m


def blanket(body, under):
    """A cotton blanket over hips, legs and feet, its top turned down to a white sheet; it hangs over both edges."""
    cx = -ISO_MM[0] / 1000
    y0, y1 = to_room(np.array([[0, 0, .765]]))[0, 1], body.v[verts_of('body'), 1].min() - .035
    half, hang = .245, .085
    nx, ny = 40, 34
    s = np.linspace(-half - hang, half + hang, nx + 1)
    yy = np.linspace(y0, y1, ny + 1)
    fine_x, fine_y = np.linspace(-half, half, 61), np.linspace(y0 + .05, y1 - .02, 91)
    h = np.full((91, 61), MATTRESS)
    for j, y in enumerate(fine_y):
        for i, x in enumerate(fine_x):
            hit = under.ray_cast(Vector((cx * 0 + x, y, 1.9)), Vector((0, 0, -1)))
            if hit[0] is not None:
                h[j, i] = max(MATTRESS, hit[0].z)
    h0 = h.copy()
    # cloth under its own weight: no steeper than about 50 degrees, bridging between the legs
    dx, dy = fine_x[1] - fine_x[0], abs(fine_y[1] - fine_y[0])
    for _ in range(60):
        for ax, step, k in ((1, dx, .95), (0, dy, .75)):
            a, b = np.roll(h, 1, ax) - k * step, np.roll(h, -1, ax) - k * step
            if ax == 1:
                a[:, 0], b[:, -1] = 0, 0
            else:
                a[0], b[-1] = 0, 0
            h = np.maximum(h, np.maximum(a, b))
    least = h0.copy()
    for _ in range(6):
        p = np.pad(h, 1, mode='edge')
        h = np.maximum(least, .25 * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]))
    def bilinear(h, x, y):
            fi = np.clip((x + half) / dx, 0, 59.999)
            fj = np.clip((fine_y[0] - y) / dy, 0, 89.999)
            i, j = int(fi), int(fj)
            u, v = fi - i, fj - j
            return (h[j, i] * (1 - u) + h[j, i + 1] * u) * (1 - v) + (h[j + 1, i] * (1 - u) + h[j + 1, i + 1] * u) * v

    # what lies under a whole square of cloth, not under its corner alone
    wide = h0.copy()
    for ax in (0, 1):
        wide = np.maximum(wide, np.maximum(np.roll(wide, 1, ax), np.roll(wide, -1, ax)))
    p = []
    for y in yy:
        for q in s:
            x = np.clip(q, -half, half)
            z = bilinear(h, x, y) + .012
            over = max(0, abs(q) - half)
            edge = np.sign(q) * (.012 * np.sin(min(1, over / .03) * np.pi / 2))
            p.append([x + edge, y, z - max(0, over - .008)])
    p = np.array(p)
    faces = [[j * (nx + 1) + i, (j + 1) * (nx + 1) + i, (j + 1) * (nx + 1) + i + 1, j * (nx + 1) + i + 1] for j in range(ny) for i in range(nx)]
    m = Mesh(p, faces)
    if (m.normals()[:, 2]).mean() < 0:
        m.faces = [f[::-1] for f in m.faces]
    free = np.clip((p[:, 2] - MATTRESS) / .05, .25, 1)
    ang = np.stack([p[:, 0] * 15 + p[:, 1] * 3, p[:, 1] * 4.5, p[:, 2] * 8], 1)
    ang2 = np.stack([p[:, 0] * 5, p[:, 1] * 13, p[:, 2] * 6], 1)
    f = .014 * free * (fold(ang, 21) - .45) + .010 * free * (fold(ang2, 23) - .45)
    m.p = m.p + m.normals() * f[:, None]
    m.p[:, 2] = np.where(np.abs(m.p[:, 0]) < half - .01, np.maximum(m.p[:, 2], MATTRESS + .006), m.p[:, 2])
    flat = np.abs(m.p[:, 0]) < half
    floor = np.array([bilinear(wide, np.clip(q[0], -half, half), q[1]) for q in m.p]) + .006
    m.p[:, 2] = np.where(flat, np.maximum(m.p[:, 2], floor), m.p[:, 2])
    row = np.repeat(np.arange(ny + 1), nx + 1)
    # waffle weave in the colour, and the turned-down sheet
    base = clothes.paint(m, (.47, .50, .43), f, 8)
    sheet = clothes.paint(m, (.70, .70, .68), f, 8)
    m.a['col'] = np.where((row < 4)[:, None], sheet, base)
    m.p[row < 4, 2] += .005
    w = np.zeros((len(p), len(INDEX)))
    w[:, INDEX['Root']] = 1
    m.a['w'] = w
    return clothes.hem(m, .006, .004)


def head_cup(body, tree):
    """The hollow rest under head and neck, on its board."""
    cx = -ISO_MM[0] / 1000
    nx, ny = 26, 26
    p, faces = [], []
    y0, y1 = -.185, .072
    for j in range(ny + 1):
        for i in range(nx + 1):
            u, v = i / nx * 2 - 1, j / ny
            x, y = cx + u * .096, y0 + (y1 - y0) * v
            hit = tree.ray_cast(Vector((x, y, .9)), Vector((0, 0, 1)), .6)
            want = hit[0].z - .004 if hit[0] is not None else 9
            rim = 1.174 + .016 * u * u - .010 * (v < .3) * (.3 - v) / .3
            z = min(rim, want)
            edge = min(1, (1 - abs(u)) / .10, v / .08, (1 - v) / .10)
            z = 1.124 + (z - 1.124) * np.sqrt(max(0, 1 - (1 - edge) ** 2))
            p.append([x, y, z])
    faces = [[j * (nx + 1) + i, j * (nx + 1) + i + 1, (j + 1) * (nx + 1) + i + 1, (j + 1) * (nx + 1) + i] for j in range(ny) for i in range(nx)]
    m = Mesh(p, faces)
    hold = np.zeros(len(m.p))
    hold[m.border()] = 1
    m.p = m.smooth(2, .5, hold)
    m.a['col'] = np.tile([.42, .40, .36], (len(p), 1))
    w = np.zeros((len(p), len(INDEX)))
    w[:, INDEX['Root']] = 1
    m.a['w'] = w
    return m.join(box((cx - .172, -.21, 1.116), (cx + .172, .13, 1.1245), (.60, .61, .60), w[:1]))


def box(a, b, col, w):
    p = np.array([[(a, b)[i][0], (a, b)[j][1], (a, b)[k][2]] for k in (0, 1) for j in (0, 1) for i in (0, 1)])
    f = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [1, 3, 7, 5], [3, 2, 6, 7], [2, 0, 4, 6]]
    p = np.concatenate([p[q] for q in f])
    return Mesh(p, [[4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3] for k in range(6)], col=np.tile(np.array(col, float), (24, 1)), w=np.tile(w, (24, 1)))


def make(out):
    body = Body(LOOK, LIES)
    # in the figure's own frame: hair and brows are combed upright, then everything lies down
    full = skin_of(body)
    caps = [hair.cap(body, full, LOOK['hair']), brows(body, full.bvh(), LOOK['brow'])]
    for c in caps:
        c.p = to_room(c.p)
    eyes = body.eyes()
    eyes.p = to_room(eyes.p)
    body.eyes = lambda: eyes
    morph = body.morph
    body.morph = lambda n: (lambda d: np.stack([d[:, 0], d[:, 2], -d[:, 1]], 1))(morph(n))
    lie_down(body)
    full = skin_of(body)
    tree = full.bvh()
    dressed = gown(body, tree)
    trunk = Mesh(body.v, [f for f in G['body'] if body.arm[f].max() < 0]).join(Mesh(dressed.p, [f for f in dressed.faces if dressed.a['arm'][f].max() < 0]))
    legs = BVHTree.FromPolygons(trunk.p.tolist(), trunk.faces)
    cup_tree = BVHTree.FromPolygons(body.v.tolist(), [f for f in G['body'] if body.head[f].max() > .1 or body.rest[f][:, 2].min() > 1.28])
    garments = {'gown': (clothes.hem(dressed), 2400), 'blanket': (blanket(body, legs), 2100)}
    rest = head_cup(body, cup_tree)
    parts = assemble(body, garments, caps, 4250, MATTRESS, rest)
    print('patient_supine', count(parts), sum(count(parts).values()), flush=True)
    strand = os.path.join(tempfile.gettempdir(), 'strands_patient.png')
    hair.strands(strand)
    arm, obs = in_blender('patient', parts, body.posed_bones, strand)
    motion.patient(arm, body)
    export(os.path.join(out, 'patient_supine.glb'))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    shade(rest, rest.bvh(), None, .10, .45)
    to_blender('head_rest', rest, material('head_rest', .62))
    export(os.path.join(out, 'head_rest.glb'))
    import mask
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mask.make(body, out)


# on a chair, hands in the lap: what one sees of oneself
SITS = dict(
    towards=mirrored({'thigh_l': (.07, -1, .02), 'calf_l': (.01, -.06, -1), 'upperarm_l': (.16, -.16, -.97), 'lowerarm_l': (-.16, -.86, -.50),
                      'hand_l': (-.26, -.93, -.22)}),
    fixed=('foot_l', 'foot_r', 'ball_l', 'ball_r'), curl=20)
OWN = LOOK | dict(stands=True, sleeve=1.78, tunic=(.36, .22, .24), trousers=(.085, .10, .14), shoes=(.10, .085, .075), length=.10)


def sit(out):
    """One's own body on a chair, in everyday clothes, without the head: the origin is on the floor under the eyes."""
    body = Body(OWN, SITS)
    eye = (body.eyes_at['l'] + body.eyes_at['r']) / 2
    to = np.array([eye[0], eye[1], 0])
    body.v -= to
    body.posed_bones = {n: (h - to, t - to) for n, (h, t) in body.posed_bones.items()}
    full = skin_of(body)
    garments = clothes.scrubs(body, full.bvh())
    neck = body.neck[2] + .01
    parts = assemble(body, garments, [], 3300, 0.0, skin_where=lambda f: body.rest[f][:, 2].max() < neck)
    parts['eyes'] = None
    print('patient_seated', count(parts), sum(count(parts).values()), 'eyes', eye[2], flush=True)
    arm, obs = in_blender('patient', parts, body.posed_bones, None)
    motion.patient(arm, body, lying=False)
    export(os.path.join(out, 'patient_seated.glb'))
