"""The thermoplastic mask: drawn over the patient's own closed-eyed head at 2 mm, perforated, on a frame that clips to the board."""
import os
import tempfile

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from PIL import Image

from figure import export, raise_relief, shade, to_blender
from mesh import Mesh
from mould import G, face_unit, to_z_up
from patient import ISO_MM, to_room

CLEAR = .002           # over the skin, metres
HOLE, PITCH = .0064, .0084  # warm sheets are stretched over a head: their holes open to this
THICK = .0018          # of the sheet
FRAME_Z = 1.1265       # underside of the frame: on the board


def sheet(body):
    closed = body.rest + .88 * to_z_up(face_unit('eyeBlinkLeft') + face_unit('eyeBlinkRight'))
    head = to_room(closed)
    faces = [f for f in G['body'] if body.head[f].max() > .02]
    tree = BVHTree.FromPolygons(head.tolist(), faces)
    eye = to_room(body.eye_rest[None])[0]
    c = eye + [0, -.022, -.082]
    nu, nv = 60, 46
    across = np.radians(np.linspace(-96, 96, nu + 1))
    # from under the chin to the hairline: the middle leans out at both ends, the sides stay side by side
    lean = np.radians(np.linspace(-46, 38, nv + 1))
    along = np.linspace(-.066, .048, nv + 1)
    r = np.zeros((nv + 1, nu + 1))
    d = np.zeros((nv + 1, nu + 1, 3))
    for j, t in enumerate(lean):
        for i, a in enumerate(across):
            q = np.array([np.sin(a), max(0, np.cos(a)) * np.sin(t), np.cos(a) * (np.cos(t) if np.cos(a) > 0 else 1)])
            q /= np.linalg.norm(q)
            o = c + [0, along[j], 0]
            hit = tree.ray_cast(Vector(o + q * .4), Vector(-q), .4)
            d[j, i], r[j, i] = q, (np.linalg.norm(np.array(hit[0]) - o) if hit[0] is not None else np.nan)
    centres = c + np.stack([0 * along, along, 0 * along], 1)[:, None, :]
    for j in range(nv + 1):
        bad = np.isnan(r[j])
        if bad.any() and not bad.all():
            r[j, bad] = np.interp(np.flatnonzero(bad), np.flatnonzero(~bad), r[j, ~bad])
    # the warm sheet bridges hollows: it never goes below the skin, and spans narrow valleys
    skin_r = r.copy()
    for _ in range(9):
        p = np.pad(r, 1, mode='edge')
        r = np.maximum(skin_r, .25 * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]))
    points = centres + d * (r + CLEAR)[..., None]
    # skirts: from the sides of the head down and out to the frame
    rows = []
    for j in range(nv + 1):
        def skirt(p, sign):
            x0 = p[0]
            out = []
            for k in (1, 2, 3, 4):
                t = k / 4
                out.append([x0 + (c[0] + sign * .130 - x0) * t ** 1.1, p[1], p[2] + (FRAME_Z + .004 - p[2]) * (1 - (1 - t) ** 1.25)])
            return out
        right, left = skirt(points[j, -1], 1), skirt(points[j, 0], -1)
        rows.append(left[::-1] + points[j].tolist() + right)
    p = np.array(rows)
    n = p.shape[1]
    # the picture of holes keeps its scale: arc length along each row and column
    u = np.concatenate([np.zeros((nv + 1, 1)), np.cumsum(np.linalg.norm(np.diff(p, axis=1), axis=2), 1)], 1)
    u -= u[:, n // 2][:, None]
    v = np.concatenate([np.zeros((1, n)), np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=2), 0)], 0)
    v = np.repeat(v[:, n // 2][:, None], n, 1)
    faces = [[j * n + i, j * n + i + 1, (j + 1) * n + i + 1, (j + 1) * n + i] for j in range(nv) for i in range(n - 1)]
    m = Mesh(p.reshape(-1, 3), faces, uv=np.stack([u.ravel() / (PITCH * 8), v.ravel() / (PITCH * np.sqrt(3) * 4)], 1))
    if (m.normals()[:, 2]).mean() < 0:
        m.faces = [f[::-1] for f in m.faces]
    m.a['col'] = np.tile([.66, .76, .82], (len(m.p), 1))
    # the sheet's inner side, coarser: with it the strands between the holes have a thickness
    back = m.p - m.normals() * THICK
    js, is_ = [*range(0, nv, 2), nv], [*range(0, n - 1, 2), n - 1]
    new = {j * n + i: k for k, (j, i) in enumerate((j, i) for j in js for i in is_)}
    quads = [[new[a * n + c], new[a * n + d], new[b * n + d], new[b * n + c]] for a, b in zip(js, js[1:]) for c, d in zip(is_, is_[1:])]
    order = list(new)
    inner = Mesh(back[order], quads, uv=m.a['uv'][order], col=m.a['col'][order] * .55)
    if inner.normals()[:, 2].mean() > 0:
        inner.faces = [f[::-1] for f in inner.faces]
    return m, inner, p


def frame(edge):
    """A flat U on the board that the sheet's foot is welded to, with its latches."""
    left, right = edge[:, 0], edge[:, -1]
    line = np.concatenate([left, right[::-1]])
    top = edge[-1]
    path = np.concatenate([left[:-1], np.stack([np.linspace(left[-1][0], right[-1][0], 14), left[-1][1] + .104 * np.sin(np.linspace(0, np.pi, 14)) ** .55, np.full(14, left[-1][2])], 1), right[::-1][1:]])
    path[:, 2] = FRAME_Z
    t = np.gradient(path, axis=0)
    t /= np.linalg.norm(t, axis=1, keepdims=True)
    out = np.stack([-t[:, 1], t[:, 0], np.zeros(len(t))], 1)
    if (out[0] @ [1, 0, 0]) > 0:
        out = -out
    p, faces = [], []
    prof = [(-.009, 0), (-.009, .0045), (.020, .0045), (.0215, .003), (.0215, 0)]
    for a, o in zip(path, out):
        for s, z in prof:
            p.append(a + o * s + [0, 0, z])
    k = len(prof)
    for j in range(len(path) - 1):
        for i in range(k):
            a, b = j * k + i, j * k + (i + 1) % k
            faces.append([a, b, b + k, a + k])
    m = Mesh(p, faces)
    m.a['col'] = np.tile([.055, .16, .22], (len(p), 1))
    # latches: two a side and one at the crown
    n = len(path)
    for j in (4, 22, n // 2, n - 23, n - 5):
        a, o, tt = path[j], out[j], t[j]
        c = [a + o * (so * .011 + .012) + tt * st * .016 + [0, 0, z] for z in (.0045, .013) for so, st in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        q = [[0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7], [4, 5, 6, 7]]
        pp = np.concatenate([np.array(c)[f] for f in q])
        b = Mesh(pp, [[4 * f, 4 * f + 1, 4 * f + 2, 4 * f + 3] for f in range(5)], col=np.tile([.62, .30, .06], (len(pp), 1)))
        c0 = pp.mean(0)
        if (np.cross(pp[1] - pp[0], pp[2] - pp[0]) @ (pp[0] - c0)) < 0:
            b.faces = [f[::-1] for f in b.faces]
        m = m.join(b)
    return m


def holes(path, relief):
    """A sheet with a hexagonal pattern of holes: alpha is the plastic's, and a picture of normals rounds its strands."""
    w, h = 512, 444
    y, x = np.mgrid[0:h, 0:w]
    px, py = (x + .5) / w * 8, (y + .5) / h * 4 * np.sqrt(3)
    d = np.full((h, w), 9.0)
    for j in range(-1, 10):
        for i in range(-1, 10):
            cx, cy = i + .5 * (j % 2), j * np.sqrt(3) / 2
            d = np.minimum(d, np.hypot(px - cx, py - cy))
    r = HOLE / PITCH / 2
    a = np.clip((d - r) / .05 + .5, 0, 1)
    # the strand's section: round towards the hole
    q = np.clip((d - r) / (.577 - r), 0, 1)
    high = .16 * np.sqrt(np.clip(1 - (1 - np.minimum(q * 1.6, 1)) ** 2, 0, 1))
    rim = .72 + .28 * np.clip(q * 2.2, 0, 1)
    img = np.dstack([np.repeat(rim[..., None], 3, 2), a])
    Image.fromarray((img * 255 + .5).astype(np.uint8), 'RGBA').resize((512, 512), Image.LANCZOS).save(path, optimize=True)
    m = 8 / w
    gx, gy = (np.roll(high, -1, 1) - np.roll(high, 1, 1)) / (2 * m), (np.roll(high, -1, 0) - np.roll(high, 1, 0)) / (2 * m)
    k = np.dstack([-gx, gy, np.ones_like(high)])
    k /= np.linalg.norm(k, axis=2, keepdims=True)
    Image.fromarray(((k * .5 + .5) * 255 + .5).astype(np.uint8), 'RGB').resize((512, 512), Image.LANCZOS).save(relief, quality=88)


def plastic(image=None, relief=None):
    m = bpy.data.materials.new('mask' if image else 'mask_frame')
    m.use_nodes = True
    b = m.node_tree.nodes['Principled BSDF']
    n, link = m.node_tree.nodes, m.node_tree.links
    b.inputs['Roughness'].default_value = .38
    c = n.new('ShaderNodeVertexColor')
    c.layer_name = 'Col'
    if image:
        t = n.new('ShaderNodeTexImage')
        t.image = image
        x = n.new('ShaderNodeMix')
        x.data_type, x.blend_type = 'RGBA', 'MULTIPLY'
        x.inputs[0].default_value = 1
        link.new(t.outputs['Color'], x.inputs[6])
        link.new(c.outputs['Color'], x.inputs[7])
        link.new(x.outputs[2], b.inputs['Base Color'])
        link.new(t.outputs['Alpha'], b.inputs['Alpha'])
        raise_relief(n, link, b, relief)
        m.use_backface_culling = False
    else:
        link.new(c.outputs['Color'], b.inputs['Base Color'])
        m.use_backface_culling = True
    return m


def make(body, out):
    s, inner, rows = sheet(body)
    f = frame(rows)
    blockers = Mesh(body.v, G['body']).join(Mesh(f.p, f.faces))
    tree = BVHTree.FromPolygons(blockers.p.tolist(), blockers.faces)
    shade(s, tree, FRAME_Z, .10, .80)
    shade(f, tree, None, .10, .55)
    s = s.join(inner)
    pictures = []
    for name in ('mask_holes.png', 'mask_relief.jpg'):
        pictures.append(os.path.join(tempfile.gettempdir(), name))
    holes(*pictures)
    images = [bpy.data.images.load(p) for p in pictures]
    for img in images:
        img.pack()
    root = to_blender('mask', s, plastic(*images))
    to_blender('mask_frame', f, plastic()).parent = root
    print('mask', len(s.triangles()), len(f.triangles()), flush=True)
    export(os.path.join(out, 'mask.glb'))
